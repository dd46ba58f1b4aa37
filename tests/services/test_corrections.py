"""Corrections: two people, a reason, the old value kept, a new appeal window."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from policy.decision import Refused
from policy.marks import Attempt, Outcome
from policy.people import Role, RoleGrant
from policy.profile import load_profile
from policy.two_people import TwoPeopleRefusal
from services.corrections import Applied, CorrectionRefusal, Proposed, Values, propose_correction
from services.motions.deciding import Carried, carry, refuse
from services.motions.moving import MotionRefusal
from storage.database import Database
from storage.records import MotionState, Person
from tests.storage.examples import DEAN, NOW, REGISTRAR, enrolment, student

PROFILE = load_profile(None)
DAYS = timedelta(days=PROFILE.service.correction_days)
STUDENT, MARKED = student(), enrolment()
PROPOSER, SECOND = REGISTRAR.person_id, "T0010"
SAT, PENDING = MARKED.attempts
FIFTY_FOUR = Values(exam=Decimal(54))


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([STUDENT])
        await storage.people.save([REGISTRAR, DEAN, Person(SECOND, DEAN.name, DEAN.language)])
        await storage.marks.save([MARKED])
        await storage.roles.grant(
            [RoleGrant(PROPOSER, Role.REGISTRAR), RoleGrant(SECOND, Role.REGISTRAR, STUDENT.institute)],
            at=NOW,
            by=None,
        )
        await storage.commit()


async def propose(
    database: Database,
    values: Values,
    by: str | None = PROPOSER,
    *,
    attempt: int | None = 1,
    reason: str = "Ведомостьта 54 тұр",
    day: timedelta = timedelta(),
) -> Proposed | Refused[Any]:
    async with database.write() as storage:
        return await propose_correction(
            storage,
            student_id=STUDENT.person_id,
            period=MARKED.period,
            course_code=MARKED.course.code,
            attempt=attempt,
            values=values,
            reason=reason,
            by=by,
            now=NOW + day,
            profile=PROFILE,
        )


async def proposed(database: Database, values: Values = FIFTY_FOUR) -> int:
    outcome = await propose(database, values)
    assert isinstance(outcome, Proposed)
    return outcome.motion.id


async def confirm(database: Database, number: int, by: str = SECOND, day: timedelta = timedelta(hours=1)) -> object:
    async with database.write() as storage:
        done = await carry(storage, number=number, by=by, now=NOW + day, profile=PROFILE)
        return done.outcome if isinstance(done, Carried) else done


async def stored(database: Database) -> Attempt:
    async with database.read() as storage:
        kept = await storage.marks.by_key(STUDENT.person_id, MARKED.period, MARKED.course.code)
    assert kept
    return kept.attempts[0]


async def give(database: Database, *grants: RoleGrant) -> None:
    async with database.write() as storage:
        await storage.roles.grant(grants, at=NOW, by=None)
        await storage.commit()


def reason(outcome: object) -> object:
    return outcome.reason if isinstance(outcome, Refused) else outcome


async def test_a_proposal_changes_nothing_and_a_second_person_applies_it(database: Database) -> None:
    number = await proposed(database)
    assert await stored(database) == SAT
    after = replace(SAT, exam=Decimal(54), corrected_at=NOW + timedelta(hours=1))
    assert await confirm(database, number) == Applied(
        number, STUDENT.person_id, MARKED.period, MARKED.course.code, SAT, after, "Ведомостьта 54 тұр"
    )
    assert await stored(database) == after


async def test_every_step_of_a_correction_is_in_the_history(database: Database) -> None:
    number = await proposed(database)
    await confirm(database, number)
    async with database.read() as storage:
        first, second = await storage.changes.of("motion", (str(number),))
    assert (first.before, first.actor, second.actor, second.about) == (None, PROPOSER, SECOND, STUDENT.person_id)
    assert (second.before, second.after) == ({"state": "open"}, {"state": "carried"})


async def test_the_old_value_stays_in_the_history_with_who_and_why(database: Database) -> None:
    number = await proposed(database)
    await confirm(database, number)
    key = (STUDENT.person_id, MARKED.period, MARKED.course.code, "1")
    async with database.read() as storage:
        (change,) = await storage.changes.of("attempt", key)
    assert change.before
    assert (change.before["exam"], change.before["corrected_at"]) == ("49.4999", None)
    assert change.after
    assert change.after["exam"] == "54"
    assert (change.cause, change.cause_id, change.actor, change.why, change.about) == (
        "correction",
        number,
        SECOND,
        "Ведомостьта 54 тұр",
        STUDENT.person_id,
    )


async def test_other_attempts_and_the_enrolment_stay_as_they_are(database: Database) -> None:
    await confirm(database, await proposed(database))
    async with database.read() as storage:
        kept = await storage.marks.by_key(STUDENT.person_id, MARKED.period, MARKED.course.code)
    assert kept
    assert replace(kept, attempts=()) == replace(MARKED, attempts=())
    assert kept.attempts[1] == PENDING


async def test_the_same_person_does_not_confirm(database: Database) -> None:
    number = await proposed(database)
    assert reason(await confirm(database, number, PROPOSER)) is TwoPeopleRefusal.SAME_PERSON
    assert await stored(database) == SAT


@pytest.mark.parametrize("role", [Role.DEAN_OFFICE, Role.APPEALS_CHAIR])
async def test_a_role_the_profile_does_not_name_confirms_nothing(database: Database, role: Role) -> None:
    await give(database, RoleGrant(DEAN.person_id, role))
    number = await proposed(database)
    assert reason(await confirm(database, number, DEAN.person_id)) is TwoPeopleRefusal.NO_ROLE


async def test_the_administrator_confirms_but_does_not_propose(database: Database) -> None:
    await give(database, RoleGrant(DEAN.person_id, Role.ADMIN))
    refused = await propose(database, Values(exam=Decimal(54)), DEAN.person_id)
    assert reason(refused) is CorrectionRefusal.NOT_ALLOWED
    assert isinstance(await confirm(database, await proposed(database), DEAN.person_id), Applied)


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (RoleGrant(DEAN.person_id, Role.REGISTRAR, "Another school"), TwoPeopleRefusal.OTHER_INSTITUTE),
        (RoleGrant(DEAN.person_id, Role.REGISTRAR, None, date(2026, 1, 11)), TwoPeopleRefusal.TERM_OVER),
    ],
    ids=["another scope", "a term that is over"],
)
async def test_a_registrar_of_elsewhere_or_of_yesterday_corrects_nothing(
    database: Database, held: RoleGrant, why: TwoPeopleRefusal
) -> None:
    await give(database, held)
    refused = await propose(database, Values(exam=Decimal(54)), DEAN.person_id)
    assert reason(refused) is CorrectionRefusal.NOT_ALLOWED
    assert reason(await confirm(database, await proposed(database), DEAN.person_id)) is why


async def test_a_student_who_is_a_registrar_does_not_touch_their_own_mark(database: Database) -> None:
    await give(database, RoleGrant(STUDENT.person_id, Role.REGISTRAR))
    refused = await propose(database, Values(exam=Decimal(100)), STUDENT.person_id)
    assert reason(refused) is CorrectionRefusal.OWN_MARK
    assert reason(await confirm(database, await proposed(database), STUDENT.person_id)) is TwoPeopleRefusal.GAINS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (Values(exam=Decimal(101)), CorrectionRefusal.OUT_OF_RANGE),
        (Values(rating1=Decimal(-1)), CorrectionRefusal.OUT_OF_RANGE),
        (Values(rating2=Decimal("NaN")), CorrectionRefusal.OUT_OF_RANGE),
        (Values(rating1=Decimal("81.050")), CorrectionRefusal.NOTHING_CHANGES),
        (Values(outcome=Outcome.TOOK), CorrectionRefusal.NOTHING_CHANGES),
        (Values(exam=Decimal(50), outcome=Outcome.REMOVED), CorrectionRefusal.MARK_WITHOUT_EXAM),
    ],
)
async def test_what_cannot_be_is_refused(database: Database, values: Values, expected: CorrectionRefusal) -> None:
    assert reason(await propose(database, values)) is expected


async def test_a_reason_is_asked_for(database: Database) -> None:
    assert reason(await propose(database, FIFTY_FOUR, reason=" ")) is MotionRefusal.NO_REASON
    assert reason(await propose(database, FIFTY_FOUR, reason=" қате еді   ")) is MotionRefusal.REASON_TOO_SHORT
    assert isinstance(await propose(database, FIFTY_FOUR, reason="қате екен!"), Proposed)


async def test_only_a_posted_mark_of_an_attempt_that_is_there_is_corrected(database: Database) -> None:
    exam = Values(exam=Decimal(54))
    assert reason(await propose(database, exam, attempt=None)) is CorrectionRefusal.NOT_POSTED
    assert reason(await propose(database, exam, attempt=3)) is CorrectionRefusal.NO_SUCH_ATTEMPT


async def test_who_came_after_all_gets_a_mark_and_who_did_not_loses_it(database: Database) -> None:
    await confirm(database, await proposed(database, Values(outcome=Outcome.DID_NOT_COME)))
    absent = await stored(database)
    assert (absent.outcome, absent.exam) == (Outcome.DID_NOT_COME, None)
    assert reason(await propose(database, Values(outcome=Outcome.TOOK))) is CorrectionRefusal.MARK_WITHOUT_EXAM
    await confirm(database, await proposed(database, Values(exam=Decimal(70))))
    present = await stored(database)
    assert (present.outcome, present.exam) == (Outcome.TOOK, Decimal(70))


async def test_one_correction_of_a_mark_waits_at_a_time(database: Database) -> None:
    await proposed(database)
    again = await propose(database, Values(exam=Decimal(60)))
    assert reason(again) is MotionRefusal.ONE_IS_WAITING


async def test_a_correction_waits_for_so_long_and_not_longer(database: Database) -> None:
    number = await proposed(database)
    refused = await confirm(database, number, day=DAYS)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.until) == (MotionRefusal.EXPIRED, NOW + DAYS)
    assert await stored(database) == SAT
    async with database.read() as storage:
        kept = await storage.motions.by_id(number)
    assert kept
    assert kept.state is MotionState.EXPIRED
    number = await proposed(database)
    assert isinstance(await confirm(database, number, day=DAYS - timedelta(seconds=1)), Applied)


async def test_an_expired_proposal_makes_room_for_another(database: Database) -> None:
    await proposed(database)
    assert isinstance(await propose(database, Values(exam=Decimal(60)), day=DAYS), Proposed)


async def test_a_mark_that_has_changed_meanwhile_is_not_overwritten(database: Database) -> None:
    number = await proposed(database)
    moved = replace(MARKED, attempts=(replace(SAT, exam=Decimal(48)),))
    async with database.write() as storage:
        await storage.marks.save([moved])
        await storage.commit()
    assert reason(await confirm(database, number)) is MotionRefusal.CHANGED_SINCE
    assert (await stored(database)).exam == Decimal(48)


async def test_of_two_who_confirm_at_once_one_does(database: Database) -> None:
    await give(database, RoleGrant(DEAN.person_id, Role.ADMIN))
    number = await proposed(database)
    outcomes = await asyncio.gather(confirm(database, number, SECOND), confirm(database, number, DEAN.person_id))
    assert sorted(isinstance(outcome, Applied) for outcome in outcomes) == [False, True]
    assert MotionRefusal.ALREADY_DECIDED in map(reason, outcomes)


async def test_a_correction_is_refused_by_the_second_person_or_taken_back(database: Database) -> None:
    for by in (SECOND, PROPOSER):
        number = await proposed(database)
        async with database.write() as storage:
            nobody = await refuse(storage, number=number, by=DEAN.person_id, reason="жоқ", now=NOW, profile=PROFILE)
            assert reason(nobody) is TwoPeopleRefusal.NO_ROLE
            await refuse(storage, number=number, by=by, reason="жоқ", now=NOW, profile=PROFILE)
        assert reason(await confirm(database, number)) is MotionRefusal.ALREADY_DECIDED
    assert await stored(database) == SAT


async def test_an_unknown_number_is_said_to_be_unknown(database: Database) -> None:
    assert reason(await confirm(database, 99)) is MotionRefusal.UNKNOWN


async def test_the_command_line_proposes_and_takes_back_its_own_and_confirms_nothing(database: Database) -> None:
    outcome = await propose(database, FIFTY_FOUR, by=None)
    assert isinstance(outcome, Proposed)
    assert isinstance(await confirm(database, outcome.motion.id, PROPOSER), Applied)
    mine = await proposed(database, Values(exam=Decimal(60)))
    async with database.write() as storage:
        refused = await refuse(storage, number=mine, by=None, reason="жоқ", now=NOW, profile=PROFILE)
    assert reason(refused) is TwoPeopleRefusal.NO_ROLE
