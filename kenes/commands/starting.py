"""What `kenes run` does before it works: the records are held, looked at and brought up to date, or it says why not.

Whatever keeps it from starting is one line in the log. Administrators read it too, as far as the last run noted who
they are; once, and not at every try of a service manager.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from kenes.commands.opening import Environment
from policy.people import Language
from storage.holding import HeldError, Holding, holding
from storage.trouble import Trouble, TroubleError
from storage.witness import Loss, damage, last_known, losses, settle

TOLD_EVERY = timedelta(hours=12)

log = structlog.get_logger(__name__)


class StartError(Exception):
    """The bot cannot start; the text is one line. `trouble`: with storage, as administrators are told."""

    def __init__(self, says: str, trouble: Trouble | None = None, loss: Loss | None = None) -> None:
        """Say why."""
        super().__init__(says)
        self.trouble = trouble
        self.loss = loss


@contextmanager
def started(environment: Environment, token: str) -> Iterator[Holding]:
    """Hold the records for as long as this lasts, and note how it ended; exits 1 when the bot cannot start."""
    url = environment.settings.database_url
    try:
        with holding(url, notes=environment.settings.documents_folder.with_name("kenes-run")) as held:
            try:
                _prepare(environment, held)
                yield held
            except (StartError, TroubleError) as error:
                _tell(error, held, environment, token)
                raise
            with suppress(TroubleError):
                held.note(ended=True)
    except HeldError as error:
        log.error("cannot start", why=f"{error}: one process to a SQLite file, several need PostgreSQL")  # noqa: TRY400
        raise SystemExit(1) from None
    except (StartError, TroubleError) as error:
        log.error("cannot start", why=str(error))  # noqa: TRY400 - one line
        raise SystemExit(1) from None


def _prepare(environment: Environment, held: Holding) -> None:
    """Look at the files and migrate; raises StartError for files that are no use, TroubleError."""
    from storage.migrations import migrate

    url, now = environment.settings.database_url, environment.clock.now()
    path = environment.settings.records_file
    if path is not None:
        _look(path, held)
    migrate(url)
    if path is not None:
        _keep_private(path)
    lost = losses(url)
    for loss in lost:
        log.error("records are missing", file=loss.file, last_update=loss.update_id, at=loss.at and loss.at.isoformat())
    if lost:
        settle(url, lost, at=now)
    held.note(pid=os.getpid(), ended=False, database=_identity(path), told=None)


def _look(path: Path, held: Holding) -> None:
    """Refuse to begin with a database that is gone or damaged; one that was left in order is not read through."""
    inbox = Path(f"{path}-inbox")
    if not path.exists():
        if inbox.exists():
            says = (
                f"{path} is not there, and {inbox} says that it was: put it back, restore a backup, or move both away"
            )
            raise StartError(says, Trouble.LOST, Loss(path.name, *last_known(inbox)))
        return
    same = held.notes.get("database") == _identity(path)
    if held.notes.get("ended") and same:
        return
    closely = not same or not Path(f"{path}-wal").exists()
    for each in (path, inbox):
        if wrong := damage(each, closely=closely):
            loss = Loss(each.name, *last_known(each))
            knows = f"the last update it knows is {loss.update_id}" if loss.update_id else "it knows no update"
            raise StartError(f"{each} is damaged ({wrong}); {knows}. Restore a backup", Trouble.DAMAGED, loss)


def _keep_private(path: Path) -> None:
    """Let nobody else read the records; a folder that is not the default one may not be ours alone."""
    those = [*path.parent.glob(f"{path.name}*")]
    if path.parent == Path("var"):
        those.append(path.parent)
    for each in those:
        with suppress(OSError):  # `kenes doctor` says what stays open
            if (mode := each.stat().st_mode) & 0o077:
                each.chmod(mode & 0o700)


def _identity(path: Path | None) -> list[int] | None:
    """Return which file there is."""
    if path is None or not path.exists():
        return None
    found = path.stat()
    return [found.st_dev, found.st_ino]


def _tell(error: StartError | TroubleError, held: Holding, environment: Environment, token: str) -> None:
    """Tell the administrators who were noted, unless they were told; only what can be noted is told."""
    now = environment.clock.now()
    told = held.notes.get("told")
    chats = {int(chat): Language(language) for chat, language in held.notes.get("administrators", {}).items()}
    again = told and told["what"] == str(error) and now - datetime.fromisoformat(told["at"]) < TOLD_EVERY
    if not held.lasting or not chats or again:
        return
    with suppress(TroubleError):
        held.note(told={"what": str(error), "at": now.isoformat()})
        asyncio.run(_say(chats, error, environment, token))


async def _say(
    chats: dict[int, Language], error: StartError | TroubleError, environment: Environment, token: str
) -> None:
    from bot.administrators import tell
    from bot.app import make_bot
    from bot.delivery.pacing import Pace
    from bot.i18n import load_texts
    from bot.screens.alerts import cannot_start, storage_alert

    bot = make_bot(token, environment.settings.bot_api_url, Pace())
    try:
        voices = load_texts(environment.profile.university.zone)
        trouble, loss = error.trouble, error.loss if isinstance(error, StartError) else None
        if trouble is None:
            await tell(bot, chats, voices, partial(cannot_start, why=str(error)))
        else:
            shown = partial(storage_alert, trouble=trouble, since=environment.clock.now(), loss=loss)
            await tell(bot, chats, voices, shown)
    finally:
        await bot.session.close()
