"""Reading of imports: which of those that were loaded somebody of the office meets."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from policy.profile import Profile
from policy.reading import ReadingRefusal, plays, reach
from services.attempts import note
from services.importing.columns import Kind
from services.links import OFFICE
from storage.records import Import
from storage.unit import Storage

OBJECT = "import"  # in the history
LOOKED_THROUGH = 50  # imports, for the latest that somebody may read
_NOBODYS: Final = frozenset({Kind.CALENDAR, Kind.DAYS, Kind.EXAMS})


async def imports_for(storage: Storage, *, by: str, limit: int, now: datetime, profile: Profile) -> tuple[Import, ...]:
    """Return the latest imports that are for somebody of the office, newest first."""
    those = await storage.imports.latest(limit=LOOKED_THROUGH)
    return tuple(await _readable(storage, those, by=by, limit=limit, now=now, profile=profile))


async def import_for(storage: Storage, number: int, *, by: str, now: datetime, profile: Profile) -> Import | None:
    """Return an import that is for somebody of the office; that they tried another one is noted."""
    done = await storage.imports.by_id(number)
    if done is None:
        return None
    if await _readable(storage, [done], by=by, limit=1, now=now, profile=profile):
        return done
    note(ReadingRefusal.OTHER_INSTITUTE, OBJECT, number, by=by, cause=OBJECT, now=now)
    return None


async def _readable(
    storage: Storage, those: Iterable[Import], *, by: str, limit: int, now: datetime, profile: Profile
) -> list[Import]:
    """Return the first of these that one loaded oneself, that speak of nobody, or whose people are all within reach."""
    grants = await storage.roles.of_person(by)
    day = now.astimezone(profile.university.zone).date()
    if not plays(grants, OFFICE, on=day):
        return []
    within = reach(grants, OFFICE, on=day)
    found: list[Import] = []
    for done in those:
        if len(found) == limit:
            break
        theirs = within is None or done.actor == by or Kind(done.kind) in _NOBODYS
        if theirs or not await storage.changes.concerns_others(OBJECT, done.id, within or ()):
            found.append(done)
    return found
