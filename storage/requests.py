"""Requests: what students file about their exams, the decisions on it and its documents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from policy.marks import Outcome
from policy.requests import OPEN, Kind, RequestState
from storage.connection import Connection
from storage.tables import changes, decisions, request_documents, requests
from storage.upsert import NAMES_AT_ONCE, chunks


class ExamKey(NamedTuple):
    """One sitting of a student: `period` reads `2025-2026/1`, `attempt` counts from 1."""

    period: str
    course_code: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision that waits for a signature; `points` are those added to the exam mark."""

    outcome: RequestState
    points: int | None
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What the staff asked the student before deciding; `answer` is None while it is waited for."""

    question: str
    asked_by: str
    asked_at: datetime
    answer: str | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """When and where an approved exam is held."""

    starts_at: datetime
    room: str


@dataclass(frozen=True, slots=True)
class KeptWindow:
    """The window something was filed in, as it was then: by which rule (`basis`, a value of the policy) it closes."""

    opens_at: datetime
    basis: str
    counted_from: date


@dataclass(frozen=True, slots=True)
class KeptMark:
    """What stood posted of a sitting when something was filed about it; nothing at all while no mark had come."""

    exam: Decimal | None = None
    outcome: Outcome | None = None
    posted_at: datetime | None = None
    corrected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewRequest:
    """What is filed: `closes_at` and `due_at` are its window's end and the day of its answer as they were then."""

    kind: Kind
    student_id: str
    exam: ExamKey
    choice: str | None
    reason: str | None
    filed_at: datetime
    received_at: datetime
    registered_by: str | None
    closes_at: datetime
    due_at: datetime
    window: KeptWindow | None = None
    mark: KeptMark | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands; `version` grows with every step.

    `window` and `mark` are those of its filing, None where they were not kept then.
    """

    id: int
    kind: Kind
    student_id: str
    exam: ExamKey
    choice: str | None
    reason: str | None
    filed_at: datetime
    received_at: datetime
    registered_by: str | None
    closes_at: datetime
    due_at: datetime
    paused_at: datetime | None
    inquiries: tuple[Inquiry, ...]
    state: RequestState
    version: int
    taken_by: str | None
    taken_at: datetime | None
    proposal: Proposal | None
    substitute: str | None
    seat: Seat | None
    entered_at: datetime | None
    entered_by: str | None
    window: KeptWindow | None = None
    mark: KeptMark | None = None

    @property
    def open(self) -> bool:
        """Tell whether it waits for a decision."""
        return self.state in OPEN

    @property
    def stands(self) -> bool:
        """Tell whether it waits for a decision or has one: it was neither withdrawn nor made void."""
        return self.state not in {RequestState.WITHDRAWN, RequestState.VOID}

    @property
    def late(self) -> bool:
        """Tell whether it was filed after its time: what no regulation limits is taken late too."""
        return self.filed_at >= self.closes_at

    def takes_until_closed(self, instant: datetime) -> bool:
        """Tell whether what is sent for it at an instant is in time; what was late itself has no time to keep."""
        return self.late or instant < self.closes_at


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A signed decision; the marks are the exam marks before and after it, None where it was about none.

    `mark_posted_at` and `mark_corrected_at` say which posting of the mark it was about.
    """

    request_id: int
    outcome: RequestState
    points: int | None
    reason: str
    prepared_by: str
    prepared_at: datetime
    signed_by: str
    signed_at: datetime
    mark_before: Decimal | None
    mark_after: Decimal | None
    mark_posted_at: datetime | None = None
    mark_corrected_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(NewDecision):
    """A decision with its number."""

    id: int


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as Telegram announced it: `media` is `photo` or `document`, `size` in bytes where it was said."""

    file_name: str
    media: str
    mime_type: str | None
    size: int | None
    file_id: str
    file_unique_id: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a request; `sha256` (64 hexadecimal digits) is None until it is stored."""

    id: int
    request_id: int
    file: SentFile
    sent_at: datetime
    added_by: str
    sha256: str | None
    stored_at: datetime | None
    error: str | None


