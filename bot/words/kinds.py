"""The words of each kind of request: one block a kind. How they are refused stands in `bot/words/requests.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.i18n import msgid
from policy.appeals import AppealRefusal
from policy.requests import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    """How a kind is spoken of in the chat.

    `name` is what it is called, `late` where it is taken after its time, `named` with a `{course}` on a button. `key`
    files it where a key does, `hint` says what to write. `refusals` are said otherwise of it than of others.
    """

    name: str
    late: str | None = None
    named: str | None = None
    key: str | None = None
    hint: str | None = None
    refusals: Mapping[StrEnum, str] = field(default_factory=dict)


KIND_WORDS: Mapping[Kind, KindWords] = {
    Kind.APPEAL: KindWords(
        name=msgid("Appeal against the exam mark"),
        named=msgid("Appeal: {course}"),
        hint=msgid("Say which question or task you disagree with, and why."),
    ),
    Kind.APPEAL_PROCEDURE: KindWords(
        name=msgid("Complaint about how the exam was held"),
        late=msgid("Late complaint about how the exam was held"),
        named=msgid("Complaint: {course}"),
        hint=msgid("Say what went wrong: when, where, who saw it."),
        refusals={
            AppealRefusal.NOT_OPEN_YET: msgid("The exam has not begun yet."),
            AppealRefusal.WINDOW_CLOSED: msgid("The time to complain is over: {until}."),
            AppealRefusal.ALREADY_FILED: msgid("A complaint about this exam is open already."),
            AppealRefusal.ALREADY_DECIDED: msgid("The complaint about this exam is decided: there is no second one."),
        },
    ),
    Kind.RETAKE: KindWords(
        name=msgid("Retake of an exam"),
        key=msgid("✅ Apply for the retake"),
    ),
    Kind.MISSED_EXAM: KindWords(
        name=msgid("Exam in the additional period"),
        key=msgid("✅ Apply for the exam"),
    ),
}
