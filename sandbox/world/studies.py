"""How people studied: the marks a student of some ability gets, and what they did about the failed ones."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from sandbox.world.cases import MarkCase, PersonCase
from sandbox.world.curriculum import Course, Programme
from sandbox.world.records import MarkRow, StudentRow
from sandbox.world.years import CURRENT_YEAR, EXAM_DAYS, SESSION_ENDS, WINTER, moved, period

SUMMER = 3


@dataclass(frozen=True, slots=True)
class StudyGroup:
    """A group of students who entered in one year."""

    name: str
    programme: Programme
    form: str
    entered: int

    @property
    def year(self) -> int:
        """Return the year of study."""
        return CURRENT_YEAR - self.entered + 1

    @property
    def courses(self) -> tuple[Course, ...]:
        """Return what the group is examined in this winter; nothing once its programme is over."""
        return next(iter(self.programme.semesters[2 * self.year - 2 :]), ())


@dataclass(frozen=True, slots=True)
class Learner:
    """A student, and what decides their marks: `ability` is the mean of them, `case` what is known beforehand."""

    row: StudentRow
    group: StudyGroup
    ability: float
    case: PersonCase | None
    entered: int

    def mark_case(self, course: Course, of_period: str) -> MarkCase:
        """Return what is known beforehand about this mark: nothing, mostly."""
        for mark in self.case.marks if self.case else ():
            if (mark.course, mark.period) == (course.code, of_period):
                return mark
        return MarkCase(course.code, of_period)


class Studies:
    """Draws marks; the same random numbers give the same marks."""

    def __init__(self, random: Random) -> None:
        """Begin with the random numbers to draw from."""
        self._random = random

    def sitting(
        self, learner: Learner, course: Course, of_period: str, day: date, posted_at: datetime | None
    ) -> MarkRow:
        """Return a first sitting: as its case says, the rest drawn, and consistent with the rules of admission."""
        case, named = learner.mark_case(course, of_period), learner.case
        ratings = tuple(Decimal(one) for one in case.ratings) or (self._rating(learner), self._rating(learner))
        missed = self._missed(learner) if case.missed is None else case.missed
        handed_in = (named or self._random.random() > 0.03) if case.course_work is None else case.course_work
        unpaid = learner.row.funding == "fee" and self._random.random() < 0.02
        if named:
            unpaid = of_period == WINTER and not named.fees
        row = MarkRow(
            student_id=learner.row.student_id,
            period=of_period,
            course_code=course.code,
            course_kk=course.kk,
            course_ru=course.ru,
            credits=course.credits,
            exam_form=course.form,
            rating1=ratings[0],
            rating2=ratings[1],
            exam=None,
            outcome="",
            course_work=bool(handed_in) if course.course_work else None,
            missed_percent=missed,
            fees_cleared=not unpaid,
            group=learner.group.name,
            exam_date=day,
            posted_at=posted_at,
            attempt=1,
        )
        return self._examined(row, learner, case)

    def history(self, learner: Learner) -> Iterator[MarkRow]:
        """Yield every sitting before the winter session, in time's order of periods."""
        semesters = learner.group.programme.semesters
        until = 2 * (CURRENT_YEAR - learner.entered)
        if learner.row.status == "graduated":
            until = len(semesters)
        for number, courses in enumerate(semesters[:until]):
            year, term = learner.entered + number // 2, number % 2 + 1
            for course, day in zip(courses, EXAM_DAYS[term], strict=False):
                yield from self._course(learner, course, year, term, moved(day, year))

    def _course(self, learner: Learner, course: Course, year: int, term: int, day: date) -> Iterator[MarkRow]:
        """Yield the first sitting and, after a failure, what the student did about it."""
        of_period = period(year, term)
        first = self.sitting(learner, course, of_period, day, self._posted(day, course.form))
        yield first
        if _passed(first):
            return
        then = learner.mark_case(course, of_period).then
        last = first
        if then in {"", "retaken"} and _may_sit_again(first):
            last = self._second(learner, first, moved(SESSION_ENDS[term], year), better=then == "retaken")
            yield last
        if not _passed(last) and (then == "repeated" or (not then and self._random.random() < 0.75)):
            yield self._repeated(learner, course, year)

    def _second(self, learner: Learner, first: MarkRow, session_ends: date, *, better: bool) -> MarkRow:
        """Return the sitting in the additional period: with the old ratings, unless they were the obstacle."""
        day = session_ends + timedelta(days=self._random.choice((4, 5, 6, 9)))
        ratings = first.rating1, first.rating2
        if _admission(first) < 50:
            ratings = Decimal(self._random.randint(50, 64)), Decimal(self._random.randint(50, 60))
        exam = max(self._exam(learner), Decimal(40))
        return replace(
            first,
            rating1=ratings[0],
            rating2=ratings[1],
            exam=max(exam, Decimal(56)) if better else exam,
            outcome="took",
            fees_cleared=True,
            exam_date=day,
            posted_at=datetime.combine(day, time(17, self._random.randrange(60))),
            attempt=2,
        )

    def _repeated(self, learner: Learner, course: Course, year: int) -> MarkRow:
        """Return the course studied again in the summer semester, passed."""
        day = moved(self._random.choice(EXAM_DAYS[SUMMER]), year)
        row = self.sitting(learner, course, period(year, SUMMER), day, self._posted(day, course.form))
        return replace(
            row,
            rating1=Decimal(self._random.randint(55, 82)),
            rating2=Decimal(self._random.randint(55, 82)),
            exam=Decimal(self._random.randint(52, 84)),
            outcome="took",
            course_work=True if course.course_work else None,
            missed_percent=min(row.missed_percent, 30),
            fees_cleared=True,
        )

    def _examined(self, row: MarkRow, learner: Learner, case: MarkCase) -> MarkRow:
        """Return the row with how the exam ended."""
        chance, exam = self._random.random(), self._exam(learner)
        if chance > 0.991:
            exam = Decimal(self._random.randint(3, 24))
        if _kept_out(row, learner.row.level):
            return replace(row, outcome="not_admitted")
        if case.exam is not None:
            return replace(row, exam=Decimal(case.exam), outcome="took" if case.outcome is None else case.outcome)
        outcome = case.outcome or "took"
        if learner.case is None:
            outcome = "did_not_come" if chance < 0.009 else "removed" if chance < 0.012 else "took"
        if outcome != "took":
            return replace(row, exam=Decimal(0) if outcome == "removed" else None, outcome=outcome)
        return replace(row, exam=max(exam, Decimal(50)) if learner.case else exam, outcome=outcome)

    def _missed(self, learner: Learner) -> int:
        if learner.group.form == "distance":
            return 0
        missed = self._random.choices((0, 4, 8, 12, 15, 22, 30, 42, 56), (30, 20, 15, 12, 9, 6, 4, 3, 0.6))[0]
        return min(missed, 42) if learner.case else missed

    def _rating(self, learner: Learner) -> Decimal:
        lowest = 50 if learner.case else 30
        return Decimal(max(lowest, min(100, round(self._random.gauss(learner.ability + 2, 7)))))

    def _exam(self, learner: Learner) -> Decimal:
        exam = Decimal(max(5, min(100, round(self._random.gauss(learner.ability - 2, 10)))))
        return exam + Decimal("0.5") if exam < 100 and self._random.random() < 0.04 else exam

    def _posted(self, day: date, form: str) -> datetime:
        """Return when a mark of an earlier year was posted: a written paper takes a day to read."""
        return datetime.combine(
            day + timedelta(days=form == "written"), time(self._random.randint(16, 18), self._random.randrange(60))
        )


def _admission(row: MarkRow) -> Decimal:
    return ((row.rating1 or Decimal(0)) + (row.rating2 or Decimal(0))) / 2


def _kept_out(row: MarkRow, level: str) -> bool:
    absent = level == "bachelor" and row.missed_percent > 50
    return _admission(row) < 50 or not row.fees_cleared or row.course_work is False or absent


def _may_sit_again(first: MarkRow) -> bool:
    """Tell whether the additional period is open to who failed so; an FX of a state exam and an F are not sat again."""
    if first.outcome == "not_admitted":
        return first.missed_percent <= 50 and first.course_work is not False
    return first.outcome == "did_not_come" or (_fx(first) and first.exam_form != "state")


def _rounded(mark: Decimal) -> int:
    """Round a mark to a whole point, halves up."""
    return int(mark.quantize(Decimal(1), ROUND_HALF_UP))


def _passed(row: MarkRow) -> bool:
    """Tell whether this sitting passed the course."""
    return row.outcome == "took" and row.exam is not None and _rounded(row.exam) >= 50


def _fx(row: MarkRow) -> bool:
    """Tell whether this sitting ended in an FX."""
    return row.outcome == "took" and row.exam is not None and 25 <= _rounded(row.exam) < 50
