"""The application for a retake after an FX."""

from policy.requests import Kind, RequestState
from services.requests.kinds.kind import RequestKind, by_key

RETAKE = RequestKind(
    Kind.RETAKE,
    windows=lambda sitting, _: sitting.course.retake,
    may_file=lambda sitting, filed, _: sitting.course.may_retake(filed),
    filed_by=by_key,
    decisions={RequestState.APPROVED: (), RequestState.REFUSED: ()},
    gives_seat=True,
    after_fx=True,
)
