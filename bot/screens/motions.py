"""Motions: what waits for a second person, laid open for whoever may agree, and what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, escape, lines, msgid, paragraphs
from bot.screen import Button, Screen
from bot.screens.cancel import cancel_button
from bot.screens.corrections import REFUSALS as CORRECTION_REFUSALS
from bot.screens.corrections import StartCorrection, change
from bot.screens.exports import said as said_of_file
from bot.screens.imports import KINDS, counted, role_changes
from bot.screens.menu import OpenMotions, back
from bot.screens.roles import REFUSALS as ROLE_REFUSALS
from bot.screens.sheets import REFUSALS as SHEET_REFUSALS
from bot.screens.undoing import UNDO_REFUSALS, ShowUndoTable
from bot.words.courses import course_name, period_name
from bot.words.records import WORDS
from policy.decision import Refused
from policy.people import Role
from policy.sheets import SheetRefusal
from policy.two_people import MotionKind, TwoPeopleRefusal
from services.corrections import CorrectionRefusal
from services.importing import Counts, Kind, UndoRefusal
from services.importing.loading import from_folder
from services.motions.cases import MotionCase
from services.motions.moving import MotionRefusal
from services.roles import RoleRefusal
from services.sheets import PrintingRefusal
from storage.records import Motion, MotionState, Person

NAMES_SHOWN = 5
TITLES = {
    MotionKind.CORRECTION: msgid("Correction of a mark"),
    MotionKind.UNDO: msgid("Taking an import back"),
    MotionKind.LOAD: msgid("Loading a file"),
    MotionKind.ROLE: msgid("Role"),
    MotionKind.UNLOCK: msgid("Undoing the lock of a sheet"),
}
REFUSALS: Mapping[type[StrEnum], Mapping[StrEnum, str]] = {  # by their type: equal words are equal keys
    CorrectionRefusal: CORRECTION_REFUSALS,
    UndoRefusal: UNDO_REFUSALS,
    SheetRefusal: SHEET_REFUSALS,
    PrintingRefusal: SHEET_REFUSALS,
    RoleRefusal: ROLE_REFUSALS,
    MotionRefusal: {
        MotionRefusal.NO_REASON: msgid("A reason is needed: write it in a few words."),
        MotionRefusal.REASON_TOO_SHORT: msgid("The reason is too short: others will read it. Ten letters at least."),
        MotionRefusal.ONE_IS_WAITING: msgid("The same waits for a second person already."),
        MotionRefusal.UNKNOWN: msgid("There is no such proposal, or it is not one for your role."),
        MotionRefusal.ALREADY_DECIDED: msgid("It was decided already."),
        MotionRefusal.EXPIRED: msgid("Nobody decided it in time, and the time is over. It can be proposed anew."),
        MotionRefusal.CHANGED_SINCE: msgid(
            "What it is about has changed since it was proposed. Refuse it and propose it anew."
        ),
        MotionRefusal.CHAIR_NEEDED: msgid("Appeals stand on it: the chair of their commission has to agree first."),
        MotionRefusal.NOT_ASKED: msgid("The chair's consent is not asked for here, or it is given already."),
    },
    TwoPeopleRefusal: {
        TwoPeopleRefusal.SAME_PERSON: msgid("You proposed it yourself: somebody else has to confirm it."),
        TwoPeopleRefusal.NO_ROLE: msgid("You hold no role that may confirm this."),
        TwoPeopleRefusal.TERM_OVER: msgid("The term of your role is over: it confirms nothing any more."),
        TwoPeopleRefusal.OTHER_INSTITUTE: msgid("It concerns more than the institute your role is for."),
        TwoPeopleRefusal.LECTURER: msgid(
            "You teach or examine this course. To avoid a conflict of interest somebody else has to confirm it."
        ),
        TwoPeopleRefusal.GAINS: msgid("It concerns you yourself: somebody else has to confirm it."),
        TwoPeopleRefusal.MADE_ABLE: msgid(
            "You two count as one for a week: one has invited the other, moved their link or replaced their phone."
        ),
    },
}
UNREACHED = (TwoPeopleRefusal.NO_ROLE, TwoPeopleRefusal.TERM_OVER, TwoPeopleRefusal.OTHER_INSTITUTE)


class OpenMotion(CallbackData, prefix="fixo"):
    """Read a motion."""

    number: int


class CarryMotion(CallbackData, prefix="fixy"):
    """Confirm it as the second person."""

    number: int


class ShowLoadTable(CallbackData, prefix="fixt"):
    """See all the values that the file of a motion would change."""

    number: int


class AgreeMotion(CallbackData, prefix="fixa"):
    """Agree to it as the chair of the appeal commission."""

    number: int


class RefuseMotion(CallbackData, prefix="fixn"):
    """Refuse it, or take one's own back."""

    number: int


