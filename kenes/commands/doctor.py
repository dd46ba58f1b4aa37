"""`kenes doctor`: whether everything a bot stands on is in order, and what to do where it is not."""

import asyncio
import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kenes.bot_api import BotApiError, call
from kenes.commands.opening import open_profile
from kenes.settings import DOTENV, Settings, SettingsError, load_settings
from policy.profile import Profile, ProfileError, use_pinned_time_zones
from services.clock import Clock, ClockError, WallClock, clock_from
from services.watching import DISK_WARNING

if TYPE_CHECKING:
    from services.motions.enough import Short

SKEW_ALLOWED = timedelta(seconds=2)
NAMED = 10  # of what is written in two ways
PERIODS = 100  # whose groups are looked at
DISK_NEEDED = 100 * 1024**2
LOST_SHOWN = timedelta(days=30)


class Health(StrEnum):
    """How a check ended; only BAD makes the command fail."""

    GOOD = "ok"
    DOUBTFUL = "warn"
    BAD = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and what to do about it."""

    health: Health
    says: str


@dataclass(frozen=True, slots=True)
class Patient:
    """What the checks look at."""

    settings: Settings
    profile: Profile
    clock: Clock


@click.command
def doctor() -> None:
    """Check settings, token, database, profile, holidays, time, disk, folders, ports, who may read what, and more.

    More: people for what takes two, names written in two ways. Changes nothing. Exit status 1 when something is bad.
    """
    healthy = True
    for name, finding in examine():
        click.echo(f"{finding.health:<5} {name}: {finding.says}")
        healthy = healthy and finding.health is not Health.BAD
    raise SystemExit(0 if healthy else 1)


def examine() -> Iterator[tuple[str, Finding]]:
    """Yield every check's name and finding; what rests on a failed check is not reached."""
    try:
        settings = load_settings()
    except SettingsError as error:
        yield "settings", Finding(Health.BAD, str(error))
        return
    yield "settings", Finding(Health.GOOD, f"Bot API at {settings.bot_api_url}")
    yield "time zone", (zones := _time_zone())
    if zones.health is Health.BAD:
        return
    try:
        patient = Patient(settings, open_profile(settings.kenes_profile), clock_from(settings.kenes_clock))
    except ProfileError as error:
        yield "profile", Finding(Health.BAD, str(error))
        return
    except ClockError as error:
        yield "clock", Finding(Health.BAD, str(error))
        return
    where = settings.kenes_profile or "the default one"
    yield "profile", Finding(Health.GOOD, f"{where}, {patient.profile.university.name.ru}")
    for name, check in CHECKS.items():
        yield name, _made(check, patient)


def _made(check: Callable[[Patient], Finding], patient: Patient) -> Finding:
    """Make a check; one that storage cuts short has found that."""
    from storage.trouble import TroubleError

    try:
        return check(patient)
    except TroubleError as error:
        return Finding(Health.BAD, f"{error}.")


def _time_zone() -> Finding:
    try:
        use_pinned_time_zones()
    except RuntimeError as error:
        return Finding(Health.BAD, f"{error}. Install the pinned tzdata: make run does.")
    return Finding(Health.GOOD, "Almaty is at UTC+5, from the pinned tzdata")


def _token(patient: Patient) -> Finding:
    """Ask the server who the bot is; the answer's date also tells how far the clocks are apart."""
    try:
        sent = patient.clock.now()
        answer = call(patient.settings, "getMe")
        received = patient.clock.now()
    except SettingsError as error:
        return Finding(Health.BAD, str(error))
    except BotApiError as error:
        return Finding(Health.BAD, f"{error}. Is the token right, is the server reachable?")
    name = answer.result.get("username")
    skew = _skew(patient, answer.date, sent, received)
    if skew > SKEW_ALLOWED:
        seconds = skew.total_seconds()
        return Finding(
            Health.BAD, f"@{name}, but the clocks are {seconds:.0f} s apart. Deadlines need right time: NTP."
        )
    return Finding(Health.GOOD, f"@{name}, clocks agree" if answer.date else f"@{name}, the server tells no time")


def _skew(patient: Patient, told: datetime | None, sent: datetime, received: datetime) -> timedelta:
    """Return how far the server's time is outside the time of the call; a moved clock is not compared."""
    if told is None or not isinstance(patient.clock, WallClock):
        return timedelta()
    return max(sent.replace(microsecond=0) - told, told - received, timedelta())


