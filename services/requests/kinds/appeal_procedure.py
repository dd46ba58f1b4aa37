"""The complaint about how an exam was held."""

from policy.requests import Kind, RequestState
from services.requests.kinds.kind import RequestKind, by_text

APPEAL_PROCEDURE = RequestKind(
    Kind.APPEAL_PROCEDURE,
    windows=lambda sitting, _: sitting.complaint,
    may_file=lambda sitting, filed, _: sitting.may_complain(filed),
    filed_by=by_text,
    decisions={RequestState.UPHELD: (), RequestState.REFUSED: ()},
    each_sitting=True,
    about_mark=False,
    late_too=True,
)
