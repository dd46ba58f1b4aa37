"""A student's application on paper, as a secretary prints and files it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from policy.marks import Outcome
from policy.people import Language
from policy.requests import Kind
from services.papers.decided import PrintedDecision, decision_text, signature_text
from services.papers.typesetting import draw, drawable
from services.papers.wording import Words, day

_KILOBYTE = 1024
_DIGITS_OF_HASH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who applies, as the records had them; ``phone`` is None where it is not known."""

    name: str
    student_id: str
    group: str
    degree_programme: str
    year: int
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedExam:
    """The sitting it is about: the mark 0-100 as it stood when it was filed, or how the sitting ended without one.

    ``period`` reads ``2025-2026/1``; ``course`` is the name in the paper's language.
    """

    course: str
    period: str
    day: date | None = None
    mark: Decimal | int | None = None
    outcome: Outcome | None = None
    posted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedDocument:
    """A document that came with it: ``size`` in bytes, ``sha256`` in 64 hexadecimal digits, None until it is stored."""

    name: str
    size: int | None
    sha256: str | None
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OnPaper:
    """That an application came on paper: the full name of who registered it, and when."""

    registered_by: str
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPaper:
    """What stands on the application; instants are aware and shown in ``zone``.

    ``reason`` is the student's own text with its line breaks, None for a kind without one; ``choice`` is the value that
    the kind let them choose; ``on_paper`` is None where it was filed by a message to the bot. Without a ``decision``
    there is room to write one.
    """

    language: Language
    zone: ZoneInfo
    university: str
    number: str
    kind: Kind
    applicant: Applicant
    exam: AppliedExam
    filed_at: datetime
    in_time_until: datetime
    printed_at: datetime
    choice: str | None = None
    reason: str | None = None
    reason_changed_at: datetime | None = None
    on_paper: OnPaper | None = None
    documents: tuple[AttachedDocument, ...] = ()
    decision: PrintedDecision | None = None


async def application(paper: ApplicationPaper) -> bytes:
    """Lay out an application as PDF, A4, in its student's language; a long reason runs over several pages."""
    return await asyncio.to_thread(draw, "application.typ", drawable(_data(paper)), "pdf")


def _data(paper: ApplicationPaper) -> dict[str, Any]:
    words = Words(paper.language, paper.zone)
    return {
        "language": paper.language,
        "words": words.part("application") | words.part("common"),
        "university": paper.university,
        "addressee": words("addressees", paper.kind),
        "title": words("application", "title", number=paper.number),
        "subject": words("kinds", paper.kind),
        "petition": words("petitions", paper.kind),
        "facts": [
            [words("application", part), [[words("application", name), value] for name, value in rows]]
            for part, rows in (
                ("applicant", list(_of_applicant(paper.applicant))),
                ("exam", list(_of_exam(paper, words))),
                ("filing", list(_of_filing(paper, words))),
            )
        ],
        "reason": paper.reason,
        "documents": [_of_document(document, words) for document in paper.documents],
        "decided": words("deciders", paper.kind),
        "decision": paper.decision
        and {
            "text": decision_text(paper.decision, paper.kind, words),
            "reason": paper.decision.reason,
            "signed": signature_text(paper.decision, words),
        },
        "printed": words("application", "printed", at=words.instant(paper.printed_at)),
    }


def _of_applicant(applicant: Applicant) -> Iterable[tuple[str, str]]:
    yield "name", applicant.name
    yield "student_id", applicant.student_id
    yield "group", applicant.group
    yield "degree_programme", applicant.degree_programme
    yield "year", str(applicant.year)
    if applicant.phone:
        yield "phone", applicant.phone


def _of_exam(paper: ApplicationPaper, words: Words) -> Iterable[tuple[str, str]]:
    exam = paper.exam
    if paper.choice:
        yield "choice", words("choices", paper.choice)
    yield "course", exam.course
    yield "period", words.period(exam.period)
    yield "exam_date", words("common", "unknown") if exam.day is None else day(exam.day)
    yield "mark", words.mark_as_it_stood(exam.mark, exam.outcome)
    if exam.posted_at is not None:
        yield "posted", words.instant(exam.posted_at)


def _of_filing(paper: ApplicationPaper, words: Words) -> Iterable[tuple[str, str]]:
    yield "filed", words.instant(paper.filed_at)
    yield "until", words.limit(paper.in_time_until, filed=paper.filed_at)
    yield "way", words("application", "on_paper" if paper.on_paper else "in_chat")
    if paper.on_paper:
        yield "registered", f"{paper.on_paper.registered_by}, {words.instant(paper.on_paper.registered_at)}"
    if paper.reason_changed_at:
        yield "reason_changed", words.instant(paper.reason_changed_at)


def _of_document(document: AttachedDocument, words: Words) -> list[str]:
    return [
        document.name,
        "–" if document.size is None else _size(document.size),
        words("application", "not_stored") if document.sha256 is None else document.sha256[:_DIGITS_OF_HASH],
        words.instant(document.added_at),
    ]


def _size(size: int) -> str:
    """Return a number of bytes in KB or MB with one digit; the units are the same letters in both languages."""
    if size < _KILOBYTE * _KILOBYTE:
        return f"{size / _KILOBYTE:.1f} КБ".replace(".", ",")
    return f"{size / _KILOBYTE / _KILOBYTE:.1f} МБ".replace(".", ",")