def _database(patient: Patient) -> Finding:
    from storage.migrations import is_current
    from storage.trouble import TroubleError

    url, file = patient.settings.database_url, patient.settings.records_file
    if file and not file.exists() and Path(f"{file}-inbox").exists():
        return Finding(Health.BAD, f"{file} is not there, and {file}-inbox says that it was. Put it back, or restore.")
    if file and file.exists() and not all(os.access(each, os.W_OK, effective_ids=True) for each in (file, file.parent)):
        return Finding(Health.BAD, f"{file} cannot be written to: whose is it, is the disk read-only?")
    try:
        current = is_current(url)
    except TroubleError as error:
        return Finding(Health.BAD, f"{error}. Is DATABASE_URL right, does the server run?")
    except ValueError as error:
        return Finding(Health.BAD, f"DATABASE_URL: {error}")
    if not current:
        return Finding(Health.DOUBTFUL, "not there yet or behind; kenes run and kenes import bring it up to date")
    if not file and asyncio.run(_only_reads(url)):
        return Finding(Health.BAD, "the server takes no writes: it is a standby, or was told so.")
    return Finding(Health.GOOD, "opens, migrations are up to date")


async def _only_reads(database_url: str) -> bool:
    from storage.database import Database
    from storage.outbox import AT_ANY_TIME
    from storage.trouble import Trouble, TroubleError

    async with Database.open(database_url) as database, database.write(briefly=True) as storage:
        try:
            await storage.handled.drop_older_than(AT_ANY_TIME)  # nothing is so old, and nothing is kept
        except TroubleError as error:
            if error.trouble is Trouble.READ_ONLY:
                return True
            raise
    return False


def _records(patient: Patient) -> Finding:
    """Tell what is missing in the records, as the last start found it or the next one will."""
    from storage.migrations import is_current
    from storage.witness import losses

    url = patient.settings.database_url
    if not is_current(url):
        return Finding(Health.GOOD, "there are none yet")
    lost = [(loss.file, loss.update_id, loss.at and loss.at.isoformat()) for loss in losses(url)]
    noted = asyncio.run(_lost(url, patient.clock.now() - LOST_SHOWN))
    told = [
        f"{file} is older than it was"
        + (f", the last update it knows is {update} of {at}" if update is not None else "")
        for file, update, at in dict.fromkeys([*lost, *noted])
    ]
    if told:
        return Finding(Health.BAD, f"{'; '.join(told)}. What came later is lost; see `kenes held`.")
    return Finding(Health.GOOD, "nothing is known to be missing")


async def _lost(database_url: str, since: datetime) -> list[tuple[str, int | None, str | None]]:
    from storage.database import Database
    from storage.witness import LOST

    async with Database.open(database_url) as database, database.read() as storage:
        noted = (await storage.pulse.like(LOST)).values()
    return [
        (beat.detail["file"], beat.detail["update"], beat.detail["at"])
        for beat in noted
        if beat.detail and beat.at > since
    ]


def _private(patient: Patient) -> Finding:
    """Tell what others on this machine may read: a token, or everybody's marks."""
    settings = patient.settings
    those = [Path(DOTENV), settings.documents_folder]
    if file := settings.records_file:
        those += [*file.parent.glob(f"{file.name}*"), *_own_folder(file)]
    readable = [each for each in dict.fromkeys(those) if each.exists() and each.stat().st_mode & 0o077]
    if readable:
        named = " ".join(map(str, readable))
        return Finding(Health.BAD, f"others on this machine may read {named}: chmod go= {named}")
    return Finding(Health.GOOD, "what is stored is readable to its owner only")


def _own_folder(file: Path) -> Iterator[Path]:
    """Give the folder of the records, if it is nothing else besides."""
    folder = file.parent.absolute()
    if file.exists() and folder not in {Path.cwd(), *Path.cwd().parents}:
        about = folder.stat()
        if about.st_uid == file.stat().st_uid and not about.st_mode & stat.S_ISVTX:
            yield file.parent


def _ports(patient: Patient) -> Finding:
    """Tell whether the ports can be had, where the bot does not have them."""
    settings = patient.settings
    wanted = [("KENES_METRICS_PORT", "127.0.0.1", settings.kenes_metrics_port)]
    if settings.webhook_url:
        wanted.append(("WEBHOOK_PORT", settings.webhook_listen, settings.webhook_port))
    taken = [f"{name}={port}: {why}" for name, host, port in wanted if port and (why := _not_free(host, port))]
    if not taken:
        return Finding(Health.GOOD, "free, or none is wanted")
    return Finding(Health.DOUBTFUL, f"{'; '.join(taken)}. That is as it should be while the bot runs.")


def _not_free(host: str, port: int) -> str | None:
    try:
        with socket.create_server((host, port)):
            return None
    except OSError as error:
        return error.strerror or type(error).__name__


def _holidays(patient: Patient) -> Finding:
    """Tell whether the calendar has the state's days of this year and the next."""
    from storage.migrations import is_current

    if not is_current(patient.settings.database_url):
        return Finding(Health.DOUBTFUL, "not known yet: kenes run puts them in")
    years = asyncio.run(_years_with_holidays(patient.settings.database_url))
    this_year = patient.clock.now().astimezone(patient.profile.university.zone).year
    missing = [str(year) for year in (this_year, this_year + 1) if year not in years]
    if missing:
        return Finding(Health.DOUBTFUL, f"none for {', '.join(missing)}: kenes run puts them in")
    return Finding(Health.GOOD, f"known for {this_year} and {this_year + 1}; the government's transfers come by import")


