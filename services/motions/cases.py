"""Cases: a motion with all that its reader needs to decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from policy.marks import Course
from policy.profile import Profile
from policy.two_people import MotionKind
from services.corrections import Case, case_of
from services.motions.deciding import Opened, open_motion
from storage.records import Import, Motion, Person
from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class MotionCase:
    """A motion laid open for a reader; `people` names everybody it speaks of, by person id.

    Of what it is about: `correction` (None when its course is gone), the `done` import, the `course` of a sheet.
    """

    opened: Opened
    people: Mapping[str, Person]
    correction: Case | None = None
    done: Import | None = None
    course: Course | None = None

    @property
    def motion(self) -> Motion:
        """The motion itself."""
        return self.opened.motion

    @property
    def names(self) -> dict[str, str]:
        """Names as signatures have them, by person id."""
        return {person_id: person.name.short for person_id, person in self.people.items()}

    def name(self, person_id: str | None) -> str:
        """Return somebody's name as a signature has it; the id where the records do not know them."""
        person = self.people.get(person_id or "")
        return person.name.short if person else person_id or ""


async def motion_case(storage: Storage, motion: Motion, *, by: str, now: datetime, profile: Profile) -> MotionCase:
    """Lay a motion open for somebody who may read it (`may_read`)."""
    opened = await open_motion(storage, motion, by=by, now=now, profile=profile)
    told = motion.content
    named = {motion.moved_by, motion.agreed_by, motion.decided_by, told.get("person")}
    named |= {each["person"] for each in told.get("changes", ())}
    people = await storage.people.by_ids({each for each in named if each} | {*opened.could_carry, *opened.could_agree})
    correction = done = course = None
    match motion.kind:
        case MotionKind.CORRECTION:
            correction = await _correction(storage, motion, now, profile)
        case MotionKind.UNDO:
            done = await storage.imports.by_id(told["import"])
        case MotionKind.UNLOCK:
            courses = await storage.courses.by_codes([told["course_code"]])
            course = courses.get(told["course_code"])
    return MotionCase(opened, people, correction, done, course)


async def _correction(storage: Storage, motion: Motion, now: datetime, profile: Profile) -> Case | None:
    try:
        return await case_of(storage, motion=motion, now=now, profile=profile)
    except LookupError:
        return None
