"""Taking an import back: what it would mean, alone or with a second person, and what came of it."""

from enum import StrEnum

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, lines, msgid, paragraphs
from bot.screen import Button, File, Rows, Screen
from bot.screens.cancel import cancel_button
from bot.screens.imports import KINDS, OBJECTS, OpenImport, to_files, undo_button
from services.importing import Dependent, Kind, Undone, UndoRefusal, UndoRefused
from storage.records import Import

CAUSES = {
    "import": msgid("import № {number}"),
    "correction": msgid("correction № {number}"),
    "undo": msgid("import № {number} taken back"),
    "appeal": msgid("upheld appeal № {number}"),
}
STANDS_ON = {
    "sheet": msgid("a printed mark sheet"),
    "accounts": msgid("a linked Telegram account"),
    "components": msgid("research, iROS, SSCI"),
    "enrolments": msgid("marks"),
    "invitations": msgid("an invitation"),
    "role_grants": msgid("a role"),
    "grant": msgid("a role"),
    "revoke": msgid("a role"),
}
UNDO_REFUSALS: dict[StrEnum, str] = {
    UndoRefusal.NO_SUCH_IMPORT: msgid("There is no such import."),
    UndoRefusal.UNDONE_BEFORE: msgid("This import was taken back before."),
    UndoRefusal.CHANGED_SINCE: msgid("This import stays, nothing was changed. Something stands on it now:"),
    UndoRefusal.SHEET_LOCKED: msgid("This import stays, nothing was changed. Its marks are on printed sheets:"),
    UndoRefusal.NOT_ALLOWED: msgid("This import stays: it reaches further than the institute your role is for."),
    UndoRefusal.TWO_NEEDED: msgid("This import stays: one person alone can no longer take it back. Propose it."),
}


class ShowUndoTable(CallbackData, prefix="undot"):
    """See mark by mark what it would mean."""

    number: int


class UndoAlone(CallbackData, prefix="undo1"):
    """Take it back, for the reason written."""

    number: int


class ProposeUndo(CallbackData, prefix="undo2"):
    """Propose to take it back, for the reason written."""

    number: int


def ask_undo(texts: Texts, done: Import) -> Screen:
    """Ask why an import is to be taken back."""
    return Screen(
        paragraphs(
            bold(texts("Take import № {number} back?", number=done.id)),
            lines(
                texts("{kind}: {file}", kind=texts(KINDS[Kind(done.kind)]), file=done.file_name),
                texts("All that it brought is withdrawn; the history keeps both."),
            ),
            texts("To go on, write why: ten letters or more. The students whose marks go will read it."),
            texts("Nothing happens yet: first you see what it would mean."),
        ),
        (cancel_button(texts),),
    )


def looking(texts: Texts, number: int) -> Screen:
    """Say that it is being worked out what taking an import back would mean."""
    return Screen(
        texts("⏳ Looking what taking import № {number} back would mean…", number=number),
        ((Button(texts.plain("How does it stand?"), OpenImport(number=number)),),),
    )


def outlook(texts: Texts, done: Import, reason: str, counted: Html, *, alone: bool, chair: bool, marks: bool) -> Screen:
    """Show what taking an import back would mean, with the button for it: alone, or to propose it."""
    number = done.id
    table: Rows = ((Button(texts.plain("Mark by mark (table)"), ShowUndoTable(number=number)),),) if marks else ()
    if alone:
        verdict = texts("Nobody has been told of these marks yet: you can take it back alone.") if marks else None
        button = Button(texts.plain("Take it back"), UndoAlone(number=number))
    else:
        verdict = texts("It takes a second person. They are asked once you propose it.")
        button = Button(texts.plain("Propose"), ProposeUndo(number=number))
    return Screen(
        paragraphs(
            bold(texts("Take import № {number} back?", number=number)),
            lines(texts("{kind}: {file}", kind=texts(KINDS[Kind(done.kind)]), file=done.file_name), counted),
            texts("Reason: {reason}", reason=reason),
            lines(
                texts("⚖️ First the chair of the appeal commission has to agree.") if chair else None,
                verdict,
            ),
        ),
        (*table, (button,), cancel_button(texts)),
    )


def table(texts: Texts, number: int, content: bytes) -> tuple[Screen, ...]:
    """Give the table of marks as a file, under a line that takes the place of the waiting."""
    return (
        Screen(texts("What taking import № {number} back would mean, mark by mark.", number=number)),
        Screen(
            texts("Import № {number}", number=number), document=File(f"import-{number}.csv", content), protected=True
        ),
    )


def reason_gone(texts: Texts, number: int) -> Screen:
    """Answer a button whose reason is no longer kept."""
    return Screen(
        texts("This form is over. Begin anew:"),
        (undo_button(texts, number), to_files(texts)),
        anew=True,
    )


def taking_back(texts: Texts, number: int) -> Screen:
    """Say that an import is being taken back."""
    return Screen(
        texts("⏳ Taking import № {number} back…", number=number),
        ((Button(texts.plain("How does it stand?"), OpenImport(number=number)),),),
    )


def undo_interrupted(texts: Texts, number: int) -> Screen:
    """Say that the bot stops in the middle; what became of it is looked up, not guessed."""
    return Screen(
        texts("Interrupted: the bot is restarting. Look in a minute how it stands."),
        ((Button(texts.plain("How does it stand?"), OpenImport(number=number)),),),
    )


def undone(texts: Texts, done: Undone) -> Screen:
    """Tell what was taken back."""
    return Screen(
        lines(
            bold(texts("↩️ Import № {number} is taken back.", number=done.import_id)),
            *what_was_undone(texts, done),
        ),
        (to_files(texts),),
    )


def what_was_undone(texts: Texts, done: Undone) -> tuple[Html | None, ...]:
    """Count what was taken back."""
    return (
        texts("Records changed: {n}", n=done.objects),
        texts("Students whose posted marks were withdrawn: {n}", n=len(done.students)) if done.students else None,
    )


def undo_refused(texts: Texts, number: int, refused: UndoRefused) -> Screen:
    """Tell why an import stays, and what stands on it."""
    named = [
        Button(texts.plain("Import № {number}", number=later), OpenImport(number=later)) for later in _later(refused)
    ]
    rows: Rows = [named[start : start + 2] for start in range(0, len(named), 2)]
    return Screen(
        lines(
            bold(texts("Import № {number}", number=number)),
            texts(UNDO_REFUSALS[refused.reason]),
            *(_dependent(texts, each) for each in refused.dependents),
        ),
        (*rows, to_files(texts)),
    )


def _later(refused: UndoRefused) -> list[int]:
    return sorted(
        {each.cause_id for each in refused.dependents if each.cause == "import" and each.cause_id is not None}
    )


def _dependent(texts: Texts, each: Dependent) -> Html:
    if each.cause in CAUSES and each.cause_id is not None:
        cause = texts.plain(CAUSES[each.cause], number=each.cause_id)
    else:
        cause = texts.plain(STANDS_ON[each.cause]) if each.cause in STANDS_ON else each.cause
    return texts("– {what} {which}: {cause}", what=texts(OBJECTS[each.object]), which=" · ".join(each.key), cause=cause)