async def _years_with_holidays(database_url: str) -> set[int]:
    from policy.calendar import DaySource
    from storage.database import Database

    async with Database.open(database_url) as database, database.read() as storage:
        return {day.year for day in await storage.calendar.days_by(DaySource.STATE)}


ACTS = {
    "correction": "correcting a posted mark",
    "undo": "taking an import of marks back",
    "unlock": "undoing the lock of a sheet",
    "role": "giving and taking roles",
    "load": "loading a staff file",
    "decision": "deciding an appeal",
}


def _two_people(patient: Patient) -> Finding:
    """Tell for which acts that nobody does alone there are no two people linked to the bot."""
    from storage.migrations import is_current

    if not is_current(patient.settings.database_url):
        return Finding(Health.DOUBTFUL, "not known yet: nobody is in the records")
    short = asyncio.run(_short_of_people(patient))
    if not short:
        return Finding(Health.GOOD, "there are two for every act that nobody does alone")
    said = "; ".join(
        f"{ACTS[each.act]}{f' in {each.scope}' if each.scope else ''} (people: {each.people})" for each in short
    )
    return Finding(
        Health.DOUBTFUL, f"too few who hold the roles and are linked: {said}. See kenes grant, kenes invite."
    )


async def _short_of_people(patient: Patient) -> "tuple[Short, ...]":
    from services.motions.enough import short_of_people
    from storage.database import Database

    today = patient.clock.now().astimezone(patient.profile.university.zone).date()
    async with Database.open(patient.settings.database_url) as database, database.read() as storage:
        return await short_of_people(storage, on=today, profile=patient.profile)


def _spellings(patient: Patient) -> Finding:
    """Tell whether a course, a group or an institute is written in two ways: marks and timetable of it do not meet."""
    from storage.migrations import is_current

    if not is_current(patient.settings.database_url):
        return Finding(Health.DOUBTFUL, "not known yet: kenes run brings the database up to date")
    twice = asyncio.run(_written_twice(patient.settings.database_url))
    if not twice:
        return Finding(Health.GOOD, "every course, group and institute is written in one way")
    said = ", ".join(" = ".join(each) for each in twice[:NAMED]) + (" …" if len(twice) > NAMED else "")
    return Finding(Health.DOUBTFUL, f"written in two ways: {said}. Take back (kenes undo) the import that brought one.")


async def _written_twice(database_url: str) -> list[list[str]]:
    from services.importing.spelling import Spellings
    from storage.database import Database

    async with Database.open(database_url) as database, database.read() as storage:
        names = storage.spellings
        everything = (
            await names.of_courses(),
            await names.of_groups(await storage.sheets.periods(limit=PERIODS)),
            await names.of_institutes(),
            await names.of_degree_programmes(),
        )
    return [each for tiers in everything for each in Spellings([frozenset().union(*tiers)]).twice()]


def _disk(patient: Patient) -> Finding:
    folder = _nearest(patient.settings.records_folder or Path("var"))
    free = shutil.disk_usage(folder).free
    said = f"{free / 1024**3:.1f} GB free in {folder}"
    if free < DISK_NEEDED:
        return Finding(Health.BAD, f"{said}. The database will stop taking marks: make room.")
    return Finding(Health.DOUBTFUL if free < DISK_WARNING else Health.GOOD, said)


def _import_folder(patient: Patient) -> Finding:
    folder = patient.settings.kenes_import_dir
    if folder is None:
        return Finding(Health.GOOD, "none is watched: KENES_IMPORT_DIR is not set")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(Health.BAD, f"{folder} cannot be read and written: files are moved away once they are loaded.")
    return Finding(Health.GOOD, f"{folder} is watched")


def _documents(patient: Patient) -> Finding:
    folder = patient.settings.documents_folder
    place = _nearest(folder)
    if not place.is_dir() or not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return Finding(Health.BAD, f"{place} cannot be read and written: KENES_DOCUMENTS is where requests' papers go.")
    return Finding(Health.GOOD, f"kept in {folder}")


def _nearest(folder: Path) -> Path:
    """Return the folder, or the closest one above it that exists."""
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())


CHECKS: dict[str, Callable[[Patient], Finding]] = {
    "token": _token,
    "database": _database,
    "records": _records,
    "privacy": _private,
    "ports": _ports,
    "holidays": _holidays,
    "two people": _two_people,
    "spellings": _spellings,
    "disk": _disk,
    "import folder": _import_folder,
    "documents": _documents,
}
