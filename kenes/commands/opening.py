"""What a command opens before it works: settings, profile and clock, and an up-to-date database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import click

from kenes.settings import Settings, SettingsError, load_settings
from policy.profile import Profile, ProfileError, load_profile, use_pinned_time_zones
from services.clock import Clock, ClockError, clock_from
from storage.database import Database

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Environment:
    """What every command starts from, checked."""

    settings: Settings
    profile: Profile
    clock: Clock


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


def read_environment() -> Environment:
    """Read settings, profile and clock; raises ClickException naming what is wrong."""
    try:
        settings = load_settings()
        use_pinned_time_zones()
        return Environment(settings, open_profile(settings.kenes_profile), clock_from(settings.kenes_clock))
    except (SettingsError, ProfileError, ClockError) as error:
        raise click.ClickException(str(error)) from None


def open_profile(path: Path | None) -> Profile:
    """Return the profile, checked also where it says what files call their columns; raises ProfileError."""
    from services.importing.columns import check_columns

    profile = load_profile(path)
    check_columns(profile.columns)
    return profile


def with_database(task: Callable[[Opened], Awaitable[Result]], environment: Environment | None = None) -> Result:
    """Bring the database up to date, run the task, close; raises ClickException as `read_environment` does."""
    from storage.migrations import migrate

    environment = environment or read_environment()
    settings = environment.settings
    migrate(settings.database_url)

    async def run() -> Result:
        async with Database.open(settings.database_url) as database:
            return await task(Opened(settings, environment.profile, environment.clock.now(), database))

    return asyncio.run(run())
