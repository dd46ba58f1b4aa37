"""Everything stored about me: read in sections, taken away as a file, and the end of the link."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Html, Texts, bold, both, escape, lines, paragraphs
from bot.screen import Button, File, Screen, length
from bot.screens.contacts import desk
from bot.screens.menu import OpenMe, back
from bot.screens.words import WORDS
from policy.people import Language
from policy.profile import Profile
from services.personal_data import PersonalData
from storage.records import Person

PAGE = 3000  # UTF-16 units of rows on one page: comfortable to read, well under Telegram's limit

SECTIONS: dict[str, str] = {}
FIELDS: dict[str, str] = {}


class OpenSection(CallbackData, prefix="kept"):
    """Read one section of what is stored."""

    section: str
    page: int


class TakeAway(CallbackData, prefix="take"):
    """Give me everything as a file."""


class AskUnlink(CallbackData, prefix="unlink?"):
    """Begin to unlink."""


class Unlink(CallbackData, prefix="unlink"):
    """Really unlink."""


def me(texts: Texts, person: Person, data: PersonalData) -> Screen:
    """Name the sections of what is stored, each with how much is in it."""
    sections = [(name, rows) for name, rows in data.sections.items() if rows]
    return Screen(
        paragraphs(
            bold(person.name.full),
            texts("This is everything stored about you. Open a section to read it."),
        ),
        (
            *(
                (Button(f"{section_name(texts, name)} · {len(rows)}", OpenSection(section=name, page=0)),)
                for name, rows in sections
            ),
            (Button(texts.plain("Take everything away as a file"), TakeAway()),),
            (Button(texts.plain("Unlink this chat"), AskUnlink()),),
            back(texts),
        ),
    )


def section(texts: Texts, data: PersonalData, name: str, page: int) -> Screen:
    """Show one section, as many rows on a page as are read with ease."""
    rows = [row_lines(texts, row) for row in data.sections.get(name, [])]
    sheets = _sheets(rows)
    page = min(max(page, 0), len(sheets) - 1)
    turns = [
        Button(label, OpenSection(section=name, page=other))
        for label, other in (("‹", page - 1), ("›", page + 1))
        if 0 <= other < len(sheets)
    ]
    return Screen(
        paragraphs(bold(section_name(texts, name)), *sheets[page]),
        (*((turns,) if turns else ()), (Button(texts.plain("« Everything about me"), OpenMe()),)),
    )


def _sheets(rows: list[Html]) -> list[list[Html]]:
    sheets: list[list[Html]] = [[]]
    for row in rows:
        if sheets[-1] and length(paragraphs(*sheets[-1], row)) > PAGE:
            sheets.append([])
        sheets[-1].append(row)
    return sheets


def section_name(texts: Texts, name: str) -> str:
    """Return a section's name in this language."""
    return texts.plain(SECTIONS[name]) if name in SECTIONS else name


def row_lines(texts: Texts, row: Mapping[str, object]) -> Html:
    """Return a row as lines of name and value; what is not known is left out."""
    said = ((field_name(texts, name), value_of(texts, value)) for name, value in row.items() if value is not None)
    return lines(*(Html(f"{escape(name)}: {escape(value)}") for name, value in said))


def field_name(texts: Texts, name: str) -> str:
    """Return a field's name in this language."""
    return texts.plain(FIELDS[name]) if name in FIELDS else name


def value_of(texts: Texts, value: object) -> str:
    """Return a stored value in this language."""
    match value:
        case bool():
            said = texts.plain("yes") if value else texts.plain("no")
        case StrEnum() if value in WORDS:
            said = texts.plain(WORDS[value])
        case datetime():
            said = f"{texts.figures(value.astimezone(texts.zone).date())} {texts.time(value)}"
        case date():
            said = texts.figures(value)
        case Decimal():
            said = texts.number(value)
        case Mapping():
            inner = ((name, value_of(texts, part)) for name, part in value.items() if part is not None)
            said = ", ".join(f"{name} {part}" for name, part in inner)
        case _:
            said = str(value)
    return said


def taken_away(texts: Texts, data: PersonalData) -> Screen:
    """Give everything as a file for machines and people."""
    name = f"kenes-{data.person_id}-{data.taken_at.astimezone(texts.zone):%Y-%m-%d}.json"
    return Screen(
        texts("Everything stored about you, as it was at {at}.", at=data.taken_at), document=File(name, data.as_json())
    )


def ask_unlink(texts: Texts) -> Screen:
    """Ask whether it is meant, and say what it does and does not do."""
    return Screen(
        paragraphs(
            bold(texts("Unlink this chat?")),
            lines(
                texts("Your marks will no longer be shown here, and no reminders will come."),
                texts("The university's records and what you have filed stay as they are."),
                texts("To come back you need a new invitation or your number in the records."),
            ),
        ),
        ((Button(texts.plain("Yes, unlink"), Unlink()), Button(texts.plain("No, keep it"), OpenMe())),),
    )


def unlinked(voices: Mapping[Language, Texts], profile: Profile) -> Screen:
    """Confirm in both languages, as to anybody not linked."""

    def write(texts: Texts) -> Html:
        return paragraphs(
            texts("This chat is unlinked. Your earlier messages stay here until you delete them."),
            desk(texts, profile.contacts.service_desk),
        )

    return Screen(both(voices, write))
