"""`kenes correct`: put a clerical error in a posted mark right, with a reason and a second person."""

from decimal import Decimal
from typing import Any

import click

from kenes.commands.opening import Opened, with_database
from policy.decision import Refused
from policy.marks import Attempt, Outcome
from services.corrections import (
    Applied,
    CorrectionRefusal,
    Proposed,
    Values,
    confirm_correction,
    propose_correction,
    refuse_correction,
)
from storage.records import Correction

WHY = {
    CorrectionRefusal.NOT_ALLOWED: "{by} holds no role that corrects this student's marks. A registrar proposes; "
    "who may confirm stands in the profile. See `kenes grant`.",
    CorrectionRefusal.OWN_MARK: "nobody corrects their own marks. Ask another registrar.",
    CorrectionRefusal.NO_REASON: "no reason was given. Say it with --reason.",
    CorrectionRefusal.NO_SUCH_ATTEMPT: "there is no such mark. Check the student, period, course and --attempt.",
    CorrectionRefusal.NOT_POSTED: "this value is not posted yet. Use `kenes import marks`.",
    CorrectionRefusal.OUT_OF_RANGE: "a mark is a number from 0 to 100.",
    CorrectionRefusal.MARK_WITHOUT_EXAM: "an exam mark goes with the outcome took, and with no other.",
    CorrectionRefusal.NOTHING_CHANGES: "the mark says that already.",
    CorrectionRefusal.ONE_IS_WAITING: "a correction of this mark waits for a second person. Have it confirmed or "
    "refused first.",
    CorrectionRefusal.UNKNOWN: "there is no correction with this number.",
    CorrectionRefusal.SAME_PERSON: "{by} proposed it; somebody else has to confirm it.",
    CorrectionRefusal.ALREADY_DECIDED: "it was decided already.",
    CorrectionRefusal.EXPIRED: "nobody confirmed it before {until}. Propose it anew.",
    CorrectionRefusal.CHANGED_SINCE: "the mark has changed since it was proposed. Look at it and propose it anew.",
}


class Mark(click.ParamType[Decimal]):
    """A number with a decimal comma or point; its range is the rule's to check."""

    name = "mark"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Read the number, exactly."""
        try:
            return Decimal(str(value).replace(",", "."))
        except ArithmeticError:
            self.fail(f"{value!r} is not a number", param, ctx)


@click.command
@click.argument("student", required=False)
@click.argument("period", required=False)
@click.argument("course", required=False)
@click.option("--attempt", type=click.IntRange(min=1), help="Which sitting; the latest when left out.")
@click.option("--rating1", type=Mark())
@click.option("--rating2", type=Mark())
@click.option("--exam", type=Mark())
@click.option("--outcome", type=click.Choice([outcome.value for outcome in Outcome]))
@click.option("--reason", default="", help="What was wrong and how it is known; the student can read it.")
@click.option("--confirm", type=int, metavar="ID", help="Confirm the correction with this number.")
@click.option("--refuse", type=int, metavar="ID", help="Refuse it, or take one's own back, with a --reason.")
@click.option("--by", required=True, metavar="PERSON", help="Who does this, by id.")
def correct(
    *,
    student: str | None,
    period: str | None,
    course: str | None,
    attempt: int | None,
    rating1: Decimal | None,
    rating2: Decimal | None,
    exam: Decimal | None,
    outcome: str | None,
    reason: str,
    confirm: int | None,
    refuse: int | None,
    by: str,
) -> None:
    """Propose to correct a posted mark of STUDENT in PERIOD and COURSE, or confirm or refuse a proposal.

    A correction takes effect when a second person confirms it; the old value stays in the history.
    """
    values = Values(rating1, rating2, exam, Outcome(outcome) if outcome else None)
    names = (student, period, course)
    if (confirm is not None) + (refuse is not None) + any(names) != 1:
        raise click.UsageError("Give either STUDENT PERIOD COURSE with what changes, or --confirm ID, or --refuse ID.")
    if any(names) == (values == Values()):
        raise click.UsageError(
            "What changes (--exam, --rating1, --rating2, --outcome) goes with STUDENT PERIOD COURSE."
        )
    if any(names) and not all(names):
        raise click.UsageError("A mark is named by STUDENT, PERIOD and COURSE.")

    async def task(opened: Opened) -> Proposed | Applied | Correction | Refused[CorrectionRefusal]:
        now, profile = opened.now, opened.profile
        async with opened.database.write() as storage:
            if confirm is not None:
                return await confirm_correction(storage, correction_id=confirm, by=by, now=now, profile=profile)
            if refuse is not None:
                return await refuse_correction(
                    storage, correction_id=refuse, by=by, reason=reason, now=now, profile=profile
                )
            return await propose_correction(
                storage,
                student_id=student or "",
                period=period or "",
                course_code=course or "",
                attempt=attempt,
                values=values,
                reason=reason,
                by=by,
                now=now,
                profile=profile,
            )

    done = with_database(task)
    match done:
        case Refused():
            why = WHY[done.reason].format(by=by, until=done.until and f"{done.until:%Y-%m-%d %H:%M} UTC")
            raise click.ClickException(f"Nothing was changed: {why}")
        case Proposed():
            click.echo(f"Correction {done.correction_id} waits for a second person: {_said(done.before, done.after)}.")
            click.echo(
                f"Before {done.expires_at:%Y-%m-%d %H:%M} UTC: kenes correct --confirm {done.correction_id} --by PERSON"
            )
        case Applied():
            click.echo(
                f"Corrected: {done.student_id}, {done.period}, {done.course_code}: {_said(done.before, done.after)}."
            )
            click.echo("The student is told by the bot, if linked: a new appeal window runs from now.")
        case Correction():
            click.echo(f"Correction {done.id} is refused; the mark stays as it was.")


def _said(before: Attempt, after: Attempt) -> str:
    """Say what differs, as `exam 54 -> 64`."""
    return ", ".join(
        f"{name} {_value(getattr(before, name))} -> {_value(getattr(after, name))}"
        for name in ("rating1", "rating2", "exam", "outcome")
        if getattr(before, name) != getattr(after, name)
    )


def _value(value: object) -> str:
    return "none" if value is None else str(value)
