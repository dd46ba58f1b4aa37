"""What a command opens before it works: settings, profile and clock, and an up-to-date database."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import click

from kenes.settings import Settings, SettingsError, load_settings
from policy.profile import Profile, ProfileError, load_profile, use_pinned_time_zones
from services.clock import Clock, ClockError, clock_from
from storage.database import Database
from storage.trouble import TroubleError

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


def with_database(
    task: Callable[[Opened], Awaitable[Result]], environment: Environment | None = None, *, reads: bool = False
) -> Result:
    """Bring the database up to date, run the task, close; raises ClickException as `read_environment` does.

    One that only `reads` is given what there is: it makes no database and changes none.
    """
    from storage.migrations import migrate

    environment = environment or read_environment()
    url = environment.settings.database_url
    with in_a_line():
        if reads:
            _refuse_what_is_not_current(url)
        else:
            migrate(url)
        return asyncio.run(_do(task, environment, url))


def with_none(task: Callable[[Opened], Awaitable[Result]], environment: Environment) -> Result:
    """Run a task over records that are empty, and forgotten then."""
    from storage.migrations import migrate

    with TemporaryDirectory() as folder, in_a_line():
        url = f"sqlite+aiosqlite:///{folder}/kenes.db"
        migrate(url)
        return asyncio.run(_do(task, environment, url))


async def _do(task: Callable[[Opened], Awaitable[Result]], environment: Environment, url: str) -> Result:
    async with Database.open(url) as database:
        return await task(Opened(environment.settings, environment.profile, environment.clock.now(), database))


def _refuse_what_is_not_current(url: str) -> None:
    from storage.migrations import is_current, is_there

    if not is_there(url):
        raise click.ClickException(
            "There is no database where DATABASE_URL says. `kenes run` and `kenes import` make one."
        )
    if not is_current(url):
        raise click.ClickException(
            "The database is not of this version of Kenes. `kenes run` and `kenes import` bring it up to date."
        )


@contextmanager
def in_a_line() -> Iterator[None]:
    """Say in one line that storage does not work; raises ClickException."""
    try:
        yield
    except TroubleError as error:
        raise click.ClickException(f"{str(error).capitalize()}. Nothing more was done; see `kenes doctor`.") from None
