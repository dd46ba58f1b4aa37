"""The application for an exam that was missed, in the additional period."""

from enum import StrEnum

from policy.decision import Refused
from policy.requests import Kind, RequestRules, RequestState
from policy.retakes import MissedCause
from services.requests.kinds.kind import FiledBy, RequestKind
from services.sittings import Sitting


def _filed_by(cause: str | None, rules: RequestRules) -> FiledBy:
    needed = cause == MissedCause.FEES and rules.fees_documents_needed
    return FiledBy.DOCUMENT if needed else FiledBy.KEY


def _causes(sitting: Sitting) -> tuple[StrEnum, ...]:
    causes = sitting.course.missed_causes
    return () if isinstance(causes, Refused) else causes


MISSED_EXAM = RequestKind(
    Kind.MISSED_EXAM,
    windows=lambda sitting, _: sitting.course.missed_exam,
    may_file=lambda sitting, filed, cause: sitting.course.may_take_missed_exam(MissedCause(cause or ""), filed),
    filed_by=_filed_by,
    choices=_causes,
    decisions={RequestState.APPROVED: (), RequestState.REFUSED: ()},
    gives_seat=True,
)
