"""Whatever is filed, decided, corrected, loaded and taken back in whatever order, the records stay in order."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policy.calendar import DateSpan, PeriodDates, PeriodEvent
from policy.decision import Refused
from policy.instant import MessageInstant
from policy.people import Role, RoleGrant
from policy.profile import load_profile
from policy.requests import Kind, RequestState
from services.corrections import Proposed, Values, propose_correction
from services.importing import Imported, apply, preview, undo
from services.importing import Kind as FileKind
from services.motions.deciding import carry
from services.requests.filing import correct_reason, file_request, withdraw
from services.requests.history import MARK, OBJECT
from services.requests.reviewing import Acting, Verdict, decide, decide_again, propose, propose_again, sign, sign_again
from services.standing import Study, study_of
from storage.database import Database
from storage.records import Person
from storage.requests import ExamKey, Request
from storage.unit import Storage
from tests.storage.examples import DEAN, NOW, REGISTRAR, student

PROFILE = load_profile(None)
STUDENT = student()
SECRETARY, CHAIR, DESK, ADMIN = "T0010", "T0011", "T0012", "T0013"
ROLES = {
    REGISTRAR.person_id: Role.REGISTRAR,
    SECRETARY: Role.APPEALS_SECRETARY,
    CHAIR: Role.APPEALS_CHAIR,
    DESK: Role.SERVICE_DESK,
    ADMIN: Role.ADMIN,
}
PERIOD = "2025-2026/1"
COURSES = {"MAT1": Decimal(5), "PHY1": Decimal(3)}
LETTERS = (  # the lowest final mark of each that passes, and its numeric equivalent
    (95, "4.0"),
    (90, "3.67"),
    (85, "3.33"),
    (80, "3.0"),
    (75, "2.67"),
    (70, "2.33"),
    (65, "2.0"),
    (60, "1.67"),
    (55, "1.33"),
    (50, "1.0"),
)

courses = st.sampled_from([*COURSES])
marks = st.integers(20, 100)
verdicts = st.integers(1, 60).map(lambda points: Verdict(RequestState.UPHELD, "Дұрыс", points)) | st.just(
    Verdict(RequestState.REFUSED, "Негіз жоқ")
)
steps = st.one_of(
    st.tuples(st.just("loads"), courses, marks, st.integers(1, 2)),
    st.tuples(st.just("files"), courses, st.sampled_from([Kind.APPEAL, Kind.APPEAL_PROCEDURE, Kind.RETAKE])),
    st.tuples(st.just("disputes"), courses, verdicts),
    st.tuples(st.just("disputes"), courses, verdicts),
    st.tuples(st.sampled_from(["edits", "withdraws", "takes_the_exam_again"]), courses),
    st.tuples(st.just("reverses"), courses, st.integers(1, 60)),
    st.tuples(st.just("corrects"), courses, marks),
    st.tuples(st.just("takes_back")),
    st.tuples(st.just("waits"), st.integers(1, 20)),
)


class University:
    """One student, whoever decides, and the hours that pass; each step is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        self.imports: list[int] = []

    async def waits(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    async def loads(self, course: str, mark: int, attempt: int) -> None:
        row = f"{STUDENT.person_id},{PERIOD},{course},{COURSES[course]},written,80,80,{mark},{attempt}"
        source = f"student_id,period,course_code,credits,exam_form,rating1,rating2,exam,attempt\n{row}".encode()
        async with self.database.write() as storage:
            shown = await preview(
                storage, kind=FileKind.MARKS, source=source, file_name="x.csv", profile=PROFILE, now=self.now
            )
            if not shown.refused and not shown.nothing_to_do:
                done = await apply(storage, shown, now=self.now, actor=REGISTRAR.person_id)
                assert isinstance(done, Imported)
                self.imports.append(done.import_id)

    async def takes_back(self) -> None:
        if self.imports:
            async with self.database.write() as storage:
                await undo(
                    storage,
                    self.imports.pop(),
                    now=self.now,
                    actor=REGISTRAR.person_id,
                    reason="қате файл жүктелген",
                    profile=PROFILE,
                )

    async def files(self, course: str, kind: Kind) -> None:
        async with self.database.write() as storage:
            study = await self.study(storage)
            taken = [each.attempts for each in study.enrolments if each.course.code == course]
            await file_request(
                storage,
                kind=kind,
                study=study,
                exam=ExamKey(PERIOD, course, taken[0][-1].number if taken and taken[0] else 1),
                filed=MessageInstant(self.now),
                by=STUDENT.person_id,
                now=self.now,
                profile=PROFILE,
                reason="3-сұрақ",
            )

    async def edits(self, course: str) -> None:
        async with self.database.write() as storage:
            for each in await self.of(storage, course):
                await correct_reason(
                    storage,
                    request_id=each.id,
                    reason=f"{each.version}-сұрақ",
                    student_id=STUDENT.person_id,
                    written=MessageInstant(self.now),
                    now=self.now,
                )

    async def withdraws(self, course: str) -> None:
        async with self.database.write() as storage:
            for each in await self.of(storage, course):
                await withdraw(
                    storage,
                    request_id=each.id,
                    version=each.version,
                    student_id=STUDENT.person_id,
                    now=self.now,
                )

    async def takes_the_exam_again(self, course: str) -> None:
        await self.files(course, Kind.RETAKE)
        async with self.database.write() as storage:
            for each in await self.of(storage, course, Kind.RETAKE):
                await decide(storage, each.id, Verdict(RequestState.APPROVED, "Мерзімінде"), self.acting(DESK))

    async def disputes(self, course: str, verdict: Verdict) -> None:
        await self.files(course, Kind.APPEAL)
        async with self.database.write() as storage:
            for each in await self.of(storage, course, Kind.APPEAL):
                if not isinstance(await propose(storage, each.id, verdict, self.acting(SECRETARY)), Refused):
                    await sign(storage, each.id, self.acting(CHAIR))

    async def reverses(self, course: str, points: int) -> None:
        verdict = Verdict(RequestState.UPHELD, "Қайта қаралды", points)
        async with self.database.write() as storage:
            for each in await self.of(storage, course, Kind.APPEAL):
                alone = await decide_again(storage, each.id, verdict, self.acting(CHAIR))
                assert isinstance(alone, Refused)
                if not isinstance(await propose_again(storage, each.id, verdict, self.acting(SECRETARY)), Refused):
                    assert isinstance(await sign_again(storage, each.id, self.acting(SECRETARY)), Refused)
                    await sign_again(storage, each.id, self.acting(CHAIR))

    async def corrects(self, course: str, mark: int) -> None:
        async with self.database.write() as storage:
            proposed = await propose_correction(
                storage,
                student_id=STUDENT.person_id,
                period=PERIOD,
                course_code=course,
                attempt=None,
                values=Values(exam=Decimal(mark)),
                reason="қате енгізілген",
                by=REGISTRAR.person_id,
                now=self.now,
                profile=PROFILE,
            )
            if isinstance(proposed, Proposed):
                await carry(storage, number=proposed.motion.id, by=ADMIN, now=self.now, profile=PROFILE)

    def acting(self, by: str) -> Acting:
        return Acting(by, self.now, PROFILE)

    async def study(self, storage: Storage) -> Study:
        return await study_of(storage, student=STUDENT, now=self.now, profile=PROFILE)

    async def of(self, storage: Storage, course: str, kind: Kind | None = None) -> list[Request]:
        those = await storage.requests.of_student(STUDENT.person_id)
        return [each for each in those if each.exam.course_code == course and kind in {None, each.kind}]


@given(st.lists(steps, min_size=5, max_size=20))
@settings(max_examples=20, deadline=None)
def test_no_sequence_of_steps_puts_the_records_out_of_order(
    sqlite_template: Path, sequence: Sequence[tuple[Any, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, Path(folder) / "kenes.db")
        asyncio.run(_lived(f"sqlite+aiosqlite:///{folder}/kenes.db", sequence))


async def _lived(url: str, sequence: Sequence[tuple[Any, ...]]) -> None:
    async with Database.open(url) as database:
        await _populate(database)
        university = University(database)
        for course in COURSES:
            await university.loads(course, 45, 1)
        before: dict[tuple[str, int], Decimal | None] = {}
        for name, *arguments in sequence:
            await getattr(university, name)(*arguments)
            async with database.read() as storage:
                study = await university.study(storage)
                await _check_requests(storage)
            after = {(each.course.code, one.number): one.exam for each in study.enrolments for one in each.attempts}
            for sitting, mark in after.items():
                was = before.get(sitting)
                assert was is None or mark is None or mark >= was or name == "corrects", (sitting, was, mark, name)
            before = after
            assert study.gpa.value == _from_scratch(before)


async def _populate(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([STUDENT])
        await storage.people.save([Person(each, DEAN.name, DEAN.language) for each in ROLES])
        await storage.roles.grant([RoleGrant(person, role) for person, role in ROLES.items()], at=NOW, by=None)
        session = DateSpan(date(2026, 1, 5), date(2026, 1, 17))
        await storage.calendar.save_dates([PeriodDates(PERIOD, {PeriodEvent.SESSION: session})])
        await storage.commit()


async def _check_requests(storage: Storage) -> None:
    those = await storage.requests.of_student(STUDENT.person_id)
    still_open = [(each.kind, each.exam) for each in those if each.open]
    assert len(still_open) == len(set(still_open))
    decided = await storage.requests.decisions_of(each.id for each in those)
    for each in those:
        steps = [line for what in (OBJECT, MARK) for line in await storage.changes.of(what, (str(each.id),))]
        assert len(steps) == each.version  # what became of its mark is a step too: the staff looks again
        kept = await storage.changes.of("decision", (str(each.id),))
        assert len(kept) == len(decided.get(each.id, ()))
        for decision in decided.get(each.id, ()):
            if decision.mark_before is not None and decision.mark_after is not None:
                assert decision.mark_after >= decision.mark_before
                assert decision.mark_after - decision.mark_before == (decision.points or 0)


def _from_scratch(exams: dict[tuple[str, int], Decimal | None]) -> Decimal | None:
    """Compute the GPA from exam marks alone, as a person would by the regulation: the ratings are 80 and 80.

    Of a course that is passed the best mark counts, of any other the latest.
    """
    taken: dict[str, list[Decimal]] = {}
    for (course, _), mark in sorted(exams.items()):
        if mark is not None:
            taken.setdefault(course, []).append(mark)
    if not taken:
        return None
    counts = {course: max(marks) if max(marks) >= 50 else marks[-1] for course, marks in taken.items()}
    total = sum((COURSES[course] * _equivalent(mark) for course, mark in counts.items()), Decimal())
    return total / sum(COURSES[course] for course in counts)


def _equivalent(exam: Decimal) -> Decimal:
    if exam < 50:
        return Decimal("0.5") if exam >= 25 else Decimal()
    final = (Decimal("0.6") * 80 + Decimal("0.4") * exam).quantize(Decimal(1), ROUND_HALF_UP)
    return Decimal(next(number for lowest, number in LETTERS if final >= lowest))
