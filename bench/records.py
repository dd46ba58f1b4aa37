"""A database filled for a measurement, through the same code as `kenes import`."""

from datetime import UTC, datetime
from pathlib import Path

from bench.university import (
    MARK_COLUMNS,
    PERIOD_COLUMNS,
    STUDENT_COLUMNS,
    mark_rows,
    period_rows,
    student_rows,
    write_csv,
)
from policy.profile import Profile
from services.importing import Kind, apply, preview
from storage.database import Database
from storage.unit import Storage

NOW = datetime(2026, 9, 10, 5, tzinfo=UTC)  # nobody is told of marks so old
FIRST_USER = 1_000_001


async def fill(database: Database, folder: Path, profile: Profile, *, students: int, courses: int) -> None:
    """Load students with their marks, and link each to the Telegram account FIRST_USER + their number."""
    files = (
        (Kind.STUDENTS, STUDENT_COLUMNS, student_rows(students)),
        (Kind.CALENDAR, PERIOD_COLUMNS, period_rows()),
        (Kind.MARKS, MARK_COLUMNS, mark_rows(students, courses=courses)),
    )
    async with database.write() as storage:
        for kind, columns, rows in files:
            if not (kind is Kind.MARKS and courses == 0):
                path = folder / f"{kind}.csv"
                write_csv(path, columns, rows)
                await load(storage, kind, path, profile)
        for number, student_id in enumerate(sorted(await storage.students.all_ids())):
            await storage.accounts.link(FIRST_USER + number, student_id, at=NOW, consent_version="bench")
        await storage.commit()


async def load(storage: Storage, kind: Kind, path: Path, profile: Profile) -> None:
    """Load one file; raises RuntimeError when it is refused."""
    seen = await preview(storage, kind=kind, source=path, file_name=path.name, profile=profile, now=NOW)
    if seen.refused:
        raise RuntimeError(f"{path}: {seen.refusals[0]}")
    await apply(storage, seen, now=NOW, actor=None)
