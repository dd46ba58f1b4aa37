"""Filing: what a student (or, from paper, the staff) does with a request until it is decided."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.calendar import Window
from policy.citation import HOUSE
from policy.decision import Allowed, Refused
from policy.instant import CounterInstant, FilingInstant, MessageInstant
from policy.people import Status
from policy.profile import Profile
from policy.requests import Kind, RequestState, answer_time, answer_time_left
from services.requests.history import added, recorded
from services.requests.kinds import KINDS, FiledBy, RequestKind
from services.requests.telling import News, owe_card_to, owe_cards, owe_news, rewrite_cards
from services.standing import CourseStanding, Study, study_of
from storage.requests import Document, ExamKey, NewRequest, Request, SentFile
from storage.unit import Storage

REASON_LENGTH = 4096  # what one message of Telegram holds: whatever arrives in time is taken


class FilingRefusal(StrEnum):
    """Why something was not filed, or not done to a request, besides what the rule of its kind says."""

    NO_SUCH_EXAM = "no_such_exam"
    NO_REASON = "no_reason"
    NO_DOCUMENT = "no_document"  # the proof it must come with
    NOT_STUDYING = "not_studying"
    UNKNOWN = "unknown"  # no such request of this student
    NOT_OPEN = "not_open"  # withdrawn, decided or void
    TAKEN = "taken"  # somebody works on it: its text stays as it is
    WINDOW_CLOSED = "window_closed"  # `until` says when
    TOO_MANY_DOCUMENTS = "too_many_documents"
    TOO_LARGE = "too_large"
    NO_ROOM = "no_room"  # this student's documents take as much as they may
    HAS_IT = "has_it"  # this document is there already
    CHANGED_SINCE = "changed_since"  # the press knew an older state
    IN_FUTURE = "in_future"  # registered from paper: taken later than now


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of request about an exam: may it be filed at an instant, and when could it be."""

    kind: RequestKind
    standing: CourseStanding
    decision: Allowed | Refused[Any]
    window: Window | Refused[Any]

    @property
    def exam(self) -> ExamKey:
        """What it would be about."""
        return self.standing.exam_key


@dataclass(frozen=True, slots=True)
class Filed:
    """A request that was just filed."""

    request: Request
    standing: CourseStanding
    window: Window


def offers(study: Study, kind: Kind, filed: FilingInstant) -> Iterator[Offer]:
    """Go through a student's exams: what of a kind may be filed at this instant, and why the others may not.

    Exams for which it makes no sense (passed ones for a retake) come too: their refusal says so. With choices, an exam
    may be filed for when any of them may.
    """
    for enrolment in study.enrolments:
        yield offer_of(study.standing(enrolment), kind, filed)


def offer_of(standing: CourseStanding, kind: Kind, filed: FilingInstant) -> Offer:
    """Return what of a kind may be filed about a course's latest exam at this instant."""
    declared = KINDS[kind]
    window = declared.window(standing)
    choices = declared.choices(standing)
    if isinstance(window, Refused) and not choices:
        return Offer(declared, standing, window, window)
    answers = [declared.may_file(standing, filed, choice) for choice in choices or (None,)]
    decision = next((each for each in answers if isinstance(each, Allowed)), answers[0])
    return Offer(declared, standing, decision, window)