class Requests:
    """Requests by their number; an exam has one open request of a kind at most."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, one: NewRequest) -> Request | None:
        """Keep a request and return it; None while the exam has an open one of this kind."""
        row = {
            "kind": one.kind,
            "student_id": one.student_id,
            **_exam(one.exam),
            "choice": one.choice,
            "reason": one.reason,
            "filed_at": one.filed_at,
            "received_at": one.received_at,
            "registered_by": one.registered_by,
            "closes_at": one.closes_at,
            "due_at": one.due_at,
            **_kept(one.window, one.mark),
            "state": RequestState.FILED,
            "version": 1,
            "inquiries": [],
        }
        statement = self._insert(requests).on_conflict_do_nothing().returning(*requests.c)
        added = (await self._connection.execute(statement, row)).first()
        return _request(added) if added else None

    async def by_id(self, request_id: int, *, lock: bool = False) -> Request | None:
        """Give a request; with `lock` it is the caller's alone until the transaction ends."""
        statement = _BY_ID_LOCKED if lock else _BY_ID
        row = (await self._connection.execute(statement, {"id": request_id})).first()
        return _request(row) if row else None

    async def by_ids(self, request_ids: Iterable[int]) -> dict[int, Request]:
        """Give those of these requests that are there, by number."""
        found = {}
        for chunk in chunks(dict.fromkeys(request_ids), NAMES_AT_ONCE):
            for row in await self._connection.execute(_BY_IDS, {"ids": chunk}):
                found[row.id] = _request(row)
        return found

    async def save(self, changed: Request) -> Request | None:
        """Keep the next step of a request as it was read, and return it; None when another step came first."""
        after = replace(changed, version=changed.version + 1)
        kept = await self._connection.execute(
            _SAVE, {"of_id": changed.id, "of_version": changed.version, **_row(after)}
        )
        return after if kept.rowcount else None

    async def of_student(self, student_id: str) -> tuple[Request, ...]:
        """Give every request of a student, oldest first."""
        return tuple(map(_request, await self._connection.execute(_OF_STUDENT, {"student_id": student_id})))

    async def of_exam(self, student_id: str, exam: ExamKey) -> tuple[Request, ...]:
        """Give every request about one sitting, oldest first."""
        rows = await self._connection.execute(_OF_EXAM, {"student_id": student_id, **_exam(exam)})
        return tuple(map(_request, rows))

    async def of_exams(self, exams: Iterable[tuple[str, ExamKey]]) -> tuple[Request, ...]:
        """Give every request about these sittings of these students, whatever became of it, oldest first."""
        wanted = set(exams)
        courses = {(exam.period, exam.course_code) for _, exam in wanted}
        found = [
            each
            for period, course in sorted(courses)
            for each in await self.of_course(period, course)
            if (each.student_id, each.exam) in wanted
        ]
        return tuple(sorted(found, key=lambda each: each.id))

    async def of_course(self, period: str, course_code: str) -> tuple[Request, ...]:
        """Give every request about a course in a period, whatever became of it, oldest first."""
        rows = await self._connection.execute(_OF_COURSE, {"period": period, "course_code": course_code})
        return tuple(map(_request, rows))

    async def open_of_course(self, period: str, course_code: str) -> tuple[Request, ...]:
        """Give the open requests about a course in a period, oldest first."""
        rows = await self._connection.execute(_OPEN_OF_COURSE, {"period": period, "course_code": course_code})
        return tuple(map(_request, rows))

    async def in_states(self, kinds: Iterable[Kind], states: Iterable[RequestState]) -> tuple[Request, ...]:
        """Give the requests of these kinds that stand so, those to be answered first before the others."""
        rows = await self._connection.execute(_IN_STATES, {"kinds": list(kinds), "states": list(states)})
        return tuple(map(_request, rows))

    async def proposed_again(self, kinds: Iterable[Kind]) -> tuple[Request, ...]:
        """Give the refused requests of these kinds for which another decision is proposed, oldest first."""
        rows = await self._connection.execute(_PROPOSED_AGAIN, {"kinds": list(kinds)})
        return tuple(map(_request, rows))

    async def with_changed_marks(self, student_id: str | None = None) -> tuple[Request, ...]:
        """Give what waits for a decision, of a student or of all, while marks of its student changed since its filing.

        Which marks those are is the caller's to see.
        """
        statement = _CHANGED if student_id is None else _CHANGED.where(requests.c.student_id == student_id)
        return tuple(map(_request, await self._connection.execute(statement)))

    async def counted(self, kinds: Iterable[Kind], states: Iterable[RequestState]) -> int:
        """Count what `in_states` gives."""
        return await self._connection.scalar(_COUNTED, {"kinds": list(kinds), "states": list(states)}) or 0

    async def to_enter(self) -> tuple[Request, ...]:
        """Give what raised a mark that the registrar's office has not entered yet, oldest first."""
        return tuple(map(_request, await self._connection.execute(_TO_ENTER)))

    async def filed_between(self, kinds: Iterable[Kind], since: datetime, until: datetime) -> tuple[Request, ...]:
        """Give what was filed from an instant on and before another, oldest first."""
        rows = await self._connection.execute(_FILED, {"kinds": list(kinds), "since": since, "until": until})
        return tuple(map(_request, rows))

    async def decide(self, one: NewDecision) -> Decision:
        """Keep a signed decision for good."""
        row = {name: getattr(one, name) for name in NewDecision.__slots__}
        number = await self._connection.scalar(decisions.insert().returning(decisions.c.id), row)
        return Decision(**row, id=number)

    async def decisions_of(self, request_ids: Iterable[int]) -> dict[int, tuple[Decision, ...]]:
        """Give the decisions on these requests, the latest last."""
        found: dict[int, tuple[Decision, ...]] = {}
        for row in await self._connection.execute(_DECISIONS, {"ids": list(request_ids)}):
            decision = Decision(**{**row._asdict(), "outcome": RequestState(row.outcome)})
            found[decision.request_id] = (*found.get(decision.request_id, ()), decision)
        return found

    async def decided_between(self, kinds: Iterable[Kind], since: datetime, until: datetime) -> tuple[Decision, ...]:
        """Give the decisions on these kinds signed from an instant on and before another, oldest first."""
        rows = await self._connection.execute(_SIGNED, {"kinds": list(kinds), "since": since, "until": until})
        return tuple(Decision(**{**row._asdict(), "outcome": RequestState(row.outcome)}) for row in rows)

    async def add_document(self, request_id: int, file: SentFile, *, sent_at: datetime, by: str) -> Document | None:
        """Keep that a document belongs to a request, still to be fetched; None when it has it already."""
        row = {
            "request_id": request_id,
            "file_name": file.file_name,
            "media": file.media,
            "mime_type": file.mime_type,
            "size": file.size,
            "file_id": file.file_id,
            "file_unique_id": file.file_unique_id,
            "sent_at": sent_at,
            "added_by": by,
        }
        statement = self._insert(request_documents).on_conflict_do_nothing().returning(*request_documents.c)
        added = (await self._connection.execute(statement, row)).first()
        return _document(added) if added else None

    async def documents_of(self, request_id: int) -> tuple[Document, ...]:
        """Give the documents of a request in the order they came."""
        return tuple(map(_document, await self._connection.execute(_DOCUMENTS, {"request_id": request_id})))

    async def documents_size(self, student_id: str) -> int:
        """Return how many bytes the documents of a student's requests take, or will: as far as it was said."""
        return await self._connection.scalar(_DOCUMENTS_SIZE, {"student_id": student_id}) or 0

    async def document(self, document_id: int) -> Document | None:
        """Give a document by its number."""
        row = (await self._connection.execute(_DOCUMENT, {"id": document_id})).first()
        return _document(row) if row else None

    async def unstored_documents(self) -> tuple[Document, ...]:
        """Give the documents that are still to be fetched, oldest first."""
        return tuple(map(_document, await self._connection.execute(_UNSTORED)))

    async def mark_stored(self, document_id: int, *, sha256: str, size: int, at: datetime) -> bool:
        """Keep that a document is stored; False when it was, or was lost, before."""
        values = {"of_id": document_id, "new_sha256": sha256, "new_size": size, "new_at": at}
        return (await self._connection.execute(_MARK_STORED, values)).rowcount > 0

    async def mark_lost(self, document_id: int, *, error: str) -> bool:
        """Keep why a document cannot be stored; False when it was stored, or lost, before."""
        values = {"of_id": document_id, "new_error": error}
        return (await self._connection.execute(_MARK_LOST, values)).rowcount > 0

    def _insert(self, table: Any) -> Any:
        return (sqlite if self._connection.dialect.name == "sqlite" else postgresql).insert(table)


