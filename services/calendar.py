"""The university's working days: the state's from a kept library, the university's own from its files."""

from datetime import date

from policy.calendar import Calendar
from policy.profile import Profile
from storage.holidays import seed_public_days
from storage.unit import Storage

YEARS_BACK = 5  # as far as a student's own deadlines reach
YEARS_AHEAD = 2


async def calendar_of(storage: Storage, *, profile: Profile) -> Calendar:
    """Return the working days as they are known now; what the university says about a day overrules the state."""
    university = profile.university
    return Calendar(university.zone, university.working_week, await storage.calendar.days())


async def renew_public_days(storage: Storage, *, today: date, working_week: int = 5) -> None:
    """Put the state's days of the years around today, as a working week has them, into the calendar.

    The caller commits.
    """
    years = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
    await seed_public_days(storage, years, working_week=working_week)
