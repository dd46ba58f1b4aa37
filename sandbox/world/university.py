"""Put the whole university together."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain, count, islice, repeat
from random import Random

from sandbox.world.cases import Cases, PersonCase, load_cases
from sandbox.world.curriculum import Programme, load_programmes
from sandbox.world.names import Names, Naming
from sandbox.world.records import ComponentsRow, MarkRow, MarkSheet, StaffRow, StudentRow, University
from sandbox.world.session import Sheet, timetable
from sandbox.world.studies import Learner, Studies, StudyGroup
from sandbox.world.telegram import FAMILY_PHONE, accounts, chats
from sandbox.world.years import CURRENT_YEAR, calendar, days

BACHELORS = ("АЖ-{}-1", "АЖ-{}-2", "ЭН-{}-1", "СӘ-{}-1", "ЭК-{}-1", "ТК-{}-1")
SMALL_GROUPS = {
    "ЭКҚ-24-1": 6,
    "ЭКҚ-22-1": 6,
    "ТКК-23-1": 6,
    "МАЖ-25-1": 5,
    "МАЖ-24-1": 5,
    "МЭН-25-1": 5,
    "МЭН-24-1": 5,
    "ДАЖ-25-1": 3,
    "ДАЖ-24-1": 2,
    "МАЖ-23-1": 1,
}
"""Groups beside the full-time bachelors', and how many students each has; distance (Қ), evening (К), then the rest."""

FORMS = {"ЭКҚ": "distance", "ТКК": "evening"}


def make_world(seed: int = 2026, students: int = 300) -> University:
    """Invent the university: the same for the same seed, with exactly this many students.

    Raises ValueError when `students` is too few to hold everybody who is on Telegram.
    """
    random = Random(seed)  # noqa: S311 - invents people, guards nothing
    cases = load_cases()
    groups = _groups(load_programmes())
    learners = _Enrolment(random, cases, groups).learners(students)
    staff = _staff(cases)
    sheets = timetable(groups, _lecturers(staff))
    studies = Studies(random)
    history = tuple(chain.from_iterable(studies.history(learner) for learner in learners))
    winter = [(sheet, _sat(studies, sheet, learners)) for sheet in sheets]
    people, person_ids = accounts(cases, learners, staff)
    return University(
        students=tuple(learner.row for learner in learners),
        staff=(*staff, *chain.from_iterable(_officer(learner) for learner in learners)),
        calendar=calendar(),
        days=days(),
        exams=tuple(sheet.exam for sheet in sheets),
        components=tuple(_components(random, learners)),
        marks=history,
        ratings=tuple(_pending(row) for _, rows in winter for row in rows),
        session=tuple(_posted(learners, winter)),
        new_ratings=tuple(_rated_anew(learners, winter)),
        nightly=tuple(row for sheet, rows in winter if sheet.nightly for row in rows),
        sheets=tuple(_printed(winter, staff)),
        people=people,
        groups=chats(people, person_ids, staff),
        person_ids=person_ids,
    )


def _groups(programmes: dict[str, Programme]) -> tuple[StudyGroup, ...]:
    """Return the groups, full-time bachelors first; the timetable goes by this order."""
    names = [pattern.format(entered) for entered in (25, 24, 23, 22) for pattern in BACHELORS]
    return tuple(_group(name, programmes) for name in [*names, *SMALL_GROUPS])


def _group(name: str, programmes: dict[str, Programme]) -> StudyGroup:
    letters, entered, _ = name.split("-")
    programme = programmes[letters[:-1] if letters in FORMS else letters]
    return StudyGroup(name, programme, FORMS.get(letters, "full_time"), 2000 + int(entered))


