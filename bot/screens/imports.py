"""Files for the registrar's office: sent, looked at, loaded, taken back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, folded, lines, msgid, paragraphs
from bot.screen import Button, File, Screen
from bot.screens.cancel import cancel_button
from bot.screens.menu import OpenImports, back
from bot.screens.news import told
from bot.words.records import WORDS
from policy.people import Role
from services.importing import (
    Counts,
    Imported,
    Kind,
    NoRoom,
    Notice,
    Preview,
    Refusal,
    ValueChange,
    describe,
    name_of,
    refused_csv,
)
from services.owing import Delivery
from services.role_news import written_change
from storage.records import Import, Upload

MEGABYTES = 20  # what Telegram lets a bot download
FIRST_REFUSALS = 5
FIRST_DIFFERENCES = 5
LONGEST_VALUE = 60
ROLES_SHOWN = 15
KINDS = {
    Kind.STUDENTS: msgid("Students"),
    Kind.STAFF: msgid("Staff"),
    Kind.MARKS: msgid("Marks"),
    Kind.COMPONENTS: msgid("Research, iROS, SSCI"),
    Kind.CALENDAR: msgid("Dates of periods"),
    Kind.DAYS: msgid("Working days and days off"),
    Kind.EXAMS: msgid("Exam timetable"),
}
OBJECTS = {
    "person": msgid("People"),
    "student": msgid("Students"),
    "student_year": msgid("Years of study"),
    "role": msgid("Roles"),
    "course": msgid("Courses"),
    "enrolment": msgid("Enrolments in courses"),
    "attempt": msgid("Marks"),
    "components": msgid("Research, iROS, SSCI"),
    "period_dates": msgid("Dates of periods"),
    "special_day": msgid("Working days and days off"),
    "exam": msgid("Exam timetable"),
}


class ReadUpload(CallbackData, prefix="file"):
    """Look at a waiting file again."""

    upload: int


class ChooseKind(CallbackData, prefix="kind"):
    """Say what a waiting file holds."""

    upload: int
    kind: Kind


class LoadUpload(CallbackData, prefix="load"):
    """Load a waiting file as it was shown; `seen` tells which preview that was."""

    upload: int
    seen: str


class LoadKnowing(CallbackData, prefix="loadk"):
    """Load a waiting file though so many marks can no longer be appealed, and so many only for a moment."""

    upload: int
    seen: str
    over: int
    short: int


class AllChanges(CallbackData, prefix="diff"):
    """See all that a waiting file would change, as a table."""

    upload: int


class SayPeriod(CallbackData, prefix="fper"):
    """Say of which period a waiting file is; `2025-2026.1`."""

    upload: int
    period: str


class WriteOfFile(CallbackData, prefix="fsay"):
    """Begin to write of which period or course a waiting file is."""

    upload: int
    what: Literal["period", "course_code"]


class DropUpload(CallbackData, prefix="drop"):
    """Do not load a waiting file."""

    upload: int


class OpenImport(CallbackData, prefix="import"):
    """Look at an import that was done."""

    number: int


class AskUndo(CallbackData, prefix="undo"):
    """Begin to take an import back."""

    number: int


class ProposeLoad(CallbackData, prefix="load2"):
    """Propose to load a waiting file that takes two people, as it was shown."""

    upload: int
    seen: str


def files(texts: Texts, latest: Sequence[Import]) -> Screen:
    """Say what can be sent, and show what was loaded lately."""
    return Screen(
        paragraphs(
            bold(texts("Load a file")),
            lines(
                texts("Send it here as a document: XLSX, XLS, ODS or CSV, at most {limit} MB.", limit=MEGABYTES),
                texts("First you see what it would change. Nothing is loaded before you confirm."),
            ),
            texts("Loaded lately:") if latest else texts("Nothing has been loaded yet."),
        ),
        (*((Button(_said(texts, each), OpenImport(number=each.id)),) for each in latest), back(texts)),
    )


def _said(texts: Texts, done: Import) -> str:
    day = texts.figures(done.at.astimezone(texts.zone).date())
    return f"{'↩️ ' if done.undone_at else ''}№ {done.id} · {day} · {texts.plain(KINDS[Kind(done.kind)])}"


def not_a_photo(texts: Texts) -> Screen:
    """Answer a picture of a table."""
    return Screen(
        texts("A picture cannot be read as a table. Send the file itself as a document: XLSX, XLS, ODS or CSV."),
        (to_files(texts),),
    )


def to_files(texts: Texts) -> tuple[Button, ...]:
    """Return the row that leads to the files."""
    return (Button(texts.plain("« Files"), OpenImports()),)


def too_large(texts: Texts, name: str) -> Screen:
    """Refuse a file Telegram gives no bot."""
    return Screen(
        paragraphs(
            _file(name),
            texts("The file is larger than {limit} MB. Split it and send the parts.", limit=MEGABYTES),
        ),
        (to_files(texts),),
    )


def _file(name: str) -> Html:
    return bold(f"📄 {name}")


def received(texts: Texts, name: str) -> Screen:
    """Say at once that a file has come."""
    return Screen(paragraphs(_file(name), texts("⏳ Received. It is being read…")))


def not_downloaded(texts: Texts, name: str) -> Screen:
    """Say that the file did not come through."""
    return Screen(
        paragraphs(
            _file(name), texts("The file could not be downloaded from Telegram. Nothing was changed. Send it again.")
        ),
        (to_files(texts),),
    )


def no_room(texts: Texts, name: str, why: NoRoom) -> Screen:
    """Say that a file is not kept because too much waits already, and what helps."""
    helps = {
        NoRoom.YOURS: texts(
            "There is no room for it: your files that wait take too much. Confirm or cancel those first, then send it "
            "again."
        ),
        NoRoom.ALL: texts(
            "There is no room for it: too many files wait for those who sent them. A file is forgotten a day after it "
            "was sent. Try again later."
        ),
    }
    return Screen(paragraphs(_file(name), helps[why]), (to_files(texts),))


def reading(texts: Texts, upload: Upload, rows: int) -> Screen:
    """Tell how far the reading is."""
    far = texts("⏳ Reading. Rows: {rows}", rows=rows) if rows else texts("⏳ Reading…")
    return Screen(paragraphs(_file(upload.file_name), far), (_look(texts, upload.id),))


def loading(texts: Texts, upload: Upload, done: int, total: int) -> Screen:
    """Tell how far the loading is."""
    far = texts("⏳ Loading: {done} of {total}", done=done, total=total) if done else texts("⏳ Loading…")
    return Screen(paragraphs(_file(upload.file_name), far), (_look(texts, upload.id),))


def _look(texts: Texts, upload_id: int) -> tuple[Button, ...]:
    return (Button(texts.plain("How does it stand?"), ReadUpload(upload=upload_id)),)


def interrupted(texts: Texts, upload: Upload) -> Screen:
    """Say that the bot stops in the middle; what became of it is looked up, not guessed."""
    return Screen(
        paragraphs(
            _file(upload.file_name), texts("Interrupted: the bot is restarting. Look in a minute how it stands.")
        ),
        (_look(texts, upload.id),),
    )


def not_loaded(texts: Texts, upload: Upload, seen: str) -> Screen:
    """Say that the bot was stopped before the file was loaded, with the way to go on."""
    return Screen(
        paragraphs(
            _file(upload.file_name),
            texts("The bot was restarted in the middle. Nothing was changed, the file is still here."),
        ),
        ((Button(texts.plain("Load it"), LoadUpload(upload=upload.id, seen=seen)),), _drop(texts, upload.id)),
    )


def ask_kind(texts: Texts, upload: Upload) -> Screen:
    """Ask what a file holds when its columns do not tell."""
    kinds = [Button(texts.plain(name), ChooseKind(upload=upload.id, kind=kind)) for kind, name in KINDS.items()]
    return Screen(
        paragraphs(_file(upload.file_name), texts("The columns do not tell what this is. What does the file hold?")),
        (*(kinds[start : start + 2] for start in range(0, len(kinds), 2)), _drop(texts, upload.id)),
    )


def _drop(texts: Texts, upload_id: int) -> tuple[Button, ...]:
    return (Button(texts.plain("Do not load"), DropUpload(upload=upload_id)),)


def unreadable(texts: Texts, name: str, refusal: Refusal) -> Screen:
    """Refuse a file no kind could be read from."""
    return Screen(
        paragraphs(
            _file(name), texts("❌ {why}", why=describe(refusal, texts.language.value)), texts("Nothing was changed.")
        ),
        (to_files(texts),),
    )


def preview(
    texts: Texts, shown: Preview, upload: Upload, seen: str, *, names: Mapping[str, str], stale: bool = False
) -> tuple[Screen, ...]:
    """Show what loading a file would do, with the way to do it; all that is wrong with it as a file below.

    `names` are those of the people whose roles it changes, by id.
    """
    told = paragraphs(
        texts("⚠️ The records have changed since you looked. Nothing was loaded. This is how it stands now:")
        if stale
        else None,
        lines(_file(shown.file_name), texts(KINDS[shown.kind])),
        counted(texts, shown.rows),
        *(() if shown.refused else _would_change(texts, shown)),
        lines(*(notice_line(texts, notice) for notice in shown.notices)),
        _refusals(texts, shown),
    )
    propose = (Button(texts.plain("Propose…"), ProposeLoad(upload=upload.id, seen=seen)),)
    if shown.refused:
        name = f"{shown.file_name}.refused.csv"
        content = refused_csv(shown.refusals, texts.language.value)
        first = Screen(told, (to_files(texts),))
        if shown.overruled_by_two:
            first = Screen(paragraphs(told, by_two(texts, shown, names)), (propose, _drop(texts, upload.id)))
        return first, Screen(
            texts("All that is wrong with the file: {n}", n=len(shown.refusals)), document=File(name, content)
        )
    if shown.nothing_to_do:
        nothing = texts("Nothing to load: all of it is in the records already.")
        return (Screen(paragraphs(told, nothing), (to_files(texts),)),)
    if shown.by_two:
        return (Screen(paragraphs(told, by_two(texts, shown, names)), (propose, _drop(texts, upload.id))),)
    warnings = lines(*(notice_line(texts, each) for each in _warnings(texts, shown)))
    confirm = (Button(texts.plain("Load it"), LoadUpload(upload=upload.id, seen=seen)),)
    everything = (Button(texts.plain("All that changes, as a table"), AllChanges(upload=upload.id)),)
    more = (everything,) if shown.differences.number > FIRST_DIFFERENCES else ()
    return (Screen(paragraphs(told, warnings), (confirm, *more, _drop(texts, upload.id))),)


def _would_change(texts: Texts, shown: Preview) -> Iterator[Html]:
    """Say what is to be checked; how many objects there are, and what values become, opens when it is touched."""
    if shown.marks:
        yield facts(texts, shown.marks.facts(texts.zone))
    changes = shown.differences
    yield folded(
        paragraphs(
            lines(
                bold(texts("What would change")), *(_object(texts, name, each) for name, each in shown.objects.items())
            )
            if shown.objects
            else None,
            lines(
                bold(texts("Values that change: {n}", n=changes.number)),
                *(_change(texts, each) for each in changes.first[:FIRST_DIFFERENCES]),
            )
            if changes.number
            else None,
        )
    )


def facts(texts: Texts, told: Iterable[Notice]) -> Html:
    """Say what is to be checked of marks, a line each."""
    return lines(bold(texts("Check this")), *(describe(fact, texts.language.value) for fact in told))


def _warnings(texts: Texts, shown: Preview) -> tuple[Notice, ...]:
    return shown.marks.warnings(texts.zone) if shown.marks else ()


def notice_line(texts: Texts, notice: Notice) -> Html:
    """Say something a registrar should know."""
    return texts("⚠️ {notice}", notice=describe(notice, texts.language.value))


def _change(texts: Texts, change: ValueChange) -> Html:
    return texts(
        "– {which}: {value} {before} → {after}",
        which=" · ".join(change.key),
        value=name_of(change.value, texts.language.value),
        before=change.before or "–",
        after=change.after or "–",
    )


def all_changes(texts: Texts, shown: Preview, content: bytes) -> Screen:
    """Give all the values that change as a file."""
    return Screen(
        texts("All values that change: {n}", n=shown.differences.number),
        document=File(f"{shown.file_name}.changes.csv", content),
    )


def ask_again(texts: Texts, shown: Preview, upload: Upload, seen: str) -> Screen:
    """Ask once more where students will hear of marks when they can no longer appeal, or only for a moment."""
    over, short = shown.marks.hurries if shown.marks else (0, 0)
    return Screen(
        paragraphs(
            _file(shown.file_name),
            lines(*(notice_line(texts, each) for each in _warnings(texts, shown))),
            texts("Load them all the same?"),
        ),
        (
            (
                Button(
                    texts.plain("Load all the same"),
                    LoadKnowing(upload=upload.id, seen=seen, over=over, short=short),
                ),
            ),
            _drop(texts, upload.id),
        ),
    )


def ask_period(texts: Texts, upload: Upload, periods: Mapping[str, str]) -> Screen:
    """Ask which period a file is about, `periods` being the latest with their names."""
    known = [
        Button(name, SayPeriod(upload=upload.id, period=period.replace("/", "."))) for period, name in periods.items()
    ]
    return Screen(
        paragraphs(_file(upload.file_name), texts("The file does not say of which period it is. Which one?")),
        (
            *((button,) for button in known),
            (Button(texts.plain("Another one: write it…"), WriteOfFile(upload=upload.id, what="period")),),
            _drop(texts, upload.id),
        ),
    )


def ask_course(texts: Texts, upload: Upload) -> Screen:
    """Ask which course a file is about."""
    return Screen(
        paragraphs(_file(upload.file_name), texts("The file does not say of which course it is.")),
        (
            (Button(texts.plain("Write the course code…"), WriteOfFile(upload=upload.id, what="course_code")),),
            _drop(texts, upload.id),
        ),
    )


def write_of_file(texts: Texts, upload: Upload, what: str, wrong: str | None = None) -> Screen:
    """Ask for a period or a course code in writing; `wrong` is why the last answer was none."""
    asked = {
        "period": texts("Write the period, for example: 2025-2026/1"),
        "course_code": texts("Write the course code, for example: MAT1105"),
    }
    return Screen(
        paragraphs(texts("❌ {why}", why=wrong) if wrong else None, _file(upload.file_name), asked[what]),
        (cancel_button(texts),),
        anew=True,  # the question stays
    )


def by_two(texts: Texts, shown: Preview, names: Mapping[str, str]) -> Html:
    """Say what of a file takes a second person, and whom."""
    roles, phones, marks = shown.by_two.roles, shown.by_two.phones, shown.by_two.marks
    if marks:
        return lines(
            bold(texts("Two people can load it together, as a correction: you propose it, another confirms.")),
            texts("Students whose withdrawn marks become others: {n}", n=len(marks)),
        )
    told = [written_change(each) for each in roles[:ROLES_SHOWN]]
    return lines(
        bold(texts("This takes a second person: an administrator.")),
        *role_changes(texts, told, len(roles), names),
        texts("Phones of people who hold a role: {n}", n=len(phones)) if phones else None,
    )


def ask_load_reason(texts: Texts, name: str) -> Screen:
    """Ask why a file that takes two people is to be loaded."""
    return Screen(
        paragraphs(
            _file(name), texts("Write why: ten letters or more. Whoever confirms it will read it, and then decide.")
        ),
        (cancel_button(texts),),
    )


def role_changes(
    texts: Texts, those: Iterable[Mapping[str, Any]], number: int, names: Mapping[str, str]
) -> Iterator[Html]:
    """Say who gains and who loses which role, where and until when; of more than are told, how many."""
    told = list(those)
    for each in told:
        sign = "−" if not each["holds"] else "±" if each["held"] else "+"
        yield texts(
            "{sign} <b>{name}</b>: {role}",
            sign=sign,
            name=names.get(each["person"], each["person"]),
            role=_role(texts, each),
        )
    if number > len(told):
        yield texts("And more changes of roles: {n}", n=number - len(told))


def _role(texts: Texts, each: Mapping[str, Any]) -> str:
    parts = [
        texts.plain(WORDS[Role(each["role"])]),
        each["scope"] or texts.plain("the whole university"),
        texts.plain("until {day}", day=texts.figures(date.fromisoformat(each["until"])))
        if each["until"]
        else texts.plain("without an end"),
    ]
    return ", ".join(parts)


def counted(texts: Texts, rows: Counts) -> Html:
    """Count the rows of a file by what loading it does with them."""
    return lines(bold(texts("Rows")), *_counted(texts, rows))


def _counted(texts: Texts, rows: Counts) -> tuple[Html | None, ...]:
    return (
        texts("new: {n}", n=rows.new),
        texts("changed: {n}", n=rows.changed),
        texts("the same: {n}", n=rows.same),
        texts("refused: {n}", n=rows.refused) if rows.refused else None,
    )


def _object(texts: Texts, name: str, counts: Counts) -> Html:
    said = texts(OBJECTS[name])
    if not counts.changed:
        return texts("{what}: new {new}", what=said, new=counts.new)
    if not counts.new:
        return texts("{what}: changed {changed}", what=said, changed=counts.changed)
    return texts("{what}: new {new}, changed {changed}", what=said, new=counts.new, changed=counts.changed)


def _refusals(texts: Texts, shown: Preview) -> Html | None:
    if not shown.refused:
        return None
    return lines(
        bold(texts("❌ The file is refused, nothing was changed.")),
        *(refusal_line(texts, refusal) for refusal in shown.refusals[:FIRST_REFUSALS]),
        texts("Put it right and send the file again."),
    )


def refusal_line(texts: Texts, refusal: Refusal) -> Html:
    """Say what is wrong and where: row, column, value."""
    value = refusal.value if len(refusal.value) <= LONGEST_VALUE else refusal.value[: LONGEST_VALUE - 1] + "…"
    place = " · ".join(
        part
        for part in (
            texts.plain("sheet {sheet}", sheet=refusal.sheet) if refusal.sheet is not None else "",
            texts.plain("row {row}", row=refusal.row) if refusal.row is not None else "",
            refusal.column or "",
            f"«{value}»" if value else "",
        )
        if part
    )
    why = describe(refusal, texts.language.value)
    return texts("– {place}: {why}", place=place, why=why) if place else texts("– {why}", why=why)


def dropped(texts: Texts, name: str) -> Screen:
    """Confirm that a file was not loaded."""
    return Screen(paragraphs(_file(name), texts("Not loaded. Nothing was changed.")), (to_files(texts),))


def no_longer_waits(texts: Texts, latest: Sequence[Import]) -> Screen:
    """Answer a button of a file that was answered, or that nobody answered in time."""
    shown = files(texts, latest)
    gone = texts(
        "This file no longer waits: it was answered already, or its time is over. The list tells what was loaded."
    )
    return Screen(paragraphs(gone, shown.text), shown.buttons, anew=True)


def loaded(texts: Texts, name: str, kind: str | None, done: Imported, said: Html | None = None) -> Screen:
    """Tell what was loaded, where it says whom the news reached, and that it can be taken back."""
    return Screen(
        paragraphs(
            _file(name),
            said,
            bold(texts("✅ Loaded: import № {number}", number=done.import_id)),
            lines(*_counted(texts, done.rows)),
        ),
        (
            *(
                ((Button(texts.plain("Who was told?"), OpenImport(number=done.import_id)),),)
                if kind == Kind.MARKS
                else ()
            ),
            undo_button(texts, done.import_id),
            to_files(texts),
        ),
    )


def undo_button(texts: Texts, number: int) -> tuple[Button, ...]:
    """Return the row that begins to take an import back."""
    return (Button(texts.plain("Take it back…"), AskUndo(number=number)),)


def one_import(texts: Texts, done: Import, actor: str | None, undone_by: str | None, counts: Delivery) -> Screen:
    """Show an import that was done, whom of its students the news reached, and the way to take it back."""
    rows = Counts(**done.counts)
    return Screen(
        paragraphs(
            lines(
                bold(texts("Import № {number}", number=done.id)),
                texts("{kind}: {file}", kind=texts(KINDS[Kind(done.kind)]), file=done.file_name),
                _when(texts, done.at, actor),
            ),
            lines(bold(texts("Rows")), *_counted(texts, rows)),
            told(texts, counts),
            lines(bold(texts("↩️ Taken back")), _when(texts, done.undone_at, undone_by)) if done.undone_at else None,
        ),
        (*(() if done.undone_at else (undo_button(texts, done.id),)), to_files(texts)),
    )


def _when(texts: Texts, at: datetime, name: str | None) -> Html:
    return texts("{at}, {who}", at=at, who=name or texts.plain("command line"))
