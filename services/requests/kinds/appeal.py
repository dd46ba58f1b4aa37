"""The appeal against the mark of an exam."""

from policy.requests import Kind, RequestState
from services.requests.consequences import cancel_retakes, raise_mark, tell_registrar
from services.requests.kinds.kind import RequestKind, by_text

APPEAL = RequestKind(
    Kind.APPEAL,
    windows=lambda sitting, at: sitting.appeal_at(at),
    may_file=lambda sitting, filed, _: sitting.may_appeal(filed),
    filed_by=by_text,
    decisions={RequestState.UPHELD: (raise_mark, cancel_retakes, tell_registrar), RequestState.REFUSED: ()},
    each_sitting=True,
    gives_points=True,
)
