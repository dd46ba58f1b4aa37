"""Filing: what a student (or, from paper, the staff) does with a request until it is decided."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.calendar import Window, Windows
from policy.citation import HOUSE
from policy.decision import Allowed, Refused
from policy.instant import CounterInstant, FilingInstant, MessageInstant
from policy.marks import Attempt
from policy.people import Status
from policy.profile import Profile
from policy.requests import Kind, RequestState, answer_time, answer_time_left
from policy.retakes import may_be_seated
from services.requests.history import DOCUMENT, added, recorded
from services.requests.kinds import KINDS, FiledBy, RequestKind
from services.requests.telling import News, owe_card_to, owe_cards, owe_news, rewrite_cards
from services.sittings import Sitting
from services.standing import Study, study_of
from storage.requests import Document, ExamKey, KeptMark, KeptWindow, NewRequest, Request, SentFile
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
    """A kind of request about a sitting: may it be filed at an instant, and when could it be.

    `late`: it may, though its time is over, and is marked so.
    """

    kind: RequestKind
    sitting: Sitting
    decision: Allowed | Refused[Any]
    window: Window | Refused[Any]
    late: bool = False

    @property
    def exam(self) -> ExamKey:
        """What it would be about."""
        return self.sitting.key


@dataclass(frozen=True, slots=True)
class Filed:
    """A request that was just filed."""

    request: Request
    sitting: Sitting
    window: Window


def offers(study: Study, kind: Kind, filed: FilingInstant) -> Iterator[Offer]:
    """Go through a student's sittings: what of a kind may be filed at this instant, and why the others may not.

    Exams for which it makes no sense (passed ones for a retake) come too: their refusal says so. With choices, an exam
    may be filed for when any of them may.
    """
    for enrolment in study.enrolments:
        course = study.standing(enrolment)
        for sitting in course.sittings if KINDS[kind].each_sitting else (course.latest,):
            yield offer_of(sitting, kind, filed)


def offer_of(sitting: Sitting, kind: Kind, filed: FilingInstant) -> Offer:
    """Return what of a kind may be filed about a sitting at this instant."""
    declared = KINDS[kind]
    windows = declared.windows(sitting, filed.at)
    choices = declared.choices(sitting)
    if isinstance(windows, Refused) and not choices:
        return Offer(declared, sitting, windows, windows)
    answers = [declared.may_file(sitting, filed, choice) for choice in choices or (None,)]
    decision = next((each for each in answers if isinstance(each, Allowed)), answers[0])
    window = windows.at(filed.at) if isinstance(windows, Windows) else windows
    late = isinstance(decision, Allowed) and isinstance(window, Window) and filed not in window
    return Offer(declared, sitting, decision, window, late)


def may_still_be_seated(offer: Offer, profile: Profile) -> bool:
    """Tell whether an exam applied for now can be held in the additional period once the application is answered."""
    study = offer.sitting.course.study
    additional = offer.sitting.course.additional
    if not offer.kind.gives_seat or additional is None:
        return True
    due = answer_time(offer.kind.kind, study.now, study.calendar, profile.requests).due
    return may_be_seated(due, additional)


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
    """File a request about a sitting, as of the instant its filer acted. Commits.

    `by` is the student, or who of the staff registers it from paper (`filed` is a CounterInstant then). What the kind
    is filed by has to be there: a `reason` (1 to 4096 characters), a `document`, or neither. The receipt is the
    caller's to give; the staff's cards are owed.
    """
    declared = KINDS[kind]
    sitting = _sitting(study, exam, declared)
    reason = (reason or "").strip() or None
    if sitting is None:
        return Refused(FilingRefusal.NO_SUCH_EXAM, (HOUSE,))
    if study.student.status is not Status.ACTIVE:
        return Refused(FilingRefusal.NOT_STUDYING, (HOUSE,))
    if isinstance(filed, CounterInstant) and filed.at > now:
        return Refused(FilingRefusal.IN_FUTURE, (HOUSE,))
    windows = declared.windows(sitting, filed.at)
    if isinstance(windows, Refused):
        return windows
    window = windows.at(filed.at)
    allowed = declared.may_file(sitting, filed, choice)
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
            window=KeptWindow(window.opens, window.basis, window.counted_from),
            mark=_kept(sitting.exam.as_of(filed.at)),
        )
    )
    if request is None:
        fresh = await study_of(storage, student=study.student, now=now, profile=profile, calendar=study.calendar)
        repeated = declared.may_file(_sitting(fresh, exam, declared) or sitting, filed, choice)
        return repeated if isinstance(repeated, Refused) else Refused(FilingRefusal.CHANGED_SINCE, (HOUSE,))
    await storage.changes.record([recorded(None, request, by=by, now=now)])
    if document:
        await _keep_document(storage, request, document, sent_at=filed.at, by=by, now=now)
    await owe_cards(storage, request, study.student, now=now, profile=profile)
    if request.registered_by:
        await owe_news(storage, request, News.REGISTERED, now=now)
    await storage.commit()
    return Filed(request, sitting, window)


async def correct_reason(
    storage: Storage, *, request_id: int, reason: str, student_id: str, written: MessageInstant, now: datetime
) -> Request | Refused[FilingRefusal]:
    """Put another text in place of a request's reason: until its window closes or somebody takes it. Commits.

    One that was late itself can be corrected until somebody takes it. The instant of filing stays what it was.
    """
    request = await _own(storage, request_id, student_id)
    if isinstance(request, Refused):
        return request
    if request.taken_by is not None or request.state is not RequestState.FILED:
        return Refused(FilingRefusal.TAKEN, (HOUSE,))
    if not request.takes_until_closed(written.at):
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
    if not request.takes_until_closed(sent.at) and request.paused_at is None:
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


def could_file_again(request: Request, study: Study, filed: FilingInstant) -> Window | None:
    """Return the window in which the same could be filed once more if it were withdrawn now, None where it could not.

    Of what is taken late too, that window may be over.
    """
    declared = KINDS[request.kind]
    sitting = _sitting(study, request.exam, declared)
    windows = declared.windows(sitting, filed.at) if sitting else None
    if not isinstance(windows, Windows):
        return None
    return windows.at(filed.at) if filed in windows or declared.late_too else None


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
        await storage.changes.record([added(request, DOCUMENT, told, by=by, now=now)])
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


def _kept(attempt: Attempt) -> KeptMark:
    return KeptMark(attempt.exam, attempt.outcome, attempt.posted_at, attempt.corrected_at)


def _sitting(study: Study, exam: ExamKey, kind: RequestKind) -> Sitting | None:
    """Return the sitting that is named, if this kind can be about it."""
    names = exam.period, exam.course_code
    enrolment = next((each for each in study.enrolments if (each.period, each.course.code) == names), None)
    sitting = study.standing(enrolment).sitting(exam.attempt) if enrolment else None
    return sitting if sitting and (kind.each_sitting or sitting.latest) else None
