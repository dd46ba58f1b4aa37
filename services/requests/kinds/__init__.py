"""The kinds of requests: who may file each, what it must come with, who decides it and what a decision does.

How to add a kind: name it in `policy.requests.Kind` with its queue, write the rule that says who may file it and until
when, declare it in a module here with what its decisions do (`services/requests/consequences.py`), word it in
`bot/words/kinds.py` and name the list it is offered in (`bot/screens/requests/lists.py`). Form, receipt, list,
withdrawal, cards, decision, history and notices follow.
"""

from collections.abc import Mapping

from policy.requests import Kind
from services.requests.kinds.appeal import APPEAL
from services.requests.kinds.appeal_procedure import APPEAL_PROCEDURE
from services.requests.kinds.kind import FiledBy, RequestKind
from services.requests.kinds.missed_exam import MISSED_EXAM
from services.requests.kinds.retake import RETAKE

KINDS: Mapping[Kind, RequestKind] = {each.kind: each for each in (APPEAL, APPEAL_PROCEDURE, RETAKE, MISSED_EXAM)}
AFTER_FX = frozenset(kind for kind, declared in KINDS.items() if declared.after_fx)

__all__ = ["AFTER_FX", "KINDS", "FiledBy", "RequestKind"]