def waiting(texts: Texts, those: Sequence[Motion], people: Mapping[str, Person], *, may_correct: bool) -> Screen:
    """List what waits for a second person."""
    begin = (Button(texts.plain("Correct a mark"), StartCorrection()),)
    return Screen(
        paragraphs(
            bold(texts("For a second person")),
            texts("These wait for a second person:") if those else texts("Nothing waits for a second person."),
            None
            if those
            else texts(
                "Posted marks, printed sheets and roles are changed by two people: one proposes, another confirms."
            ),
        ),
        (
            *((Button(_entry(texts, each, people), OpenMotion(number=each.id)),) for each in those),
            *((begin,) if may_correct else ()),
            back(texts),
        ),
    )


def _entry(texts: Texts, motion: Motion, people: Mapping[str, Person]) -> str:
    told = motion.content
    match motion.kind:
        case MotionKind.CORRECTION:
            student = people.get(motion.student_id or "")
            about = f"{student.name.short if student else motion.student_id} · {told['course_code']}"
        case MotionKind.UNDO:
            about = texts.plain("Import № {number}", number=told["import"])
        case MotionKind.LOAD:
            about = told["file"]
        case MotionKind.ROLE:
            person = people.get(told["person"])
            about = f"{person.name.short if person else told['person']} · {texts.plain(WORDS[Role(told['role'])])}"
        case MotionKind.UNLOCK:
            about = f"{told['course_code']} · {told['group']}"
    return f"№ {motion.id} · {about}"


def motion(texts: Texts, case: MotionCase, *, said: Html | None = None) -> Screen:
    """Show a motion: to whoever may decide it with the decision, to its mover with the way back, decided by whom."""
    of = case.motion
    if not of.open:
        return _decided(texts, case)
    return Screen(
        paragraphs(
            said,
            bold(
                texts("№ {number} waits to be confirmed", number=of.id)
                if from_folder(of)
                else texts("№ {number} waits for a second person", number=of.id)
            ),
            lines(bold(texts(TITLES[of.kind])), *_about(texts, case)),
            _told_of_file(texts, of),
            _reason(texts, of),
            lines(
                _proposed(texts, case),
                texts("To be decided until {until}", until=case.opened.expires_at),
                *_chair(texts, case),
                *_others(texts, case),
            ),
        ),
        (*_ways(texts, case), _up(texts)),
        protected=of.kind is MotionKind.CORRECTION,
    )


def _reason(texts: Texts, of: Motion) -> Html | None:
    return None if from_folder(of) else texts("Reason: {reason}", reason=of.reason)


def _proposed(texts: Texts, case: MotionCase) -> Html:
    of = case.motion
    if from_folder(of):
        return texts("From the watched folder, {at}", at=of.moved_at)
    name = case.name(of.moved_by) if of.moved_by else texts.plain("command line")
    return texts("Proposed by {name}, {at}", name=name, at=of.moved_at)


def _told_of_file(texts: Texts, of: Motion) -> Html | None:
    """Say what a preview of its file says."""
    if of.kind is not MotionKind.LOAD:
        return None
    return paragraphs(counted(texts, Counts(**of.content["rows"])), said_of_file(texts, of.content))


def _about(texts: Texts, case: MotionCase) -> Iterator[Html | None]:
    told = case.motion.content
    match case.motion.kind:
        case MotionKind.CORRECTION:
            found = case.correction
            yield (
                change(texts, found.student, found.compared)
                if found
                else texts("The records no longer have this mark.")
            )
        case MotionKind.UNDO:
            yield from _undo(texts, case)
        case MotionKind.LOAD:
            yield texts("📄 {file}", file=told["file"])
            yield texts(KINDS[Kind(told["kind"])])
            yield from role_changes(texts, told["changes"], told["number"], case.names)
            if told["marks"]:
                yield texts("Students whose withdrawn marks become others: {n}", n=told["marks"])
            if told["phones"]:
                yield texts("Phones of people who hold a role: {n}", n=told["phones"])
        case MotionKind.ROLE:
            yield from role_changes(texts, [_change_told(told)], 1, case.names)
        case MotionKind.UNLOCK:
            name = course_name(texts, case.course) if case.course else told["course_code"]
            yield texts("{course}, {group}", course=name, group=told["group"])
            yield escape(period_name(texts, told["period"]))
            yield texts("Its marks can then be corrected by an upheld appeal again.")


def _undo(texts: Texts, case: MotionCase) -> Iterator[Html]:
    told, done = case.motion.content, case.done
    if done:
        yield texts("{kind}: {file}", kind=texts(KINDS[Kind(done.kind)]), file=done.file_name)
    yield from undo_counts(texts, told["counts"])
    yield from role_changes(texts, told["changes"], told["number"], case.names)