class _Enrolment:
    """Fills the groups with students, named ones first."""

    def __init__(self, random: Random, cases: Cases, groups: Sequence[StudyGroup]) -> None:
        self._random = random
        self._names = Names(random, [case.name[:2] for case in cases.students])
        self._cases = cases.students
        self._groups = groups
        self._phones = count(1_000_137, 1_371)
        self._numbers: defaultdict[int, count[int]] = defaultdict(count)

    def learners(self, students: int) -> list[Learner]:
        """Return that many students, group by group; ValueError when the named ones alone are more."""
        named = {group.name: [case for case in self._cases if case.group == group.name] for group in self._groups}
        seats = {name: max(len(cases), SMALL_GROUPS.get(name, 0)) for name, cases in named.items()}
        bachelors = [name for name in seats if name not in SMALL_GROUPS]
        if students < sum(seats.values()):
            raise ValueError(f"students={students}: the people of the sandbox need at least {sum(seats.values())}")
        for _ in range(students - sum(seats.values())):
            seats[min(bachelors, key=seats.__getitem__)] += 1
        return [
            self._learner(group, case)
            for group in self._groups
            for case in islice(chain(named[group.name], repeat(None)), seats[group.name])
        ]

    def _learner(self, group: StudyGroup, case: PersonCase | None) -> Learner:
        draw = self._random.random
        ability = float(case.ability) if case else max(48.0, min(97.0, self._random.gauss(76, 9)))
        naming = Naming(*case.name, case.sex, case.language) if case else self._names.draw()
        entered = (case and case.entered) or group.entered
        level = group.programme.level
        number = next(self._numbers[entered])
        status = case.status if case else self._random.choices(("active", "academic_leave", "expelled"), (97, 2, 1))[0]
        funding = "grant" if group.form == "full_time" and draw() < 0.68 else "fee"
        row = StudentRow(
            student_id=f"0{entered % 100}{number:05d}",
            surname=naming.surname,
            given_name=naming.given_name,
            patronymic=naming.patronymic,
            sex=naming.sex,
            birth_year=entered - {"bachelor": 18, "master": 22, "doctor": 26}[level] - (draw() < 0.3),
            phone=self._phone(case, number),
            institute=group.programme.institute,
            degree_programme=group.programme.code,
            level=level,
            form=group.form,
            year=min(group.year, (len(group.programme.semesters) + 1) // 2),
            group=group.name,
            funding=(case and case.funding) or funding,
            language=naming.language,
            status=status,
            penalty=case.penalty if case else draw() < 0.015,
            credits_total=group.programme.credits,
            dormitory=self._random.choice(("1-жатақхана", "2-жатақхана", "3-жатақхана")) if draw() < 0.35 else "",
        )
        return Learner(row, group, ability, case, entered)

    def _phone(self, case: PersonCase | None, number: int) -> str:
        """Return a made-up number in one of the habits of the offices."""
        digits = FAMILY_PHONE[1:] if case and case.family_phone else f"709{next(self._phones):07d}"
        habits = (f"+7{digits}", f"8{digits}", f"7 {digits[:3]} {digits[3:]}")
        return habits[number % len(habits)]


def _staff(cases: Cases) -> tuple[StaffRow, ...]:
    return tuple(
        StaffRow(f"T{number:04d}", *case.name, role, scope, f"+7709200{number:04d}", case.language, case.until)
        for number, case in enumerate(cases.staff, 1)
        for role, scope in case.roles
    )


def _lecturers(staff: Sequence[StaffRow]) -> list[str]:
    """Return who teaches; those of the appeal commission last, as they may not decide about the groups they teach."""
    commission = {row.person_id for row in staff if row.role.startswith("appeals.")}
    return sorted((row.person_id for row in staff if row.role == "lecturer"), key=commission.__contains__)


def _officer(learner: Learner) -> Iterator[StaffRow]:
    """Yield the roles a student has, under the student's own id."""
    if learner.case:
        row, until = learner.row, learner.case.until
        for role, scope in learner.case.roles:
            yield StaffRow(row.student_id, *learner.case.name, role, scope, row.phone, row.language, until)


def _components(random: Random, learners: Iterable[Learner]) -> Iterator[ComponentsRow]:
    """Yield each year's components of the full-time bachelors, the only ones who have an iGPA."""
    for learner in learners:
        row, case = learner.row, learner.case
        if row.level != "bachelor" or row.form != "full_time":
            continue
        for year in range(learner.entered, CURRENT_YEAR + (row.status == "active")):
            year_of_study = row.year if year == CURRENT_YEAR else year - learner.entered + 1
            names = ("iros", "ssci") if year_of_study > 2 else ("research", "ssci")
            values: dict[str, Decimal | None] = {name: _component(random, learner) for name in names}
            if year == CURRENT_YEAR:
                unknown = case.missing if case else [name for name in names if random.random() < 0.05]
                known = case.components if case else {}
                values |= {name: Decimal(value) for name, value in known.items()} | dict.fromkeys(unknown)
            research, iros, ssci = (values.get(name) for name in ("research", "iros", "ssci"))
            yield ComponentsRow(row.student_id, f"{year}-{year + 1}", research, iros, ssci)


def _component(random: Random, learner: Learner) -> Decimal:
    score = max(0.8, min(4.0, random.gauss(learner.ability / 28, 0.5)))
    return Decimal(f"{score:.2f}")


def _sat(studies: Studies, sheet: Sheet, learners: Iterable[Learner]) -> list[MarkRow]:
    """Return the whole group's marks on this sheet as they will be once it is posted."""
    return [
        studies.sitting(learner, sheet.course, sheet.exam.period, sheet.exam.date, sheet.posted_at)
        for learner in learners
        if learner.group == sheet.group and learner.row.status == "active"
    ]


def _pending(row: MarkRow) -> MarkRow:
    return replace(row, exam=None, outcome="", posted_at=None)


def _posted(learners: Iterable[Learner], winter: Iterable[tuple[Sheet, list[MarkRow]]]) -> Iterator[MarkRow]:
    """Yield what is posted by the moment the demo starts, with the retakes sat inside the session."""
    by_id = {learner.row.student_id: learner for learner in learners}
    for sheet, rows in winter:
        if sheet.posted_at is None or sheet.nightly:
            continue
        for row in rows:
            yield row
            retake = by_id[row.student_id].mark_case(sheet.course, row.period).retake
            if retake:
                exam = Decimal(retake.exam)
                yield replace(row, exam=exam, exam_date=retake.date, posted_at=retake.posted, attempt=2)


def _rated_anew(learners: Iterable[Learner], winter: Iterable[tuple[Sheet, list[MarkRow]]]) -> Iterator[MarkRow]:
    """Yield the attempts that wait for the additional period: new ratings, no exam yet."""
    by_id = {learner.row.student_id: learner for learner in learners}
    for sheet, rows in winter:
        for row in rows:
            ratings = by_id[row.student_id].mark_case(sheet.course, row.period).new_ratings
            if ratings:
                first, second = map(Decimal, ratings)
                yield replace(_pending(row), rating1=first, rating2=second, exam_date=None, attempt=2)


def _printed(winter: Iterable[tuple[Sheet, list[MarkRow]]], staff: Iterable[StaffRow]) -> Iterator[MarkSheet]:
    lecturers = {row.person_id: f"{row.surname} {row.given_name[0]}." for row in staff}
    for number, (sheet, rows) in enumerate(winter, 101):
        if sheet.printed:
            lecturer = lecturers[sheet.exam.lecturer_id]
            yield MarkSheet(sheet.printed, number, sheet.exam, lecturer, tuple(rows))
