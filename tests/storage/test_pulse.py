"""The pulse: the last time of each thing, and one turn for all processes."""

from datetime import timedelta

from storage.database import Database
from storage.pulse import Beat
from tests.storage.examples import NOW

HOUR = timedelta(hours=1)


async def test_only_the_last_time_is_kept(database: Database) -> None:
    async with database.write() as storage:
        assert await storage.pulse.last("backup") is None
        await storage.pulse.beat("backup", at=NOW, detail={"bytes": 1})
        await storage.pulse.beat("backup", at=NOW + HOUR, detail={"bytes": 2})
        await storage.pulse.beat("import:marks", at=NOW)
        await storage.commit()
    async with database.read() as storage:
        assert await storage.pulse.last("backup") == Beat(NOW + HOUR, {"bytes": 2})
        assert await storage.pulse.like("import:") == {"import:marks": Beat(NOW, None)}


async def test_a_turn_is_taken_once_in_its_time(database: Database) -> None:
    async with database.write() as storage:
        assert await storage.pulse.take_turn("alert:disk", at=NOW, every=HOUR)
        assert not await storage.pulse.take_turn("alert:disk", at=NOW + timedelta(minutes=59), every=HOUR)
        assert await storage.pulse.take_turn("alert:disk", at=NOW + HOUR, every=HOUR)
        assert not await storage.pulse.take_turn("alert:disk", at=NOW + HOUR, every=HOUR)
        assert await storage.pulse.take_turn("alert:import", at=NOW, every=HOUR)
        await storage.commit()
