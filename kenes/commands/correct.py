"""`kenes correct`: put a clerical error in a posted mark right, with a reason and a second person."""

from decimal import Decimal
from typing import Any

import click

from kenes.commands.opening import Opened, with_database
from policy.decision import Refused
from policy.marks import Attempt, Outcome
from policy.two_people import TwoPeopleRefusal
from services.corrections import CorrectionRefusal, Proposed, Values, propose_correction
from services.motions.deciding import refuse
from services.motions.moving import MotionRefusal
from storage.records import Motion

WHY = {
    CorrectionRefusal.NO_SUCH_ATTEMPT: "there is no such mark. Check the student, period, course and --attempt.",
    CorrectionRefusal.NOT_POSTED: "this value is not posted yet. Use `kenes import marks`.",
    CorrectionRefusal.OUT_OF_RANGE: "a mark is a number from 0 to 100.",
    CorrectionRefusal.MARK_WITHOUT_EXAM: "an exam mark goes with the outcome took, and with no other.",
    CorrectionRefusal.NOTHING_CHANGES: "the mark says that already.",
    MotionRefusal.NO_REASON: "no reason was given. Say it with --reason.",
    MotionRefusal.REASON_TOO_SHORT: "the reason is too short: the student reads it. Ten letters at least.",
    MotionRefusal.ONE_IS_WAITING: "a correction of this mark waits for a second person. Have it confirmed or "
    "refused first.",
    MotionRefusal.UNKNOWN: "there is no correction with this number.",
    MotionRefusal.ALREADY_DECIDED: "it was decided already.",
    MotionRefusal.EXPIRED: "nobody confirmed it before {until}. Propose it anew.",
    TwoPeopleRefusal.NO_ROLE: "somebody else proposed it: it is refused in the chat.",
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
@click.option("--reason", default="", help="What was wrong and how it is known; the student reads it.")
@click.option("--withdraw", type=int, metavar="ID", help="Take back what the command line proposed, with a --reason.")
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
    withdraw: int | None,
) -> None:
    """Propose to correct a posted mark of STUDENT in PERIOD and COURSE.

    Somebody who may confirms or refuses it in the chat, never the command line; the old value stays in the history.
    """
    values = Values(rating1, rating2, exam, Outcome(outcome) if outcome else None)
    names = (student, period, course)
    if (withdraw is not None) + any(names) != 1:
        raise click.UsageError("Give either STUDENT PERIOD COURSE with what changes, or --withdraw ID.")
    if any(names) == (values == Values()):
        raise click.UsageError(
            "What changes (--exam, --rating1, --rating2, --outcome) goes with STUDENT PERIOD COURSE."
        )
    if any(names) and not all(names):
        raise click.UsageError("A mark is named by STUDENT, PERIOD and COURSE.")

    async def task(opened: Opened) -> Proposed | Motion | Refused[Any]:
        now, profile = opened.now, opened.profile
        async with opened.database.write() as storage:
            if withdraw is not None:
                return await refuse(storage, number=withdraw, by=None, reason=reason, now=now, profile=profile)
            return await propose_correction(
                storage,
                student_id=student or "",
                period=period or "",
                course_code=course or "",
                attempt=attempt,
                values=values,
                reason=reason,
                by=None,
                now=now,
                profile=profile,
            )

    done = with_database(task)
    match done:
        case Refused():
            why = WHY[done.reason].format(until=done.until and f"{done.until:%Y-%m-%d %H:%M} UTC")
            raise click.ClickException(f"Nothing was changed: {why}")
        case Proposed():
            click.echo(f"Correction {done.motion.id} waits for a second person: {_said(done.before, done.after)}.")
            click.echo(f"It is confirmed in the chat, before {done.expires_at:%Y-%m-%d %H:%M} UTC: /confirm")
        case Motion():
            click.echo(f"Correction {done.id} is withdrawn; the mark stays as it was.")


def _said(before: Attempt, after: Attempt) -> str:
    """Say what differs, as `exam 54 -> 64`."""
    return ", ".join(
        f"{name} {_value(getattr(before, name))} -> {_value(getattr(after, name))}"
        for name in ("rating1", "rating2", "exam", "outcome")
        if getattr(before, name) != getattr(after, name)
    )


def _value(value: object) -> str:
    return "none" if value is None else str(value)
