"""Jobs: what was being done when a process ended, and how often."""

from datetime import timedelta

from storage.database import Database
from storage.jobs import JobState
from tests.storage.examples import NOW, REGISTRAR


async def test_how_often_the_work_of_a_job_began_outlives_the_process(database: Database) -> None:
    async with database.write() as storage:
        number = await storage.jobs.begin(
            "look at file", {"upload": 1}, person_id=REGISTRAR.person_id, chat_id=1, message_id=None, at=NOW
        )
        await storage.commit()
    for begun in (1, 2):
        async with database.write() as storage:
            await storage.jobs.work_begins(number)
            await storage.commit()
        async with database.write() as storage:
            (job,) = await storage.jobs.take_over(since=None, at=NOW)
        assert (job.id, job.begun) == (number, begun)
    async with database.write() as storage:
        await storage.jobs.work_stopped(number)
        (job,) = await storage.jobs.take_over(since=None, at=NOW)
    assert job.begun == 1


async def test_a_job_of_the_folder_is_found_by_what_it_is_about_and_taken_over_by_nobody(database: Database) -> None:
    about = {"file": "marks.csv", "size": 7, "written": 2**62}
    async with database.write() as storage:
        number = await storage.jobs.begin("load export", about, person_id=None, chat_id=None, message_id=None, at=NOW)
        await storage.jobs.work_begins(number)
        assert await storage.jobs.of_nobody("load export", about) == (number, 1)
        assert await storage.jobs.of_nobody("load export", {**about, "size": 8}) is None
        assert await storage.jobs.of_nobody("look at file", about) is None
        assert await storage.jobs.take_over(since=None, at=NOW) == ()
        await storage.jobs.end(number, JobState.DONE, at=NOW)
        assert await storage.jobs.of_nobody("load export", about) is None


async def test_a_job_of_the_folder_that_never_ended_is_forgotten_with_the_others(database: Database) -> None:
    async with database.write() as storage:
        await storage.jobs.begin("load export", {}, person_id=None, chat_id=None, message_id=None, at=NOW)
        await storage.jobs.begin("load file", {}, person_id="T1", chat_id=1, message_id=None, at=NOW)
        assert await storage.jobs.drop_older_than(NOW) == 0
        assert await storage.jobs.drop_older_than(NOW + timedelta(seconds=1)) == 1