def _exam(exam: ExamKey) -> dict[str, Any]:
    return exam._asdict()


def _kept(window: KeptWindow | None, mark: KeptMark | None) -> dict[str, Any]:
    return {
        "opens_at": window and window.opens_at,
        "basis": window and window.basis,
        "counted_from": window and window.counted_from,
        "mark": mark and mark.exam,
        "mark_outcome": mark and mark.outcome,
        "mark_posted_at": mark and mark.posted_at,
        "mark_corrected_at": mark and mark.corrected_at,
    }


def _kept_window(row: Row[*tuple[Any, ...]]) -> KeptWindow | None:
    return None if row.basis is None else KeptWindow(row.opens_at, row.basis, row.counted_from)


def _kept_mark(row: Row[*tuple[Any, ...]]) -> KeptMark | None:
    """Read the mark as it was; what was filed before this was kept has none, unless the history told it."""
    outcome = None if row.mark_outcome is None else Outcome(row.mark_outcome)
    mark = KeptMark(row.mark, outcome, row.mark_posted_at, row.mark_corrected_at)
    return None if mark == KeptMark() and row.basis is None else mark


def _row(request: Request) -> dict[str, Any]:
    """Write what a step may change; the names are those of `_SAVE`."""
    proposal = request.proposal
    return {
        "new_reason": request.reason,
        "new_due_at": request.due_at,
        "new_paused_at": request.paused_at,
        "new_inquiries": [_inquiry_written(each) for each in request.inquiries],
        "new_state": request.state,
        "new_version": request.version,
        "new_taken_by": request.taken_by,
        "new_taken_at": request.taken_at,
        "new_proposal": None
        if proposal is None
        else {
            "outcome": proposal.outcome,
            "points": proposal.points,
            "reason": proposal.reason,
            "by": proposal.by,
            "at": proposal.at.isoformat(),
        },
        "new_substitute": request.substitute,
        "new_seat_starts_at": request.seat and request.seat.starts_at,
        "new_seat_room": request.seat and request.seat.room,
        "new_entered_at": request.entered_at,
        "new_entered_by": request.entered_by,
    }


