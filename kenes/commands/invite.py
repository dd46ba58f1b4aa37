"""`kenes invite`: one-time invitations as a table of links and as a printable sheet of QR cards."""

import asyncio
import csv
import io
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from kenes.bot_api import BotApiError, call
from kenes.commands.opening import Opened, read_environment, with_database
from kenes.settings import Settings, SettingsError
from services.accounts import release as release_link
from services.invitations import Card, staff_to_invite, students_to_invite, without_account
from services.invitations import invite as make_invitations
from storage.unit import Storage

Result = TypeVar("Result")

CARDS_IN_A_FILE = 800  # a hundred pages; see `services.papers.invitation_sheet` for what more would take
PROGRESS_AFTER_SECONDS = 2
COLUMNS = ("person_id", "surname", "given_name", "patronymic", "group", "link")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to invite: students (of these groups, if any), these people, or else the staff."""

    students: bool
    groups: tuple[str, ...]
    person_ids: tuple[str, ...]
    release: bool


@click.command
@click.option("--students", is_flag=True, help="All students who are not linked yet.")
@click.option("--group", "groups", multiple=True, help="With --students: only those of this group; may be repeated.")
@click.option("--staff", is_flag=True, help="Everybody else who holds a role and is not linked yet.")
@click.option("--person", "person_ids", multiple=True, help="One person by id, linked or not; may be repeated.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), required=True, help="Where to write the links.")
@click.option("--pdf", "pdf_file", type=click.Path(path_type=Path), help="Where to write QR cards to cut out.")
@click.option("--bot", "bot_name", help="The bot's username; asked from BOT_API_URL when left out.")
@click.option("--release", is_flag=True, help="With --person: also take away the Telegram account they are linked to.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
def invite(
    *,
    students: bool,
    groups: tuple[str, ...],
    staff: bool,
    person_ids: tuple[str, ...],
    csv_file: Path,
    pdf_file: Path | None,
    bot_name: str | None,
    release: bool,
    overwrite: bool,
) -> None:
    """Make one-time invitations: whoever opens such a link is that person.

    A new invitation makes the person's older one useless. The files are readable by their owner only: hand them out,
    then delete them.
    """
    if students + staff + bool(person_ids) != 1:
        raise click.UsageError("Choose one of --students, --staff and --person.")
    if groups and not students:
        raise click.UsageError("--group goes with --students.")
    if release and not person_ids:
        raise click.UsageError("--release goes with --person.")
    if csv_file == pdf_file:
        raise click.UsageError("--csv and --pdf name the same file.")
    wanted = Wanted(students, groups, person_ids, release=release)
    _refuse_what_is_there([file for file in (csv_file, pdf_file) if file], overwrite=overwrite)
    environment = read_environment()
    bot = bot_name.lstrip("@") if bot_name else _username(environment.settings)

    async def task(opened: Opened) -> None:
        async with opened.database.write() as storage:
            chosen, linked = await _choose(storage, opened, wanted)
            if not chosen:
                raise click.ClickException(f"Nobody to invite{_skipped(linked)}. Nothing was written.")
            cards = await make_invitations(
                storage, person_ids=chosen, actor=None, now=opened.now, profile=opened.profile
            )
            sheets = _parts(cards, pdf_file) if pdf_file else {}
            _refuse_what_is_there([csv_file, *sheets], overwrite=overwrite)
            with _written_beside(csv_file, _table(cards, bot)) as draft:
                await storage.commit()
                draft.replace(csv_file)
        click.echo(
            f"{len(cards)} invitations, good to the end of {cards[0].last_day}{_skipped(linked)}: {csv_file}. "
            "Older invitations of these people no longer work."
        )
        await _draw(sheets, len(cards), bot)

    with_database(task, environment)


async def _choose(storage: Storage, opened: Opened, wanted: Wanted) -> tuple[tuple[str, ...], int]:
    """Return whom to invite, and how many were left out as linked; raises ClickException for a stranger."""
    if wanted.person_ids:
        known = await storage.people.by_ids(wanted.person_ids)
        strangers = ", ".join(person_id for person_id in wanted.person_ids if person_id not in known)
        if strangers:
            raise click.ClickException(
                f"Not in the records: {strangers}. Nothing was written. Import them first, or look the id up."
            )
        if wanted.release:
            for person_id in wanted.person_ids:
                await release_link(storage, person_id=person_id, actor=None, now=opened.now)
        return wanted.person_ids, 0
    if wanted.students:
        everybody = await students_to_invite(storage, groups=wanted.groups)
    else:
        everybody = await staff_to_invite(storage, on=opened.today)
    chosen = await without_account(storage, everybody)
    return chosen, len(everybody) - len(chosen)


def _skipped(linked: int) -> str:
    return f" ({linked} linked already, left out)" if linked else ""


def _username(settings: Settings) -> str:
    """Ask the Bot API what the bot is called; raises ClickException when it cannot be told."""
    try:
        return str(call(settings, "getMe").result["username"])
    except (BotApiError, SettingsError, KeyError, TypeError) as error:
        raise click.ClickException(
            f"The bot's username is not known: {error}. Nothing was written. Try again, or give it: --bot NAME."
        ) from None


def _refuse_what_is_there(files: Sequence[Path], *, overwrite: bool) -> None:
    for file in files:
        if not file.parent.is_dir():
            raise click.ClickException(f"There is no folder {file.parent}. Nothing was written. Make it first.")
        if file.is_dir() or (file.exists() and not overwrite):
            raise click.ClickException(
                f"{file} is there already. Nothing was written. Name another file, or add --overwrite."
            )


def _link(bot: str, card: Card) -> str:
    return f"https://t.me/{bot}?start={card.code}"


def _table(cards: Sequence[Card], bot: str) -> bytes:
    """Write the links as a table that spreadsheet programs in Kazakhstan open as it is: semicolons, UTF-8 with BOM."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(COLUMNS)
    for card in cards:
        name = card.name
        writer.writerow(
            (
                card.person_id,
                name.surname,
                name.given_name,
                name.patronymic or "",
                card.group or "",
                _link(bot, card),
            )
        )
    return text.getvalue().encode("utf-8-sig")