async def file_request(
    storage: Storage,
    *,
    kind: Kind,
    study: Study,
    exam: ExamKey,
    filed: FilingInstant,
    by: str,
    now: datetime,
    profile: Profile,
    choice: str | None = None,
    reason: str | None = None,
    document: SentFile | None = None,
) -> Filed | Refused[Any]:
    """File a request about the latest sitting of a course, as of the instant its filer acted. Commits.

    `by` is the student, or who of the staff registers it from paper (`filed` is a CounterInstant then). What the kind
    is filed by has to be there: a `reason` (1 to 4096 characters), a `document`, or neither. The receipt is the
    caller's to give; the staff's cards are owed.
    """
    declared = KINDS[kind]
    standing = _standing(study, exam)
    reason = (reason or "").strip() or None
    if standing is None:
        return Refused(FilingRefusal.NO_SUCH_EXAM, (HOUSE,))
    if study.student.status is not Status.ACTIVE:
        return Refused(FilingRefusal.NOT_STUDYING, (HOUSE,))
    if isinstance(filed, CounterInstant) and filed.at > now:
        return Refused(FilingRefusal.IN_FUTURE, (HOUSE,))
    window = declared.window(standing)
    if isinstance(window, Refused):
        return window
    allowed = declared.may_file(standing, filed, choice)
    if isinstance(allowed, Refused):
        return allowed
    way = declared.filed_by(choice, profile.requests)
    if way is FiledBy.TEXT and reason is None:
        return Refused(FilingRefusal.NO_REASON, (HOUSE,))
    if way is FiledBy.DOCUMENT and document is None:
        return Refused(FilingRefusal.NO_DOCUMENT, (HOUSE,))
    if document and (refused := await _not_kept(storage, document, study.student.person_id, profile)):
        return refused
    request = await storage.requests.add(
        NewRequest(
            kind=kind,
            student_id=study.student.person_id,
            exam=exam,
            choice=choice,
            reason=reason,
            filed_at=filed.at,
            received_at=now,
            registered_by=None if by == study.student.person_id else by,
            closes_at=window.closes,
            due_at=answer_time(kind, max(filed.at, now), study.calendar, profile.requests).due,
        )
    )
    if request is None:
        repeated = declared.may_file(await _again(storage, study, exam, now, profile) or standing, filed, choice)
        return repeated if isinstance(repeated, Refused) else Refused(FilingRefusal.CHANGED_SINCE, (HOUSE,))
    await storage.changes.record([recorded(None, request, by=by, now=now)])
    if document:
        await _keep_document(storage, request, document, sent_at=filed.at, by=by, now=now)
    await owe_cards(storage, request, study.student, now=now, profile=profile)
    if request.registered_by:
        await owe_news(storage, request, News.REGISTERED, now=now)
    await storage.commit()
    return Filed(request, standing, window)


async def correct_reason(
    storage: Storage, *, request_id: int, reason: str, student_id: str, written: MessageInstant, now: datetime
) -> Request | Refused[FilingRefusal]:
    """Put another text in place of a request's reason: until its window closes or somebody takes it. Commits.

    The instant of filing stays what it was.
    """
    request = await _own(storage, request_id, student_id)
    if isinstance(request, Refused):
        return request
    if request.taken_by is not None or request.state is not RequestState.FILED:
        return Refused(FilingRefusal.TAKEN, (HOUSE,))
    if written.at >= request.closes_at:
        return Refused(FilingRefusal.WINDOW_CLOSED, (HOUSE,), until=request.closes_at)
    if not reason.strip():
        return Refused(FilingRefusal.NO_REASON, (HOUSE,))
    return await _step(storage, request, replace(request, reason=reason.strip()), by=student_id, now=now)


async def add_document(
    storage: Storage,
    *,
    request_id: int,
    document: SentFile,
    student_id: str,
    sent: MessageInstant,
    now: datetime,
    profile: Profile,
) -> Document | Refused[FilingRefusal]:
    """Add a document to an open request: until its window closes, later only where the staff asked. Commits.

    It is fetched and stored afterwards (`services.requests.documents`).
    """
    request = await _own(storage, request_id, student_id)
    if isinstance(request, Refused):
        return request
    if sent.at >= request.closes_at and request.paused_at is None:
        return Refused(FilingRefusal.WINDOW_CLOSED, (HOUSE,), until=request.closes_at)
    if refused := await _not_kept(storage, document, student_id, profile):
        return refused
    there = await storage.requests.documents_of(request.id)
    if any(each.file.file_unique_id == document.file_unique_id for each in there):
        return Refused(FilingRefusal.HAS_IT, (HOUSE,))
    if len(there) >= profile.requests.documents_most:
        return Refused(FilingRefusal.TOO_MANY_DOCUMENTS, (HOUSE,))
    kept = await _keep_document(storage, request, document, sent_at=sent.at, by=student_id, now=now)
    if kept is None:
        return Refused(FilingRefusal.HAS_IT, (HOUSE,))
    await rewrite_cards(storage, request, now=now)
    await storage.commit()
    return kept


