"""The appeal commission's protocol, to print and sign: everything in Kazakh on the left, in Russian on the right."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from policy.marks import ExamForm, Outcome
from policy.people import Language
from policy.profile import Bilingual
from policy.requests import Kind, RequestState
from services.papers.decided import PrintedDecision, decision_text, signature_text
from services.papers.typesetting import draw, drawable, forget
from services.papers.wording import Words, day


class Function(StrEnum):
    """What somebody is in the commission; a substitute signs where chair and deputy may not."""

    CHAIR = "chair"
    DEPUTY = "deputy"
    SUBSTITUTE = "substitute"
    MEMBER = "member"
    SECRETARY = "secretary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Somebody who was there, named in full; ``withdrew_from`` are the numbers of the cases they stood aside in."""

    name: str
    function: Function
    withdrew_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolCase:
    """A request that the commission decided; ``period`` reads ``2025-2026/1``, ``attempt`` counts from 1.

    ``decision.mark_before`` is the exam mark before it; ``outcome`` tells how the sitting ended where it has none.
    """

    number: str
    kind: Kind
    student: str
    group: str
    course: Bilingual
    period: str
    attempt: int
    filed_at: datetime
    in_time_until: datetime
    decision: PrintedDecision
    exam_day: date | None = None
    exam_form: ExamForm | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolPaper:
    """What stands in the protocol; an empty place is left to be written by hand. Instants are shown in ``zone``.

    ``left_out`` are the numbers of cases that its reader may not read: it is an extract then, which nobody signs.
    """

    zone: ZoneInfo
    university: Bilingual
    number: str
    day: date
    place: Bilingual
    present: tuple[Present, ...]
    cases: tuple[ProtocolCase, ...]
    left_out: tuple[str, ...] = ()


async def protocol(paper: ProtocolPaper) -> bytes:
    """Lay out the protocol as PDF, A4; the same paper gives the same bytes. Raises ValueError without a case."""
    if not paper.cases:
        raise ValueError("a protocol needs at least one case")
    return await asyncio.to_thread(_protocol, paper)


def _protocol(paper: ProtocolPaper) -> bytes:
    printed = draw("protocol.typ", drawable(_data(paper)), "pdf")
    forget()
    return printed


def _data(paper: ProtocolPaper) -> dict[str, Any]:
    """Return each text as a pair, Kazakh and Russian; names and reasons stand once."""
    both = tuple(Words(language, paper.zone) for language in (Language.KK, Language.RU))
    upheld = sum(case.decision.outcome is RequestState.UPHELD for case in paper.cases)
    counts = {"all": len(paper.cases), "upheld": upheld, "refused": len(paper.cases) - upheld}
    return {
        "university": [paper.university.kk, paper.university.ru],
        "title": [words("protocol", "extract" if paper.left_out else "title", number=paper.number) for words in both],
        "left_out": [words("protocol", "left_out", numbers=_listed(paper.left_out)) for words in both]
        if paper.left_out
        else None,
        "day": day(paper.day),
        "place": [paper.place.kk, paper.place.ru],
        "present": [
            {
                "name": person.name,
                "function": [words("functions", person.function) for words in both],
                "withdrew": [words("protocol", "withdrew", numbers=_listed(person.withdrew_from)) for words in both]
                if person.withdrew_from
                else None,
            }
            for person in paper.present
        ],
        "cases": [_of_case(case, paper, both) for case in paper.cases],
        "totals": [words("protocol", "totals", **counts) for words in both],
        "signatures": [
            {"name": name, "function": [words("functions", function) for words in both]}
            for name, function in (() if paper.left_out else _signers(paper.present))
        ],
        "words": {
            name: [words.part(part)[name] for words in both]
            for part, names in (("common", ("date", "page")), ("protocol", ("place", "present", "cases", "reason")))
            for name in names
        },
    }


def _of_case(case: ProtocolCase, paper: ProtocolPaper, both: tuple[Words, ...]) -> dict[str, Any]:
    apart = [person.name for person in paper.present if case.number in person.withdrew_from]
    return {
        "number": [words("protocol", "number", number=case.number) for words in both],
        "student": case.student,
        "group": case.group,
        "facts": list(zip(*(_facts(case, apart, words) for words in both), strict=True)),
        "decision": [[words("protocol", "decision"), decision_text(case.decision, case.kind, words)] for words in both],
        "reason": case.decision.reason,
        "signed": [signature_text(case.decision, words) for words in both],
    }


def _facts(case: ProtocolCase, apart: list[str], words: Words) -> list[list[str]]:
    rows = [
        ("kind", words("kinds", case.kind)),
        ("course", case.course.kk if words.language is Language.KK else case.course.ru),
        ("exam", _exam(case, words)),
        ("filed", words.instant(case.filed_at)),
        ("until", words.limit(case.in_time_until, filed=case.filed_at)),
        ("mark_before", words.mark_as_it_stood(case.decision.mark_before, case.outcome)),
    ]
    if apart:
        rows.append(("apart", ", ".join(apart)))
    return [[words("protocol", name), value] for name, value in rows]


def _exam(case: ProtocolCase, words: Words) -> str:
    parts = [
        None if case.exam_day is None else day(case.exam_day),
        None if case.exam_form is None else words("exam_forms", case.exam_form),
        words("protocol", "retake") if case.attempt > 1 else None,
        words.period(case.period),
    ]
    return ", ".join(part for part in parts if part)


def _listed(numbers: tuple[str, ...]) -> str:
    return ", ".join(f"№ {number}" for number in numbers)


def _signers(present: tuple[Present, ...]) -> list[tuple[str, Function]]:
    """Return who signs below: the chair and the secretary, and who stood in for a chair away or aside.

    A chair or secretary who was not there has a line without a name.
    """
    of = {function: [person for person in present if person.function is function] for function in Function}
    stand_ins = of[Function.DEPUTY] + of[Function.SUBSTITUTE]
    chair_aside = any(person.withdrew_from for person in of[Function.CHAIR])
    presiding = of[Function.CHAIR] + (stand_ins if chair_aside or not of[Function.CHAIR] else [])
    return [
        *([(person.name, person.function) for person in presiding] or [("", Function.CHAIR)]),
        *([(person.name, person.function) for person in of[Function.SECRETARY]] or [("", Function.SECRETARY)]),
    ]