def undo_counts(texts: Texts, counts: Mapping[str, Any]) -> Iterator[Html]:
    """Count what taking an import back would do; `gpa_changes` may not be known."""
    if counts["marks"]:
        yield texts("Posted marks withdrawn: {n}", n=counts["marks"])
        yield texts("Students: {n}, told of these marks: {told}", n=counts["students"], told=counts["told"])
        yield texts(
            "Appeals on them: open {open}, decided {decided}",
            open=counts["appeals_open"],
            decided=counts["appeals_decided"],
        )
        yield texts("Other exams asked for or granted: {n}", n=counts["granted"])
        if counts["gpa_changes"] is not None:
            yield texts("Students whose GPA changes: {n}", n=counts["gpa_changes"])


def _change_told(told: Mapping[str, Any]) -> dict[str, Any]:
    facts = told["after"] or told["before"]
    return {
        "person": told["person"],
        "role": told["role"],
        "scope": told["scope"],
        "until": facts["until"],
        "held": told["before"] is not None,
        "holds": told["after"] is not None,
    }


def _chair(texts: Texts, case: MotionCase) -> Iterator[Html]:
    of = case.motion
    if of.agreed_by:
        yield texts("✅ The commission agrees: {name}, {at}", name=case.name(of.agreed_by), at=of.agreed_at)
    elif case.opened.waits_for_chair:
        yield texts("⚖️ Appeals stand on it: the commission's chair has to agree first.")


def _others(texts: Texts, case: MotionCase) -> Iterator[Html]:
    """Name who could do the next step where the reader cannot."""
    opened = case.opened
    if (opened.may_carry and not opened.waits_for_chair) or opened.may_agree:
        return
    could = opened.could_agree if opened.waits_for_chair else opened.could_carry
    names = ", ".join(case.name(each) for each in could[:NAMES_SHOWN])
    yield texts("Can confirm: {names}", names=names) if names else nobody_can(texts)


def nobody_can(texts: Texts) -> Html:
    """Say that there is no second person, and what to do."""
    return texts("Nobody can confirm it today. Who runs the server finds out why with kenes doctor.")


def _ways(texts: Texts, case: MotionCase) -> Iterator[tuple[Button, ...]]:
    opened, number = case.opened, case.motion.id
    sees_marks = opened.may_carry or opened.may_take_back
    if sees_marks and case.motion.kind is MotionKind.UNDO and case.motion.content["counts"]["marks"]:
        yield (Button(texts.plain("Mark by mark (table)"), ShowUndoTable(number=case.motion.content["import"])),)
    if sees_marks and case.motion.kind is MotionKind.LOAD and case.motion.content["values"]:
        yield (Button(texts.plain("All that changes, as a table"), ShowLoadTable(number=number)),)
    if opened.may_agree:
        yield (Button(texts.plain("The commission agrees"), AgreeMotion(number=number)),)
    if opened.may_carry and not opened.waits_for_chair:
        yield (Button(texts.plain("Confirm"), CarryMotion(number=number)),)
    if opened.may_take_back:
        yield (Button(texts.plain("Withdraw it…"), RefuseMotion(number=number)),)
    elif opened.may_carry or opened.may_agree:
        yield (Button(texts.plain("Refuse…"), RefuseMotion(number=number)),)


def _up(texts: Texts) -> tuple[Button, ...]:
    return (Button(texts.plain("« For a second person"), OpenMotions()),)


DECIDED = {
    MotionState.CARRIED: msgid("✅ Confirmed by {name}, {at}"),
    MotionState.REFUSED: msgid("❌ Refused by {name}, {at}. Reason: {reason}"),
    MotionState.EXPIRED: msgid("Nobody decided it in time: it is over since {at}"),
}
ANEW = msgid("The records have changed meanwhile. In a few minutes the file will be shown as it stands now.")
TAKEN_BACK = msgid("Withdrawn by {name}, {at}. Reason: {reason}")


def _decided(texts: Texts, case: MotionCase) -> Screen:
    """Say what became of a motion, who decided it, and how."""
    of = case.motion
    own = of.state is MotionState.REFUSED and of.decided_by == of.moved_by
    said = texts(
        TAKEN_BACK if own else ANEW if case.opened.ended_early else DECIDED[of.state],
        name=case.name(of.decided_by) if of.decided_by else texts.plain("command line"),
        at=of.decided_at,
        reason=of.decision_reason or "",
    )
    return Screen(
        paragraphs(
            bold(texts("№ {number}: {what}", number=of.id, what=texts(TITLES[of.kind]))),
            lines(*_about(texts, case)),
            _reason(texts, of),
            lines(_proposed(texts, case), said),
        ),
        (_up(texts),),
        protected=of.kind is MotionKind.CORRECTION,
    )


