"""Final mark sheets for the registrar: what keeps each from being printed, and that it was."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from bot.buttons import CallbackData, Place
from bot.i18n import Html, Texts, bold, escape, lines, msgid, paragraphs
from bot.screen import Button, Rows, Screen
from bot.screens.cancel import cancel_button
from bot.screens.menu import OpenSheets, back
from bot.words.clauses import clauses
from bot.words.courses import course_name, period_name, reference, shortened
from bot.words.windows import moment, until
from policy.decision import Refused
from policy.sheets import SheetRefusal
from services.sheets import PrintingRefusal, SheetStanding

GROUPS_SHOWN = 12
PERIODS_SHOWN = 3
LONGEST_NAME = 28  # characters of a course's name on a button
REFUSALS: dict[StrEnum, str] = {
    SheetRefusal.MARKS_MISSING: msgid("It was not printed: marks are missing."),
    SheetRefusal.APPEALS_OPEN: msgid("It was not printed: an appeal is open."),
    SheetRefusal.WINDOWS_OPEN: msgid("It was not printed: the time to appeal is not over yet."),
    SheetRefusal.TEXTS_UNDER_WAY: msgid(
        "It was not printed: what students sent in time may still be under way. Try again in a few minutes."
    ),
    SheetRefusal.PRINTED_BEFORE: msgid("It was printed before, and nothing has changed since."),
    PrintingRefusal.NO_SUCH_SHEET: msgid("There is no such sheet in the records now."),
    PrintingRefusal.NOT_ALLOWED: msgid("Your role is for another institute: its own registrar prints this sheet."),
    PrintingRefusal.LECTURER: msgid(
        "You teach or examine this course. To avoid a conflict of interest others deal with its sheet."
    ),
    PrintingRefusal.NOT_LOCKED: msgid("This sheet is not printed: there is no lock to undo."),
}


class OpenGroups(CallbackData, prefix="groups"):
    """The groups of a period that have sheets, a page of them."""

    period: str
    page: Place


class OpenGroup(CallbackData, prefix="sheetsof"):
    """The sheets of a group; `group` is its reference."""

    period: str
    group: str


class OpenSheet(CallbackData, prefix="sheet"):
    """One sheet; group and course by their references."""

    period: str
    group: str
    course: str


class AskPrint(CallbackData, prefix="sheetask"):
    """Begin to note that a sheet is printed."""

    period: str
    group: str
    course: str


class PrintSheet(CallbackData, prefix="sheetok"):
    """Note that a sheet is printed."""

    period: str
    group: str
    course: str


class AskUnlock(CallbackData, prefix="sheetun"):
    """Begin to propose that the lock of a printed sheet is undone."""

    period: str
    group: str
    course: str


def nothing(texts: Texts) -> Screen:
    """Say that there are no sheets, and where they come from."""
    return Screen(
        paragraphs(bold(texts("Final mark sheets")), texts("No marks are loaded yet. They come with a file: /import")),
        (back(texts),),
    )


def groups(texts: Texts, periods: Sequence[str], shown: OpenGroups, those: Sequence[tuple[str, int, int]]) -> Screen:
    """List the groups of a period with how many of their sheets are printed."""
    sheets, printed = sum(number for _, number, _ in those), sum(done for _, _, done in those)
    first = shown.page * GROUPS_SHOWN
    buttons = [
        Button(f"{group} · {done}/{number}", OpenGroup(period=shown.period, group=reference(shown.period, group)))
        for group, number, done in those[first : first + GROUPS_SHOWN]
    ]
    turns = [
        Button(arrow, OpenGroups(period=shown.period, page=page))
        for arrow, page in (("‹", shown.page - 1), ("›", shown.page + 1))
        if 0 <= page * GROUPS_SHOWN < len(those)
    ]
    others = [
        (Button(period_name(texts, each), OpenGroups(period=each, page=0)),) for each in periods if each != shown.period
    ]
    return Screen(
        paragraphs(
            lines(bold(texts("Final mark sheets")), escape(period_name(texts, shown.period))),
            texts("Printed: {n} of {all}", n=printed, all=sheets),
            texts("Choose a group."),
        ),
        (*(buttons[start : start + 2] for start in range(0, len(buttons), 2)), turns, *others, back(texts)),
    )


def group(texts: Texts, those: Sequence[SheetStanding], now: datetime) -> Screen:
    """List the sheets of a group with what keeps each from being printed."""
    first = those[0]
    rows = [(Button(_label(texts, each), _data(OpenSheet, each)),) for each in those]
    return Screen(
        paragraphs(
            lines(bold(first.group), escape(period_name(texts, first.period))),
            *(lines(bold(course_name(texts, each.course)), *_state(texts, each, now)) for each in those),
        ),
        (*rows, *_up(texts, first.period)),
    )


def sheet(texts: Texts, one: SheetStanding, now: datetime, said: Html | None = None) -> Screen:
    """Show one sheet, with the way to note that it is printed where nothing keeps it from that."""
    may = not isinstance(one.decision, Refused)
    printed: Rows = ((Button(texts.plain("🖨 Printed"), _data(AskPrint, one)),),) if may else ()
    unlock: Rows = ()
    if one.sheet.printed_at is not None:
        unlock = ((Button(texts.plain("Undo the lock…"), _data(AskUnlock, one)),),)
    return Screen(
        paragraphs(
            said,
            lines(bold(course_name(texts, one.course)), escape(one.group), escape(period_name(texts, one.period))),
            lines(texts("Students: {n}", n=one.students), *_state(texts, one, now)),
        ),
        (*printed, *unlock, *_back_to_group(texts, one)),
    )


def ask_unlock(texts: Texts, one: SheetStanding) -> Screen:
    """Ask why the lock of a sheet is to be undone."""
    return Screen(
        paragraphs(
            lines(bold(course_name(texts, one.course)), escape(one.group), escape(period_name(texts, one.period))),
            texts("The lock of a printed sheet is undone by two people: you propose it, another confirms."),
            texts("Write why: ten letters or more."),
        ),
        (cancel_button(texts),),
    )


def ask(texts: Texts, one: SheetStanding, now: datetime) -> Screen:
    """Ask whether a sheet is printed, saying what that means."""
    return Screen(
        paragraphs(
            sheet(texts, one, now).text,
            texts(
                "Once you confirm, the marks on it are locked: not even an appeal changes them. Only a correction can."
            ),
            clauses(texts, one.decision.cites),
            texts("Is the final sheet printed?"),
        ),
        (
            (Button(texts.plain("✅ Yes, printed"), _data(PrintSheet, one)),),
            (Button(texts.plain("« Back"), _data(OpenSheet, one)),),
        ),
    )


def printed(texts: Texts, one: SheetStanding, now: datetime) -> Screen:
    """Say that a sheet is printed and locked."""
    return sheet(texts, one, now, texts("✅ Noted: the sheet is printed, its marks are locked."))


def refused(
    texts: Texts, one: SheetStanding, refusal: Refused[SheetRefusal | PrintingRefusal], now: datetime
) -> Screen:
    """Say why a sheet was not printed, and how it stands."""
    said = lines(texts(REFUSALS[refusal.reason]), clauses(texts, refusal.cites))
    return sheet(texts, one, now, said)


def gone(texts: Texts) -> Screen:
    """Say that a sheet is no longer in the records."""
    return Screen(texts(REFUSALS[PrintingRefusal.NO_SUCH_SHEET]), ((_all(texts),), back(texts)))


def _state(texts: Texts, one: SheetStanding, now: datetime) -> Iterator[Html]:
    state = one.sheet
    if state.printed_at is not None:
        yield texts("✅ Printed: {at}", at=moment(texts, state.printed_at, now))
        if state.marks:
            yield texts("Posted since it was printed: {n}", n=state.marks)
    if state.missing:
        yield texts("Marks missing: {n}", n=state.missing)
    if state.open_appeals:
        yield texts("Open appeals: {n}", n=state.open_appeals)
    if state.closes is not None and now < state.closes:
        yield texts("Time to appeal: until {until}", until=until(texts, state.closes, now))
    refused = one.decision
    if isinstance(refused, Refused) and refused.reason is SheetRefusal.TEXTS_UNDER_WAY and refused.until:
        yield texts("What was sent in time may still arrive, until {until}", until=until(texts, refused.until, now))
    if not isinstance(one.decision, Refused):
        yield texts("🖨 Nothing keeps it from being printed.")


def _label(texts: Texts, one: SheetStanding) -> str:
    sign = "🖨"
    if isinstance(one.decision, Refused):
        sign = "✅" if one.decision.reason is SheetRefusal.PRINTED_BEFORE else "⏳"
    return f"{sign} {shortened(course_name(texts, one.course), LONGEST_NAME)}"


def _data(
    kind: type[OpenSheet] | type[AskPrint] | type[PrintSheet] | type[AskUnlock], one: SheetStanding
) -> OpenSheet | AskPrint | PrintSheet | AskUnlock:
    period = one.period
    return kind(period=period, group=reference(period, one.group), course=reference(period, one.course.code))


def _all(texts: Texts) -> Button:
    return Button(texts.plain("« All groups"), OpenSheets())


def _up(texts: Texts, period: str) -> Rows:
    return ((Button(texts.plain("« All groups"), OpenGroups(period=period, page=0)),), back(texts))


def _back_to_group(texts: Texts, one: SheetStanding) -> Rows:
    to = OpenGroup(period=one.period, group=reference(one.period, one.group))
    return ((Button(texts.plain("« {group}", group=one.group), to),), *_up(texts, one.period))
