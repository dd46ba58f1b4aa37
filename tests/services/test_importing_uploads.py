"""Files that wait for Confirm: loaded as they were shown, once."""

from datetime import UTC, datetime, timedelta

from policy.profile import load_profile
from services.importing import Imported, Kind, Preview, Stale, fingerprint, load_upload, preview
from storage.database import Database
from storage.records import Person
from tests.storage.examples import REGISTRAR

NOW = datetime(2026, 1, 15, 5, tzinfo=UTC)
PROFILE = load_profile(None)
DAYS = b"date,working,name\n2026-01-24,yes,Saturday\n"


async def waiting(database: Database, registrar: Person = REGISTRAR) -> int:
    async with database.write() as storage:
        await storage.people.save([registrar])
        number = await storage.uploads.keep(
            user_id=1, person_id=registrar.person_id, kind="days", file_name="days.csv", content=DAYS, sent_at=NOW
        )
        await storage.commit()
    return number


async def shown(database: Database, content: bytes = DAYS, at: datetime = NOW) -> Preview:
    async with database.read() as storage:
        return await preview(storage, kind=Kind.DAYS, source=content, file_name="days.csv", profile=PROFILE, now=at)


async def load(database: Database, number: int, what: Preview) -> Imported | Stale | None:
    async with database.write() as storage:
        return await load_upload(storage, number, what, now=NOW, actor=REGISTRAR.person_id)


async def test_a_file_is_loaded_once_and_forgotten(database: Database) -> None:
    number, what = await waiting(database), await shown(database)
    assert isinstance(await load(database, number, what), Imported)
    assert await load(database, number, what) is None
    async with database.read() as storage:
        assert await storage.uploads.by_id(number) is None
        assert len(await storage.imports.latest()) == 1


async def test_a_file_whose_records_have_changed_still_waits(database: Database) -> None:
    first, what = await waiting(database), await shown(database)
    other = await shown(database, DAYS.replace(b"Saturday", b"Sabbath"))
    assert isinstance(await load(database, await waiting(database), other), Imported)
    assert isinstance(await load(database, first, what), Stale)
    async with database.read() as storage:
        assert await storage.uploads.by_id(first)


async def test_a_fingerprint_tells_what_would_be_done_and_not_when_it_was_asked(database: Database) -> None:
    now, later = await shown(database), await shown(database, at=NOW + timedelta(hours=1))
    other = await shown(database, DAYS.replace(b"Saturday", b"Sabbath"))
    refused = await shown(database, DAYS.replace(b"yes", b"maybe"))
    assert fingerprint(now) == fingerprint(later)
    assert len({fingerprint(now), fingerprint(other), fingerprint(refused)}) == 3