def _request(row: Row[*tuple[Any, ...]]) -> Request:
    return Request(
        id=row.id,
        kind=Kind(row.kind),
        student_id=row.student_id,
        exam=ExamKey(row.period, row.course_code, row.attempt),
        choice=row.choice,
        reason=row.reason,
        filed_at=row.filed_at,
        received_at=row.received_at,
        registered_by=row.registered_by,
        closes_at=row.closes_at,
        due_at=row.due_at,
        paused_at=row.paused_at,
        inquiries=tuple(map(_inquiry, row.inquiries)),
        state=RequestState(row.state),
        version=row.version,
        taken_by=row.taken_by,
        taken_at=row.taken_at,
        proposal=row.proposal and _proposal(row.proposal),
        substitute=row.substitute,
        seat=Seat(row.seat_starts_at, row.seat_room) if row.seat_starts_at else None,
        entered_at=row.entered_at,
        entered_by=row.entered_by,
        window=_kept_window(row),
        mark=_kept_mark(row),
    )


def _inquiry_written(inquiry: Inquiry) -> dict[str, Any]:
    return {
        "question": inquiry.question,
        "asked_by": inquiry.asked_by,
        "asked_at": inquiry.asked_at.isoformat(),
        "answer": inquiry.answer,
        "answered_at": inquiry.answered_at and inquiry.answered_at.isoformat(),
    }


def _inquiry(kept: Mapping[str, Any]) -> Inquiry:
    answered_at = kept["answered_at"] and datetime.fromisoformat(kept["answered_at"])
    asked_at = datetime.fromisoformat(kept["asked_at"])
    return Inquiry(kept["question"], kept["asked_by"], asked_at, kept["answer"], answered_at)


def _proposal(kept: Mapping[str, Any]) -> Proposal:
    return Proposal(
        RequestState(kept["outcome"]), kept["points"], kept["reason"], kept["by"], datetime.fromisoformat(kept["at"])
    )


def _document(row: Row[*tuple[Any, ...]]) -> Document:
    file = SentFile(row.file_name, row.media, row.mime_type, row.size, row.file_id, row.file_unique_id)
    return Document(row.id, row.request_id, file, row.sent_at, row.added_by, row.sha256, row.stored_at, row.error)


