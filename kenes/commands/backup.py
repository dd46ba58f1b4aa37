"""`kenes backup`, `kenes restore` and `kenes held`: everything in one archive, back again, and what was still owed."""

import asyncio
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click

from kenes.commands.bar import bar
from kenes.commands.opening import Environment, Opened, read_environment, with_database
from services.watching import BACKUP, BACKUP_FAILED
from storage.archive import ArchiveError, Manifest
from storage.database import Database
from storage.files import Files
from storage.holding import HeldError, holding
from storage.outbox import OwedState
from storage.records import Change
from storage.trouble import TroubleError
from storage.unit import Storage
from storage.written import written_whole


@click.command
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write everything into FILE, a ZIP archive readable to you only, while the bot runs.

    It holds one moment of all records, marks, messages owed, files that wait and documents of requests. FILE is
    replaced only by a whole one.
    """
    from storage.migrations import is_current

    environment = read_environment()
    try:
        if not is_current(environment.settings.database_url):
            raise click.ClickException(
                "No backup was made: DATABASE_URL is no database of this version of Kenes. Let its own version do it."
            )
        manifest = asyncio.run(_back_up(environment, file))
    except TroubleError as error:
        raise click.ClickException(f"No backup was made: {error}.") from None
    except (ArchiveError, OSError) as error:
        why = str(error) if isinstance(error, ArchiveError) else error.strerror or type(error).__name__
        raise click.ClickException(f"No backup was made: {why}.") from None
    size = file.stat().st_size / 1024**2
    documents = f"{len(manifest.files)} documents"
    click.echo(f"{manifest.rows} rows, {documents}, {size:.1f} MB: {file}. Whoever has this file has everybody's data.")
    if manifest.missing:
        folder = environment.settings.documents_folder
        click.echo(f"{len(manifest.missing)} documents were not in {folder} and are not in the backup.", err=True)


async def _back_up(environment: Environment, file: Path) -> Manifest:
    from storage.backup import back_up

    files = Files(environment.settings.documents_folder)
    url, began = environment.settings.database_url, environment.clock.now()
    try:
        with written_whole(file) as output, bar("Writing") as progress:
            manifest = await back_up(url, output, files=files, at=began, progress=progress)
    except BaseException as error:
        with suppress(Exception):  # what went wrong first is what is told
            await _keep(url, BACKUP_FAILED, environment.clock.now(), error=type(error).__name__)
        raise
    await _keep(url, BACKUP, began, rows=manifest.rows)
    return manifest


async def _keep(url: str, name: str, at: datetime, **detail: object) -> None:
    """Keep when a backup was made, or could not be: the bot tells the administrators when there is none."""
    async with Database.open(url) as database, database.write() as storage:
        await storage.pulse.beat(name, at=at, detail=detail)
        await storage.commit()


@click.command
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Forget what is in the database now.")
@click.option("--yes", is_flag=True, help="With --replace: do not ask.")
def restore(file: Path, *, replace: bool, yes: bool) -> None:
    """Put the backup FILE into DATABASE_URL, an empty database of either engine. Stop the bot first.

    Documents of requests go into KENES_DOCUMENTS. All of it is restored, or nothing: then what stood before stays.
    Messages that were owed and not yet sent are held: see `kenes held`.
    """
    from storage.restore import Unfinished
    from storage.restore import restore as put_back

    environment = read_environment()
    if replace and not yes:
        click.confirm("Everything that is in the database now will be forgotten. Go on?", abort=True)
    try:
        with holding(environment.settings.database_url), bar("Restoring") as progress:
            done = put_back(
                environment.settings.database_url,
                file,
                files=Files(environment.settings.documents_folder),
                replace=replace,
                at=environment.clock.now(),
                progress=progress,
            )
    except Unfinished as error:
        raise click.ClickException(f"{file}: {error}. All else is restored.") from None
    except ArchiveError as error:
        raise click.ClickException(f"{file}: {error}. Nothing was changed.") from None
    except TroubleError as error:
        raise click.ClickException(f"{str(error).capitalize()}. Nothing was changed.") from None
    except HeldError as error:
        raise click.ClickException(f"{error}: stop the bot first. Nothing was changed.") from None
    zone = environment.profile.university.zone
    made = datetime.fromisoformat(done.manifest.made_at).astimezone(zone)
    rows, documents = done.manifest.rows, len(done.manifest.files)
    click.echo(f"{rows} rows and {documents} documents as they were on {made:%d.%m.%Y at %H:%M:%S}.")
    if done.updates:
        click.echo(
            f"{done.updates} updates from people were not handled then: the bot will handle them when it starts."
        )
    if done.held:
        click.echo(f"{done.held} messages were owed and not sent yet. They are held: look at them with `kenes held`.")


@click.command
@click.option("--send", is_flag=True, help="Let them be sent.")
@click.option("--forget", is_flag=True, help="Let them never be sent.")
@click.option("--kind", "kinds", multiple=True, help="Only messages of this kind; can be given again.")
def held(*, send: bool, forget: bool, kinds: tuple[str, ...]) -> None:
    """Show the messages that a restore holds, and send or forget them.

    The backup does not know what was sent after it was made: some of these people may have theirs already.
    """
    if send and forget:
        raise click.UsageError("--send or --forget, not both.")

    async def decide(opened: Opened) -> None:
        async with opened.database.write() as storage:
            wanted = await _held(storage, kinds)
            done = await _end_holding(storage, list(wanted), opened.now, send=send)
        click.echo(f"{done} messages {'will be sent' if send else 'are forgotten'}.")

    async def show(opened: Opened) -> None:
        async with opened.database.read() as storage:
            wanted = await _held(storage, kinds)
        for kind, (number, oldest) in wanted.items():
            since = oldest.astimezone(opened.profile.university.zone)
            click.echo(f"{kind}: {number}, the oldest of {since:%d.%m.%Y %H:%M}")
        click.echo("`kenes held --send` or `--forget`, with --kind for some." if wanted else "Nothing is held.")

    with_database(decide if send or forget else show, reads=not (send or forget))


async def _held(storage: Storage, kinds: tuple[str, ...]) -> dict[str, tuple[int, datetime]]:
    """Return what is held of these kinds, or of all when none is named."""
    return {kind: told for kind, told in (await storage.outbox.held()).items() if not kinds or kind in kinds}


async def _end_holding(storage: Storage, kinds: list[str], now: datetime, *, send: bool) -> int:
    state = OwedState.WAITING if send else OwedState.WITHDRAWN
    done = await storage.outbox.end_holding(kinds, state)
    before, after = {"state": OwedState.HELD}, {"state": state}
    await storage.changes.record(Change("outbox", (kind,), before, after, "review", now) for kind in kinds)
    await storage.commit()
    return done
