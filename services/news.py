"""What students are told by themselves: new marks, marks that were withdrawn, a mark that was corrected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Self

from policy.marks import Attempt, Result
from policy.profile import Profile
from services.owing import otherwise, owe
from services.standing import CourseStanding, Study, study_of
from storage.outbox import NewOwed, Priority
from storage.unit import Storage

if TYPE_CHECKING:
    from services.importing.plan import Step  # which tells this module what it did

NEW_MARKS = "new marks"
WITHDRAWN_MARKS = "withdrawn marks"
CORRECTED_MARK = "corrected mark"
UNTOLD_CORRECTION = "untold correction"

VALUES = ("rating1", "rating2", "exam", "outcome")


@dataclass(frozen=True, slots=True)
class Telling:
    """Which imported marks students are told of, and when: those posted `since` then on, not in quiet hours."""

    since: datetime
    quiet_from: time
    quiet_until: time
    zone: tzinfo

    @classmethod
    def of(cls, profile: Profile, now: datetime) -> Self:
        """Return what a university's profile says."""
        service = profile.service
        since = now - timedelta(days=service.marks_told_days)
        return cls(since, service.quiet_from, service.quiet_until, profile.university.zone)

    def begins(self, now: datetime) -> datetime:
        """Return when to tell: now, or when the quiet hours end."""
        local = now.astimezone(self.zone)
        over_midnight = self.quiet_from > self.quiet_until
        evening, morning = local.time() >= self.quiet_from, local.time() < self.quiet_until
        if not (evening or morning if over_midnight else evening and morning):
            return now
        day = local.date() + timedelta(days=int(over_midnight and evening))
        return datetime.combine(day, self.quiet_until, self.zone)


@dataclass(frozen=True, slots=True)
class NewMark:
    """What is new about one sitting: its values `before` (None: there was none), and what it comes to now."""

    before: Mapping[str, Any]
    attempt: Attempt
    result: Result
    standing: CourseStanding


@dataclass(frozen=True, slots=True)
class News:
    """What one import brought a student, as it stands now."""

    study: Study
    marks: tuple[NewMark, ...]


def group_of(import_id: int) -> str:
    """Return the group key of the messages about an import."""
    return f"import:{import_id}"


async def owe_new_marks(
    storage: Storage, steps: "Iterable[Step]", *, import_id: int, telling: Telling, now: datetime
) -> None:
    """Owe every student one message about all that an import brings them; the caller commits."""
    news: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        if step.object == "attempt" and _is_news(step.before, step.after, telling.since):
            student_id, period, course_code, number = step.key
            before = {} if step.before is None else {name: getattr(step.before, name) for name in VALUES}
            mark = {"period": period, "course": course_code, "attempt": int(number), "before": before}
            news.setdefault(student_id, []).append(mark)
    begins = telling.begins(now)
    await storage.outbox.add_many(
        NewOwed(
            kind=NEW_MARKS,
            content={"marks": marks},
            made_at=now,
            person_id=student_id,
            not_before=begins,
            dedupe_key=f"{group_of(import_id)}:{student_id}",
            group_key=group_of(import_id),
        )
        for student_id, marks in news.items()
    )


def _is_news(before: Attempt | None, after: Attempt | None, since: datetime) -> bool:
    if after is None or (after.posted_at is not None and after.posted_at < since):
        return False
    return any(
        getattr(after, name) is not None and getattr(before, name, None) != getattr(after, name) for name in VALUES
    )


async def owe_withdrawn_marks(
    storage: Storage, steps: "Iterable[Step]", *, import_id: int, reason: str, now: datetime
) -> None:
    """Owe those who were told of an import, or could have been, that its marks are withdrawn, before they are.

    Whom the news has not left for yet never gets it, and is told nothing. The caller commits.
    """
    told = await storage.outbox.told(group_of(import_id))
    await storage.outbox.withdraw_group(group_of(import_id))
    withdrawn: dict[str, dict[tuple[str, str], None]] = {}
    for step in steps:
        if step.object == "attempt" and step.key[0] in told:
            withdrawn.setdefault(step.key[0], {})[step.key[1], step.key[2]] = None
    names = await storage.courses.by_codes({code for courses in withdrawn.values() for _, code in courses})
    await storage.outbox.add_many(
        NewOwed(
            kind=WITHDRAWN_MARKS,
            content={"courses": [(period, asdict(names[code])) for period, code in courses], "reason": reason},
            made_at=now,
            person_id=student_id,
            group_key=f"undo:{import_id}",
        )
        for student_id, courses in withdrawn.items()
    )


async def owe_correction(storage: Storage, *, correction_id: int, student_id: str, by: str, now: datetime) -> None:
    """Owe a student that a mark was corrected and can be appealed; the caller commits.

    Who confirmed it (`by`) is told when a student who could be reached no longer can.
    """
    account = await storage.accounts.of_person(student_id)
    content = {"correction": correction_id}
    reachable = account is not None and account.unreachable_since is None
    await owe(
        storage,
        to=student_id,
        kind=CORRECTED_MARK,
        content={**content, **(otherwise(by, UNTOLD_CORRECTION, content) if reachable else {})},
        now=now,
        priority=Priority.DEADLINE,
        dedupe_key=f"correction:{correction_id}",
    )


async def news_of(
    storage: Storage, marks: Sequence[Mapping[str, Any]], *, student_id: str, now: datetime, profile: Profile
) -> News | None:
    """Return what is still there of the marks a message is about; None when nothing is, or it may not be read."""
    student = await storage.students.by_id(student_id)
    if student is None:
        return None
    study = await study_of(storage, student=student, now=now, profile=profile)
    if not study.readable:
        return None
    standings = {
        (enrolment.period, enrolment.course.code): study.standing(enrolment)
        for enrolment in study.enrolments
        if any((each["period"], each["course"]) == (enrolment.period, enrolment.course.code) for each in marks)
    }
    found = []
    for each in marks:
        standing = standings.get((each["period"], each["course"]))
        for attempt, result in zip(standing.enrolment.attempts, standing.attempts, strict=True) if standing else ():
            if standing and attempt.number == each["attempt"]:
                found.append(NewMark(each["before"], attempt, result, standing))
    return News(study, tuple(found)) if found else None