async def answer_inquiry(
    storage: Storage,
    *,
    request_id: int,
    answer: str,
    student_id: str,
    written: MessageInstant,
    now: datetime,
    study: Study,
) -> Request | Refused[FilingRefusal]:
    """Answer what the staff asked; the clock of their answer goes on. Commits."""
    request = await _own(storage, request_id, student_id)
    if isinstance(request, Refused):
        return request
    if request.paused_at is None:
        return Refused(FilingRefusal.CHANGED_SINCE, (HOUSE,))
    if not answer.strip():
        return Refused(FilingRefusal.NO_REASON, (HOUSE,))
    *earlier, asked = request.inquiries
    after = replace(
        request,
        inquiries=(*earlier, replace(asked, answer=answer.strip(), answered_at=written.at)),
        due_at=answer_time_left(request.due_at, request.paused_at, now, study.calendar),
        paused_at=None,
    )
    await owe_card_to(storage, request, [asked.asked_by], now=now)
    return await _step(storage, request, after, by=student_id, now=now)


async def withdraw(
    storage: Storage, *, request_id: int, version: int, student_id: str, now: datetime
) -> Request | Refused[FilingRefusal]:
    """Take a request back, until somebody has decided; `version` is the one the student saw. Commits."""
    request = await _own(storage, request_id, student_id)
    if isinstance(request, Refused):
        return request
    if request.version != version:
        return Refused(FilingRefusal.CHANGED_SINCE, (HOUSE,))
    after = replace(request, state=RequestState.WITHDRAWN, paused_at=None, proposal=None)
    return await _step(storage, request, after, by=student_id, now=now)


def could_file_again(request: Request, study: Study, filed: FilingInstant) -> bool:
    """Tell whether the same could be filed once more at this instant if it were withdrawn now."""
    standing = _standing(study, request.exam)
    if standing is None:
        return False
    window = KINDS[request.kind].window(standing)
    return isinstance(window, Window) and filed in window


async def _own(storage: Storage, request_id: int, student_id: str) -> Request | Refused[FilingRefusal]:
    """Return an open request of this student, theirs alone for this transaction."""
    request = await storage.requests.by_id(request_id, lock=True)
    if request is None or request.student_id != student_id:
        return Refused(FilingRefusal.UNKNOWN, (HOUSE,))
    return request if request.open else Refused(FilingRefusal.NOT_OPEN, (HOUSE,))


async def _step(
    storage: Storage, before: Request, after: Request, *, by: str, now: datetime
) -> Request | Refused[FilingRefusal]:
    kept = await storage.requests.save(after)
    if kept is None:
        return Refused(FilingRefusal.CHANGED_SINCE, (HOUSE,))
    await storage.changes.record([recorded(before, kept, by=by, now=now)])
    await rewrite_cards(storage, kept, now=now)
    await storage.commit()
    return kept


async def _keep_document(
    storage: Storage, request: Request, document: SentFile, *, sent_at: datetime, by: str, now: datetime
) -> Document | None:
    kept = await storage.requests.add_document(request.id, document, sent_at=sent_at, by=by)
    if kept:
        told = {"document": kept.id, "file_name": document.file_name, "media": document.media, "size": document.size}
        await storage.changes.record([added(request, "request_document", told, by=by, now=now)])
    return kept


async def _not_kept(
    storage: Storage, document: SentFile, student_id: str, profile: Profile
) -> Refused[FilingRefusal] | None:
    """Say why there is no room for a document."""
    megabyte, size = 1024 * 1024, document.size or 0
    if size > profile.requests.document_megabytes * megabyte:
        return Refused(FilingRefusal.TOO_LARGE, (HOUSE,))
    taken = await storage.requests.documents_size(student_id)
    full = taken + size > profile.requests.documents_megabytes * megabyte
    return Refused(FilingRefusal.NO_ROOM, (HOUSE,)) if full else None


def _standing(study: Study, exam: ExamKey) -> CourseStanding | None:
    """Return the course an exam is the latest sitting of."""
    standings = (study.standing(each) for each in study.enrolments if each.course.code == exam.course_code)
    return next((each for each in standings if each.exam_key == exam), None)


async def _again(
    storage: Storage, study: Study, exam: ExamKey, now: datetime, profile: Profile
) -> CourseStanding | None:
    fresh = await study_of(storage, student=study.student, now=now, profile=profile, calendar=study.calendar)
    return _standing(fresh, exam)