def why(texts: Texts, refused: Refused[Any]) -> Html:
    """Say why it cannot be proposed or decided."""
    over = texts("From {at} on you count as two again.", at=refused.until) if refused.until else None
    tied = over if refused.reason is TwoPeopleRefusal.MADE_ABLE else None
    return lines(texts("❌ {why}", why=texts(REFUSALS[type(refused.reason)][refused.reason])), tied)


def refused(texts: Texts, refusal: Refused[Any], case: MotionCase | None = None) -> Screen:
    """Say why a motion was not decided, and how it stands.

    Whose role does not reach it hears what they would if there were none.
    """
    if case is None:
        unreached = refusal.reason in UNREACHED
        return Screen(why(texts, Refused(MotionRefusal.UNKNOWN, ()) if unreached else refusal), (_up(texts),))
    if not case.motion.open:
        return motion(texts, case)
    return motion(texts, case, said=why(texts, refusal))


def proposed(texts: Texts, of: Motion, case: MotionCase, asked: int) -> Screen:
    """Confirm that a motion waits, and for whom."""
    opened = case.opened
    first = texts("⚖️ First the chair of the appeal commission has to agree.") if opened.waits_for_chair else None
    return Screen(
        paragraphs(
            bold(texts("✅ Proposed: № {number}", number=of.id)),
            lines(
                texts("It waits for a second person until {until}.", until=opened.expires_at),
                first,
                texts("Asked to confirm: {n}", n=asked) if asked else nobody_can(texts),
            ),
        ),
        ((Button(texts.plain("How does it stand?"), OpenMotion(number=of.id)),), _up(texts)),
    )


def carried(texts: Texts, case: MotionCase, *said: Html | None) -> Screen:
    """Confirm to the second person what took effect."""
    return Screen(
        paragraphs(
            lines(bold(texts("✅ № {number} is confirmed.", number=case.motion.id)), texts(TITLES[case.motion.kind])),
            lines(*said),
        ),
        (_up(texts),),
        anew=True,  # the card that was pressed says who confirmed it
    )


def corrected(texts: Texts, *, told: bool, window: bool) -> tuple[Html, ...]:
    """Say what a carried correction did."""
    return (
        texts("The student has been told.") if told else texts("The student is not linked: tell them yourself."),
        *((texts("A new appeal window is open."),) if window else ()),
    )


def carrying(texts: Texts, number: int) -> Screen:
    """Say that it is being done."""
    return Screen(
        texts("⏳ № {number} is being carried out…", number=number),
        ((Button(texts.plain("How does it stand?"), OpenMotion(number=number)),),),
    )


def tabulating(texts: Texts, number: int) -> Screen:
    """Say that the table is being made."""
    return Screen(texts("⏳ № {number}: the table is being made…", number=number))


def carrying_interrupted(texts: Texts, number: int) -> Screen:
    """Say that the bot stops in the middle; what became of it is looked up, not guessed."""
    return Screen(
        texts("Interrupted: the bot is restarting. Look in a minute how it stands."),
        ((Button(texts.plain("How does it stand?"), OpenMotion(number=number)),),),
    )


def ask_refusal(texts: Texts, of: Motion, *, own: bool) -> Screen:
    """Ask why a motion is refused, or taken back."""
    if own:
        asked = texts("To withdraw it, write why.")
    elif from_folder(of):
        asked = texts("To refuse it, write why. The registrars will read it.")
    else:
        asked = texts("To refuse it, write why. The one who proposed it will read it.")
    return Screen(paragraphs(bold(texts("№ {number}", number=of.id)), asked), (cancel_button(texts),))


def declined(texts: Texts, number: int) -> Screen:
    """Confirm that everything stays as it was."""
    return Screen(texts("№ {number} is refused. Everything stays as it was.", number=number), (_up(texts),))


def news(texts: Texts, case: MotionCase) -> Screen:
    """Tell whoever moved it what became of it."""
    return _decided(texts, case)


def role_news(texts: Texts, content: Mapping[str, Any], people: Mapping[str, Person]) -> Screen:
    """Tell of roles that changed, by whom, and who agreed."""

    names = {person_id: person.name.short for person_id, person in people.items()}

    def name(person_id: str | None) -> str:
        return names.get(person_id, person_id) if person_id else texts.plain("command line")

    second = content["second"]
    return Screen(
        paragraphs(
            bold(texts("Roles have changed")),
            lines(*role_changes(texts, content["changes"], content["number"], names)),
            lines(
                texts("Changed by: {name}", name=name(content["by"])),
                texts("Agreed: {name}", name=name(second)) if second else None,
                None if content["by"] or second else texts("The command line acts for the owner of the server, alone."),
            ),
            texts("If you did not expect it, tell the administrators at once."),
        )
    )