def _parts(cards: Sequence[Card], file: Path) -> dict[Path, Sequence[Card]]:
    """Spread the cards over as many files as they need: NAME.pdf, NAME-2.pdf ..."""
    return {
        file.with_name(f"{file.stem}-{part}{file.suffix}") if part > 1 else file: cards[start : start + CARDS_IN_A_FILE]
        for part, start in enumerate(range(0, len(cards), CARDS_IN_A_FILE), start=1)
    }


async def _draw(sheets: Mapping[Path, Sequence[Card]], total: int, bot: str) -> None:
    """Draw the QR cards; the invitations stand whatever becomes of them."""
    from services.papers import InvitationCard, invitation_sheet

    began, done = time.monotonic(), 0
    for file, cards in sheets.items():
        drawn = [InvitationCard(card.name.full, card.group, _link(bot, card), card.last_day) for card in cards]
        sheet = await _watched(invitation_sheet(drawn), f"QR cards: {done} of {total}", began)
        with _written_beside(file, sheet) as draft:
            draft.replace(file)
        done += len(cards)
        click.echo(f"QR cards: {file}")


async def _watched(work: Awaitable[Result], told: str, began: float) -> Result:
    """Wait for long work; once the whole has taken two seconds, keep saying so."""
    working, line = asyncio.ensure_future(work), ""
    while not (await asyncio.wait([working], timeout=1))[0]:
        passed = time.monotonic() - began
        if passed >= PROGRESS_AFTER_SECONDS and sys.stderr.isatty():
            line = f"{told}, {passed:.0f} s"
            click.echo(f"\r{line}", nl=False, err=True)
    if line:
        click.echo(f"\r{' ' * len(line)}\r", nl=False, err=True)
    return await working


@contextmanager
def _written_beside(file: Path, content: bytes) -> Iterator[Path]:
    """Write a file that only its owner can read, next to where it will stand; it goes away unless it is moved there."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as draft:
        path = Path(draft.name)
        try:
            draft.write(content)
            draft.flush()
            yield path
        finally:
            path.unlink(missing_ok=True)
