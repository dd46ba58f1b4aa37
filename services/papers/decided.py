"""A decision as it stands on papers: what was decided, why, and who answers for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from policy.requests import Kind, RequestState, desk_of
from services.papers.wording import Words, mark
from services.requests.kinds import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedDecision:
    """A signed decision; ``outcome`` is upheld, approved or refused, the people are named in full.

    ``points`` are None where none were added. ``final`` is None where the exam decided failure or the course has no
    final mark yet; ``letter`` is None where there is none.
    """

    outcome: RequestState
    reason: str  # in the language it was written in
    prepared_by: str
    signed_by: str
    signed_at: datetime
    mark_before: Decimal | int | None = None
    points: int | None = None
    mark_after: Decimal | int | None = None
    final: int | None = None
    letter: str | None = None
    replaces_signed_at: datetime | None = None  # the refusal that this decision takes the place of
    seat_at: datetime | None = None  # when and where an approved exam is held
    seat_room: str = ""


def decision_text(decision: PrintedDecision, kind: Kind, words: Words) -> str:
    """Return what was decided, with the marks it leads to, in one line."""
    return " ".join(_sentences(decision, kind, words))


def signature_text(decision: PrintedDecision, words: Words) -> str:
    """Return who prepared and who signed a decision, and when."""
    at = words.instant(decision.signed_at)
    return words("decisions", "signed", prepared_by=decision.prepared_by, signed_by=decision.signed_by, at=at)


def _sentences(decision: PrintedDecision, kind: Kind, words: Words) -> Iterable[str]:
    refused = decision.outcome is RequestState.REFUSED
    yield words("decisions", desk_of(kind).names(decision.outcome))
    if refused and KINDS[kind].gives_points and decision.mark_before is not None:
        yield words("decisions", "unchanged", mark=mark(decision.mark_before))
    if decision.points is not None and decision.mark_after is not None:
        yield words("decisions", "points", points=decision.points, mark=mark(decision.mark_after))
    if decision.final is not None and decision.letter is not None:
        yield words("decisions", "final", final=decision.final, letter=decision.letter)
    elif decision.letter is not None:
        yield words("decisions", "letter", letter=decision.letter)
    if decision.seat_at is not None:
        yield words("decisions", "seat", at=words.instant(decision.seat_at), room=decision.seat_room)
    if decision.replaces_signed_at is not None:
        yield words("decisions", "earlier", at=words.instant(decision.replaces_signed_at))
