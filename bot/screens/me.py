"""Everything stored about me: read in sections, taken away as a file, and the end of the link."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from bot.buttons import CallbackData, Place
from bot.i18n import Html, Texts, bold, both, escape, lines, msgid, paragraphs
from bot.screen import Button, File, Screen, length
from bot.screens.menu import OpenMe, back
from bot.words.contacts import desk
from bot.words.records import CODES, WORDS
from policy.people import Language
from policy.profile import Profile
from services.personal_data import PersonalData
from storage.records import Person

PAGE = 3000  # UTF-16 units of rows on one page: comfortable to read, well under Telegram's limit

SECTIONS = {
    "person": msgid("Person"),
    "studies": msgid("Studies"),
    "years_of_study": msgid("Years of study"),
    "courses_and_marks": msgid("Courses and marks"),
    "components": msgid("Research, iROS, SSCI"),
    "corrections": msgid("Corrections of marks"),
    "requests": msgid("Requests"),
    "decisions": msgid("Decisions on requests"),
    "request_documents": msgid("Documents of requests"),
    "roles": msgid("Roles"),
    "telegram_account": msgid("Telegram account"),
    "invitations": msgid("Invitations"),
    "link_offers": msgid("Unfinished links"),
    "messages": msgid("Messages from the bot"),
    "history": msgid("History of changes"),
    "wrong_codes": msgid("Wrong invitations"),
    "drafts": msgid("Unfinished texts"),
}
FIELDS = {
    "academic_year": msgid("academic year"),
    "act": msgid("what was done"),
    "actor": msgid("done by"),
    "after": msgid("after"),
    "at": msgid("when"),
    "attempt": msgid("attempt"),
    "attempts": msgid("attempts"),
    "before": msgid("before"),
    "answer": msgid("answer"),
    "answered_at": msgid("answered"),
    "asked_at": msgid("asked"),
    "birth_year": msgid("year of birth"),
    "cause": msgid("cause"),
    "cause_id": msgid("number of the cause"),
    "chat_id": msgid("chat"),
    "choice": msgid("what was chosen"),
    "code": msgid("code"),
    "consent_version": msgid("version of the consent"),
    "consented_at": msgid("consent given"),
    "content": msgid("content"),
    "corrected_at": msgid("corrected"),
    "course_code": msgid("code of the course"),
    "course_work": msgid("course work handed in"),
    "credits": msgid("credits"),
    "credits_total": msgid("credits in all"),
    "decided_at": msgid("decided"),
    "decided_by": msgid("decided by"),
    "decision_reason": msgid("reason of the decision"),
    "degree_programme": msgid("programme of study"),
    "dormitory": msgid("dormitory"),
    "document": msgid("number of the document"),
    "due_at": msgid("answer is due"),
    "entered_at": msgid("entered in the university's system"),
    "error": msgid("why it was not kept"),
    "exam": msgid("exam mark"),
    "exam_date": msgid("exam date"),
    "exam_form": msgid("exam form"),
    "expires_at": msgid("valid until"),
    "failures": msgid("how many in a row"),
    "fees_cleared": msgid("fees cleared"),
    "form": msgid("form"),
    "funding": msgid("funding"),
    "filed_at": msgid("filed"),
    "file_name": msgid("file"),
    "given_name": msgid("given name"),
    "granted_at": msgid("given"),
    "granted_by": msgid("given by"),
    "group": msgid("group"),
    "id": msgid("number"),
    "inquiries": msgid("questions to the student"),
    "institute": msgid("institute"),
    "invitation_id": msgid("number of the invitation"),
    "iros": msgid("iROS"),
    "key": msgid("which"),
    "kind": msgid("kind of request"),
    "language": msgid("language"),
    "last_at": msgid("last time"),
    "level": msgid("level"),
    "linked_at": msgid("linked"),
    "made_at": msgid("made"),
    "made_by": msgid("made by"),
    "mark_after": msgid("exam mark after it"),
    "mark_before": msgid("exam mark before it"),
    "media": msgid("photo or file"),
    "missed_percent": msgid("classes missed, %"),
    "name_kk": msgid("name in Kazakh"),
    "name_ru": msgid("name in Russian"),
    "number": msgid("attempt"),
    "object": msgid("what"),
    "offered_at": msgid("offered"),
    "opened_at": msgid("opened"),
    "opened_by": msgid("opened by the Telegram account"),
    "outcome": msgid("outcome"),
    "paused_at": msgid("waits for the student since"),
    "patronymic": msgid("patronymic"),
    "penalty": msgid("disciplinary penalty"),
    "period": msgid("academic period"),
    "person_id": msgid("id"),
    "phone": msgid("phone"),
    "points": msgid("points added"),
    "posted_at": msgid("posted"),
    "proposed_at": msgid("proposed"),
    "proposed_by": msgid("proposed by"),
    "question": msgid("question"),
    "rating1": msgid("rating 1"),
    "rating2": msgid("rating 2"),
    "reason": msgid("reason"),
    "request": msgid("number of the request"),
    "research": msgid("research"),
    "revoked_at": msgid("taken away"),
    "revoked_by": msgid("taken away by"),
    "role": msgid("role"),
    "room": msgid("room"),
    "scope": msgid("where"),
    "seat": msgid("time and room"),
    "sent_at": msgid("sent"),
    "sex": msgid("sex"),
    "sha256": msgid("checksum, SHA-256"),
    "signed_at": msgid("signed"),
    "size": msgid("size, bytes"),
    "ssci": msgid("SSCI"),
    "starts_at": msgid("begins"),
    "state": msgid("state"),
    "status": msgid("status"),
    "stored_at": msgid("stored"),
    "surname": msgid("surname"),
    "until": msgid("last day"),
    "unreachable_since": msgid("messages do not arrive since"),
    "unreachable_why": msgid("why they do not arrive"),
    "update_id": msgid("number of the update"),
    "updated_at": msgid("changed"),
    "used_at": msgid("used"),
    "used_by": msgid("used by the Telegram account"),
    "user_id": msgid("id in Telegram"),
    "value": msgid("value"),
    "wait_until": msgid("wait until"),
    "way": msgid("by what"),
    "why": msgid("why"),
    "withdrawn_at": msgid("withdrawn"),
    "year": msgid("year of study"),
}
CODED = {"act", "object", "cause", "unreachable_why", "way", "why"}
HISTORIC = {"before", "after"}
VALUES: dict[str, StrEnum] = {value.value: value for value in WORDS}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\S+")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
NUMBER = re.compile(r"\d+\.\d+")
PARTS = {"course", "grant", "name"}  # read better with their fields as lines of their own
OWNER = {"person_id", "student_id", "about"}  # the same id in every row: said once, in the first section
HIDDEN: Mapping[str, Collection[str]] = {"person": (), "messages": {"content"}}  # what was said stands in the chat


class OpenSection(CallbackData, prefix="kept"):
    """Read one section of what is stored."""

    section: str
    page: Place


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
    hidden = HIDDEN.get(name, OWNER)
    rows = [row_lines(texts, row, hidden) for row in data.sections.get(name, ())]
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


def row_lines(texts: Texts, row: Mapping[str, object], hidden: Collection[str] = ()) -> Html:
    """Return a row as lines of name and value; what is empty is left out."""
    return lines(*(Html(f"{escape(name)}: {escape(value)}") for name, value in _said(texts, row, hidden)))


def _said(texts: Texts, row: Mapping[str, object], hidden: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    for name, stored in row.items():
        value = _restored(stored) if name in HISTORIC else stored
        if name in PARTS and isinstance(value, Mapping):
            yield from _said(texts, value, hidden)
        elif name not in hidden and value not in (None, "", (), [], {}):
            coded = name in CODED and value in CODES
            yield field_name(texts, name), texts.plain(CODES[str(value)]) if coded else value_of(texts, value)


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
            said = ", ".join(f"{name} {part}" for name, part in _said(texts, value))
        case tuple() | list() if value and isinstance(value[0], Mapping):
            said = "".join(f"\n   {value_of(texts, part)}" for part in value)
        case tuple() | list():
            said = " · ".join(value_of(texts, part) for part in value)
        case _:
            said = str(value)
    return said


def _restored(kept: object) -> object:
    """Return what the history keeps as text for what it was: an instant, a day, a number, a value of the records."""
    if isinstance(kept, Mapping):
        return {name: _restored(value) for name, value in kept.items()}
    if not isinstance(kept, str):
        return kept
    if INSTANT.fullmatch(kept):
        return datetime.fromisoformat(kept)
    if DAY.fullmatch(kept):
        return date.fromisoformat(kept)
    return Decimal(kept) if NUMBER.fullmatch(kept) else VALUES.get(kept, kept)


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