_ALL = select(requests).order_by(requests.c.id)
_BY_ID = _ALL.where(requests.c.id == bindparam("id"))
_BY_IDS = _ALL.where(requests.c.id.in_(bindparam("ids", expanding=True)))
_BY_ID_LOCKED = _BY_ID.with_for_update()
_OF_STUDENT = _ALL.where(requests.c.student_id == bindparam("student_id"))
_OF_EXAM = _OF_STUDENT.where(
    requests.c.period == bindparam("period"),
    requests.c.course_code == bindparam("course_code"),
    requests.c.attempt == bindparam("attempt"),
)
_IS_OPEN = requests.c.state.in_([literal_column(f"'{state}'") for state in sorted(OPEN)])  # so that the index serves
_OF_COURSE = _ALL.where(requests.c.period == bindparam("period"), requests.c.course_code == bindparam("course_code"))
_OPEN_OF_COURSE = _ALL.where(
    _IS_OPEN, requests.c.period == bindparam("period"), requests.c.course_code == bindparam("course_code")
)
_OF_KINDS = requests.c.kind.in_(bindparam("kinds", expanding=True))
_STAND_SO = requests.c.state.in_(bindparam("states", expanding=True))
_IN_STATES = select(requests).where(_OF_KINDS, _STAND_SO).order_by(requests.c.due_at, requests.c.id)
_PROPOSED_AGAIN = _ALL.where(_OF_KINDS, requests.c.state == RequestState.REFUSED, requests.c.proposal.is_not(None))
_CHANGED = _ALL.where(
    or_(_IS_OPEN, and_(requests.c.state == RequestState.REFUSED, requests.c.proposal.is_not(None))),
    exists().where(
        changes.c.about == requests.c.student_id,
        changes.c.object == "attempt",
        changes.c.act.is_(None),
        changes.c.at > requests.c.filed_at,
    ),
)
_COUNTED = select(func.count()).select_from(requests).where(_OF_KINDS, _STAND_SO)
_RAISED = exists().where(decisions.c.request_id == requests.c.id, decisions.c.points.is_not(None))
_TO_ENTER = _ALL.where(requests.c.state == RequestState.UPHELD, requests.c.entered_at.is_(None), _RAISED)
_FILED = (
    select(requests)
    .where(_OF_KINDS, requests.c.filed_at >= bindparam("since"), requests.c.filed_at < bindparam("until"))
    .order_by(requests.c.filed_at, requests.c.id)
)
_SAVE = (
    requests.update()
    .where(requests.c.id == bindparam("of_id"), requests.c.version == bindparam("of_version"))
    .values(
        {
            name.removeprefix("new_"): bindparam(name)
            for name in (
                "new_reason",
                "new_due_at",
                "new_paused_at",
                "new_inquiries",
                "new_state",
                "new_version",
                "new_taken_by",
                "new_taken_at",
                "new_proposal",
                "new_substitute",
                "new_seat_starts_at",
                "new_seat_room",
                "new_entered_at",
                "new_entered_by",
            )
        }
    )
)
_DECISIONS = (
    select(decisions).where(decisions.c.request_id.in_(bindparam("ids", expanding=True))).order_by(decisions.c.id)
)
_SIGNED = (
    select(decisions)
    .join(requests)
    .where(_OF_KINDS, decisions.c.signed_at >= bindparam("since"), decisions.c.signed_at < bindparam("until"))
    .order_by(decisions.c.id)
)
_ALL_DOCUMENTS = select(request_documents).order_by(request_documents.c.id)
_DOCUMENTS = _ALL_DOCUMENTS.where(request_documents.c.request_id == bindparam("request_id"))
_DOCUMENTS_SIZE = (
    select(func.sum(request_documents.c.size))
    .join(requests)
    .where(requests.c.student_id == bindparam("student_id"), request_documents.c.error.is_(None))
)
_DOCUMENT = _ALL_DOCUMENTS.where(request_documents.c.id == bindparam("id"))
_IS_UNSTORED = and_(request_documents.c.stored_at.is_(None), request_documents.c.error.is_(None))
_UNSTORED = _ALL_DOCUMENTS.where(_IS_UNSTORED)
_MARK_STORED = (
    request_documents.update()
    .where(request_documents.c.id == bindparam("of_id"), _IS_UNSTORED)
    .values(sha256=bindparam("new_sha256"), size=bindparam("new_size"), stored_at=bindparam("new_at"))
)
_MARK_LOST = (
    request_documents.update()
    .where(request_documents.c.id == bindparam("of_id"), _IS_UNSTORED)
    .values(error=bindparam("new_error"))
)
