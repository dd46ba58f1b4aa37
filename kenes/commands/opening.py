"""What a command opens before it works on the records: settings, profile, clock and an up-to-date database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

import click

from kenes.settings import Settings, SettingsError, load_settings
from policy.profile import Profile, ProfileError, load_profile, use_pinned_time_zones
from services.clock import ClockError, clock_from
from storage.database import Database

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a command works with; `now` is the instant it began."""

    settings: Settings
    profile: Profile
    now: datetime
    database: Database

    @property
    def today(self) -> date:
        """The university's date."""
        return self.now.astimezone(self.profile.university.zone).date()


def with_database(task: Callable[[Opened], Awaitable[Result]]) -> Result:
    """Open everything, run the task, close; raises ClickException when the environment or the profile is wrong."""
    from storage.migrations import migrate

    try:
        settings = load_settings()
        use_pinned_time_zones()
        profile = load_profile(settings.kenes_profile)
        now = clock_from(settings.kenes_clock).now()
    except (SettingsError, ProfileError, ClockError) as error:
        raise click.ClickException(str(error)) from None
    migrate(settings.database_url)

    async def run() -> Result:
        async with Database.open(settings.database_url) as database:
            return await task(Opened(settings, profile, now, database))

    return asyncio.run(run())
