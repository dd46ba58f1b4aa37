"""What somebody of the staff meets, on both engines: lists say of each request what the case itself would say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from policy.calendar import ExamSlot
from policy.decision import Refused
from policy.instant import MessageInstant
from policy.marks import ExamForm
from policy.people import Name, Role, RoleGrant
from policy.profile import load_profile
from policy.requests import Kind, Queue, RequestState
from policy.review import Act, ReviewRefusal
from policy.two_people import TwoPeopleRefusal
from services.attempts import MOST_A_DAY, Attempt, Stranger, keep, note, noting
from services.corrections import correctable
from services.links import link_record
from services.requests.cases import Waiting, asked_for, free_signers, queue_for
from services.requests.filing import Filed, file_request
from services.requests.papers import (
    decided_on,
    filed_in,
    for_protocol,
    make_protocol,
    members,
    protocol_for,
    protocol_paper,
    protocols_for,
    register_rows,
)
from services.requests.reading import readable
from services.requests.reviewing import Acting, Verdict, name_substitute, propose, propose_again, sign, sign_again
from services.roles import Term, would_change
from services.sheets import groups_for, sheets_for
from services.standing import study_of
from services.teaching import lecturers_of, taught_by
from storage.database import Database
from storage.records import REFUSED, Change, Person
from storage.requests import ExamKey, Request
from storage.unit import Storage
from tests.storage.examples import DEAN, NOW, PERIOD, REGISTRAR, enrolment, student

PROFILE = load_profile(None)
ZONE = PROFILE.university.zone
TODAY = NOW.astimezone(ZONE).date()
LATER = NOW + timedelta(minutes=30)
OURS, THEIRS, NO_GROUP = student("02500001"), replace(student("02500002"), institute="LAW"), student("02500003")
SECRETARY, CHAIR, OURS_ONLY, TEACHES, ENDED, ADMIN = (f"T00{number}" for number in range(10, 16))
GRANTS = [
    RoleGrant(SECRETARY, Role.APPEALS_SECRETARY),
    RoleGrant(CHAIR, Role.APPEALS_CHAIR),
    RoleGrant(OURS_ONLY, Role.APPEALS_MEMBER, OURS.institute),
    RoleGrant(OURS_ONLY, Role.REGISTRAR, OURS.institute),
    RoleGrant(TEACHES, Role.APPEALS_MEMBER),
    RoleGrant(TEACHES, Role.REGISTRAR),
    RoleGrant(ENDED, Role.APPEALS_CHAIR, until=TODAY - timedelta(days=1)),
    RoleGrant(ADMIN, Role.ADMIN),
]
PEOPLE = (SECRETARY, CHAIR, OURS_ONLY, TEACHES, ENDED, ADMIN, OURS.person_id)


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    starts = datetime(2026, 1, 9, 4, tzinfo=UTC)
    marked = enrolment()
    sat = replace(marked.attempts[0], posted_at=NOW - timedelta(hours=1), exam=Decimal(60))
    line = ExamSlot(
        marked.period,
        marked.course.code,
        "ЭН-25-1",
        ExamForm.WRITTEN,
        starts,
        starts + timedelta(hours=2),
        "204",
        TEACHES,
    )
    groups = {OURS: "ЭН-25-2", THEIRS: "ЭН-25-1", NO_GROUP: None}
    async with database.write() as storage:
        await storage.students.save(groups)
        await storage.people.save(
            [REGISTRAR, *(Person(each, Name("Қызметкер", each), DEAN.language) for each in PEOPLE[:-1])]
        )
        await storage.roles.grant(GRANTS, at=NOW, by=None)
        await storage.calendar.save_exams([line])
        for each, group in groups.items():
            mine = replace(marked, student_id=each.person_id, group=group, attempts=(sat,))
            await storage.marks.save([mine])
        await storage.commit()
    for each in groups:
        await filed(database, each.person_id)


async def filed(database: Database, student_id: str) -> Request:
    async with database.write() as storage:
        known = await storage.students.by_id(student_id)
        assert known
        done = await file_request(
            storage,
            kind=Kind.APPEAL,
            study=await study_of(storage, student=known, now=NOW, profile=PROFILE),
            exam=ExamKey(PERIOD, "MAT1201", 1),
            filed=MessageInstant(NOW),
            by=student_id,
            now=NOW,
            profile=PROFILE,
            reason="Үшінші жауап дұрыс",
        )
    assert isinstance(done, Filed), done
    return done.request


@pytest.fixture
async def reading(database: Database) -> AsyncIterator[Storage]:
    async with database.read() as storage:
        yield storage


def acting(by: str) -> Acting:
    return Acting(by, LATER, PROFILE)


def asked(by: str) -> dict[str, Any]:
    return {"by": by, "now": LATER, "profile": PROFILE}


async def decided(database: Database, number: int, *, signed_by: str = CHAIR) -> Any:
    async with database.write() as storage:
        await propose(storage, number, Verdict(RequestState.REFUSED, "Бәрі дұрыс"), acting(SECRETARY))
    async with database.write() as storage:
        return await sign(storage, number, acting(signed_by))


@pytest.mark.parametrize("by", PEOPLE)
@pytest.mark.parametrize("act", [Act.READ, Act.SIGN, Act.ENTER, Act.NAME_SUBSTITUTE])
async def test_a_list_holds_what_the_case_itself_would_show(database: Database, by: str, act: Act) -> None:
    async with database.write() as storage:
        those = tuple((await storage.requests.by_ids(range(1, 5))).values())
        assert len(those) == 3
        listed = await readable(storage, those, act=act, **asked(by))
        alone = [await asked_for(storage, act, request_id=each.id, **asked(by)) for each in those]
    allowed = [each.request.id for each in alone if not isinstance(each, Refused)]
    assert [each.id for each in listed] == allowed


async def test_who_teaches_a_sheet_meets_no_case_of_it_in_any_list(reading: Storage) -> None:
    seen = await queue_for(reading, Queue.APPEALS, which=Waiting.ALL, **asked(TEACHES))
    assert isinstance(seen, tuple)
    assert [each.student.person_id for each in seen] == [OURS.person_id], "who tells no group may be of theirs"
    assert [
        each.student_id for each in await filed_in(reading, Queue.APPEALS, first=TODAY, last=TODAY, **asked(TEACHES))
    ] == [OURS.person_id]
    numbers = [1, 2, 3]
    rows = await register_rows(reading, numbers, language=DEAN.language, **asked(TEACHES))
    assert [row.student_id for row in rows] == [OURS.person_id]
    rows = await register_rows(reading, numbers, language=DEAN.language, **asked(SECRETARY))
    assert [row.number for row in rows] == numbers
    assert await register_rows(reading, numbers, language=DEAN.language, **asked(ENDED)) == ()


async def test_a_sheet_that_tells_no_group_is_taken_for_one_its_lecturer_teaches(reading: Storage) -> None:
    exam = ExamKey(PERIOD, "MAT1201", 1)
    sittings = [(each.person_id, exam) for each in (OURS, THEIRS, NO_GROUP)]
    assert await taught_by(reading, TEACHES, sittings) == {sittings[1], sittings[2]}
    assert await taught_by(reading, SECRETARY, sittings) == frozenset()
    for sitting in sittings:
        assert (TEACHES in await lecturers_of(reading, *sitting)) == (sitting in sittings[1:])
    assert await lecturers_of(reading, OURS.person_id, ExamKey(PERIOD, "GONE", 1)) == frozenset()


async def test_a_case_whose_mark_was_withdrawn_is_not_for_the_lecturer_either(database: Database) -> None:
    async with database.write() as storage:
        await storage.marks.remove([(OURS.person_id, PERIOD, "MAT1201")])
        await storage.commit()
    async with database.read() as storage:
        refused = await asked_for(storage, Act.READ, request_id=1, **asked(TEACHES))
        assert isinstance(refused, Refused)
        assert refused.reason is ReviewRefusal.LECTURER
        assert not isinstance(await asked_for(storage, Act.READ, request_id=1, **asked(CHAIR)), Refused)


async def test_a_protocol_holds_what_its_maker_may_read_and_each_prints_what_is_theirs(database: Database) -> None:
    for number in (1, 2, 3):
        assert not isinstance(await decided(database, number), Refused)
    async with database.write() as storage:
        day = LATER.astimezone(ZONE).date()
        assert await decided_on(storage, day, **asked(SECRETARY)) == (1, 2, 3)
        assert await decided_on(storage, day, **asked(OURS_ONLY)) == (1, 3)
        assert await decided_on(storage, day, **asked(TEACHES)) == (1,)
        assert await for_protocol(storage, [3, 2, 2, 77, 1], **asked(OURS_ONLY)) == (3, 1)
        assert await make_protocol(storage, day=day, numbers=[2, 77], present=[CHAIR], **asked(OURS_ONLY)) is None
        whole = await make_protocol(storage, day=day, numbers=[1, 2, 3], present=[CHAIR, TEACHES], **asked(SECRETARY))
        assert whole
        theirs = await make_protocol(storage, day=day, numbers=[2], present=[CHAIR], **asked(SECRETARY))
        assert theirs
    async with database.read() as storage:
        kept, seen = await protocol_for(storage, whole.number, **asked(SECRETARY)) or (whole, frozenset())
        paper = protocol_paper(kept, seen, profile=PROFILE)
        assert ([each.number for each in paper.cases], paper.left_out) == (["1", "2", "3"], ())
        kept, seen = await protocol_for(storage, whole.number, **asked(OURS_ONLY)) or (whole, frozenset())
        extract = protocol_paper(kept, seen, profile=PROFILE)
        assert ([each.number for each in extract.cases], extract.left_out) == (["1", "3"], ("2",))
        kept, seen = await protocol_for(storage, whole.number, **asked(TEACHES)) or (whole, frozenset())
        assert protocol_paper(kept, seen, profile=PROFILE).left_out == ("2", "3")
        assert [each.number for each in await protocols_for(storage, limit=5, **asked(SECRETARY))] == [2, 1]
        assert [each.number for each in await protocols_for(storage, limit=5, **asked(OURS_ONLY))] == [1]
        with noting() as noted:
            assert await protocol_for(storage, theirs.number, **asked(OURS_ONLY)) is None
            assert await protocol_for(storage, 99, **asked(OURS_ONLY)) is None
        assert [(each.object, each.key) for each in noted] == [("protocol", ("2",))]
        with pytest.raises(LookupError, match="not for them"):
            protocol_paper(theirs, frozenset(), profile=PROFILE)


async def test_the_commission_of_a_protocol_are_those_who_decide_there(reading: Storage) -> None:
    here = {each.person.person_id for each in await members(reading, [1], today=TODAY)}
    there = {each.person.person_id for each in await members(reading, [2], today=TODAY)}
    assert here - there == {OURS_ONLY}
    assert there == {CHAIR, SECRETARY, TEACHES}


async def test_a_registrar_meets_the_sheets_of_their_institute_that_they_do_not_teach(reading: Storage) -> None:
    async def groups(by: str) -> list[str]:
        return [group for group, _, _ in await groups_for(reading, PERIOD, **asked(by))]

    assert await groups(OURS_ONLY) == ["ЭН-25-2"]
    assert await groups(TEACHES) == ["ЭН-25-1", "ЭН-25-2"]
    assert await groups(SECRETARY) == []
    assert [each.group for each in await sheets_for(reading, PERIOD, "ЭН-25-2", **asked(OURS_ONLY))] == ["ЭН-25-2"]
    with noting() as noted:
        assert await sheets_for(reading, PERIOD, "ЭН-25-1", **asked(OURS_ONLY)) == ()
        assert await sheets_for(reading, PERIOD, "ЭН-25-1", **asked(TEACHES)) == ()
        assert await sheets_for(reading, PERIOD, "nowhere", **asked(OURS_ONLY)) == ()
    assert [(each.by, each.why) for each in noted] == [(OURS_ONLY, "other_institute"), (TEACHES, "lecturer")]


async def test_marks_on_a_sheet_one_teaches_are_for_others_to_correct(reading: Storage) -> None:
    assert len(await correctable(reading, OURS.person_id, by=TEACHES)) == 1
    assert await correctable(reading, THEIRS.person_id, by=TEACHES) == ()
    assert len(await correctable(reading, THEIRS.person_id, by=OURS_ONLY)) == 1


async def test_searches_end_where_a_role_does(reading: Storage) -> None:
    async def found(within: frozenset[str] | None, *, staff: bool = False) -> set[str]:
        people = await reading.people.found("", limit=50, within=within, staff=staff)
        assert people == ()
        people = await reading.people.found("т0 0", limit=50, within=within, staff=staff)
        words = ("0250", "t00")
        return {
            each.person_id
            for word in words
            for each in await reading.people.found(word, limit=50, within=within, staff=staff)
        }

    ours, theirs = frozenset({OURS.institute}), frozenset({"LAW"})
    assert await found(ours) == {OURS.person_id, NO_GROUP.person_id, OURS_ONLY}
    assert await found(theirs) == {THEIRS.person_id}
    assert await found(frozenset()) == set()
    assert {OURS.person_id, THEIRS.person_id, SECRETARY} <= await found(None)
    assert await found(theirs, staff=True) == {THEIRS.person_id, REGISTRAR.person_id, *PEOPLE[:-1]}
    by_institute = [
        {each.person_id for each in await reading.students.found("0250", limit=50, within=within)}
        for within in (None, ours, theirs, frozenset())
    ]
    assert by_institute == [
        {OURS.person_id, THEIRS.person_id, NO_GROUP.person_id},
        {OURS.person_id, NO_GROUP.person_id},
        {THEIRS.person_id},
        set(),
    ]
    assert await reading.students.found("0 " * 2000, limit=5, within=None) != ()


async def test_the_link_of_who_is_of_another_institute_or_of_the_university_is_not_for_an_institutes_office(
    reading: Storage,
) -> None:
    async def record(person_id: str, by: str) -> Any:
        return await link_record(reading, person_id=person_id, by=by, now=NOW, today=TODAY)

    with noting() as noted:
        assert await record(OURS.person_id, OURS_ONLY)
        assert await record(THEIRS.person_id, OURS_ONLY) is None
        assert await record(SECRETARY, OURS_ONLY) is None
        assert await record("nobody", OURS_ONLY) is None
        assert await record(SECRETARY, ADMIN)
    assert [(each.object, *each.key, each.why) for each in noted] == [
        ("link", THEIRS.person_id, "other_institute"),
        ("link", SECRETARY, "other_institute"),
    ]


async def test_an_administrator_of_one_institute_changes_no_link_of_who_acts_for_the_university(
    database: Database,
) -> None:
    async with database.write() as storage:
        await storage.people.save([Person("T0050", Name("Әкімші", "Ит"), DEAN.language)])
        grants = [RoleGrant("T0050", Role.ADMIN, OURS.institute), RoleGrant(OURS.person_id, Role.ADMIN)]
        await storage.roles.grant(grants, at=NOW, by=None)
        await storage.commit()
        ours = await link_record(storage, person_id=OURS.person_id, by="T0050", now=NOW, today=TODAY)
        colleague = await link_record(storage, person_id=OURS_ONLY, by="T0050", now=NOW, today=TODAY)
    assert ours
    assert isinstance(ours.may_change, Refused)
    assert colleague
    assert not isinstance(colleague.may_change, Refused)


@pytest.mark.parametrize(
    ("scope", "person_id", "proposed"),
    [
        (OURS.institute, OURS.person_id, True),
        (OURS.institute, CHAIR, True),
        (OURS.institute, THEIRS.person_id, False),
        ("LAW", OURS.person_id, False),
        (None, OURS.person_id, False),
    ],
)
async def test_a_role_is_proposed_as_far_as_ones_own_reaches(
    reading: Storage, scope: str | None, person_id: str, proposed: bool
) -> None:
    with noting() as noted:
        change = await would_change(
            reading, person_id=person_id, role=Role.OFFICER, scope=scope, term=Term(endless=True), **asked(OURS_ONLY)
        )
    assert isinstance(change, Refused) is not proposed
    assert bool(noted) is not proposed


# The second human


async def enabled(database: Database, by: str, whom: str) -> None:
    """Let one have moved the other's link."""
    async with database.write() as storage:
        line = Change("link", (whom,), {"user_id": 1}, {"user_id": 2}, "registrar", NOW, about=whom, actor=by)
        await storage.changes.record([line])
        await storage.commit()


async def test_who_may_be_the_same_human_as_the_preparer_does_not_sign_and_others_are_named(database: Database) -> None:
    await enabled(database, SECRETARY, CHAIR)
    with noting() as noted:
        refused = await decided(database, 1)
    assert isinstance(refused, Refused)
    assert refused.reason is TwoPeopleRefusal.MADE_ABLE
    assert refused.until == NOW + timedelta(days=PROFILE.service.second_human_days)
    assert [(each.object, each.key, each.by, each.why) for each in noted] == [("request", ("1",), CHAIR, "made_able")]
    async with database.write() as storage:
        case = await asked_for(storage, Act.READ, request_id=1, **asked(SECRETARY))
        assert not isinstance(case, Refused)
        assert case.decisions == ()
        assert await free_signers(storage, case, now=LATER, profile=PROFILE) == ()
        named = await name_substitute(storage, 1, TEACHES, acting(ADMIN))
        assert not isinstance(named, Refused)
    async with database.write() as storage:
        assert not isinstance(await sign(storage, 1, acting(TEACHES)), Refused)


async def test_a_substitute_who_may_be_the_preparer_is_not_named(database: Database) -> None:
    await enabled(database, SECRETARY, CHAIR)
    await enabled(database, TEACHES, SECRETARY)
    await decided(database, 1)
    async with database.write() as storage:
        refused = await name_substitute(storage, 1, TEACHES, acting(ADMIN))
    assert isinstance(refused, Refused)
    assert refused.reason is TwoPeopleRefusal.MADE_ABLE


async def test_a_refusal_is_followed_by_no_decision_of_who_may_be_its_preparer(database: Database) -> None:
    assert not isinstance(await decided(database, 1), Refused)
    await enabled(database, CHAIR, SECRETARY)
    async with database.write() as storage:
        verdict = Verdict(RequestState.UPHELD, "Қайта қаралды", 5)
        assert not isinstance(await propose_again(storage, 1, verdict, acting(SECRETARY)), Refused)
    async with database.write() as storage:
        again = await sign_again(storage, 1, acting(CHAIR))
    assert isinstance(again, Refused)
    assert again.reason is TwoPeopleRefusal.MADE_ABLE


async def test_where_one_may_decide_alone_nobody_asks_for_a_second_human(database: Database) -> None:
    await enabled(database, SECRETARY, CHAIR)
    alone = replace(PROFILE, requests=replace(PROFILE.requests, appeals_one_step=True))
    async with database.write() as storage:
        await propose(storage, 1, Verdict(RequestState.REFUSED, "Бәрі дұрыс"), Acting(SECRETARY, LATER, alone))
    async with database.write() as storage:
        assert not isinstance(await sign(storage, 1, Acting(CHAIR, LATER, alone)), Refused)


# Attempts


def tried(key: str, *, by: str = CHAIR, at: datetime = NOW, object_: str = "motion") -> Attempt:
    return Attempt(object_, (key,), by, "no_role", "motion", at)


async def attempts(database: Database, by: str = CHAIR) -> list[Change]:
    async with database.read() as storage:
        return [each async for each in storage.changes.found(person_id=by) if each.act == REFUSED]


async def test_a_thing_is_kept_once_a_day_and_person_and_a_day_holds_only_so_many(database: Database) -> None:
    async with database.write() as storage:
        await keep(storage, [tried("1"), tried("1"), tried("2"), tried("1", by=SECRETARY)], zone=ZONE)
    async with database.write() as storage:
        await keep(storage, [tried("1", at=LATER), *(tried(str(number)) for number in range(200))], zone=ZONE)
    assert len(await attempts(database)) == MOST_A_DAY
    assert len(await attempts(database, SECRETARY)) == 1
    async with database.write() as storage:
        await keep(storage, [tried("1", at=NOW + timedelta(days=1))], zone=ZONE)
    newest, *_ = await attempts(database)
    assert len(await attempts(database)) == MOST_A_DAY + 1
    assert (newest.key, newest.why, newest.before, newest.after) == (("1",), "no_role", None, None)


async def test_a_request_that_is_not_there_is_nothing_tried(database: Database) -> None:
    async with database.write() as storage:
        await keep(storage, [tried(str(number), object_="request") for number in (1, 77, 2**63 - 1)], zone=ZONE)
    assert [each.key for each in await attempts(database)] == [("1",)]


async def test_only_who_somebody_is_makes_a_refusal_an_attempt(database: Database) -> None:
    with noting() as noted:
        for reason in (ReviewRefusal.LECTURER, ReviewRefusal.ALREADY_DECIDED, TwoPeopleRefusal.MADE_ABLE):
            note(Refused(reason, ()), "request", 1, by=CHAIR, cause="request", now=NOW)
        note(Refused(ReviewRefusal.NO_ROLE, ()), "request", 1, by=None, cause="request", now=NOW)
        note(Stranger.NOT_THEIRS, "request", 1, by=CHAIR, cause="request", now=NOW)
    note(Refused(ReviewRefusal.NO_ROLE, ()), "request", 1, by=CHAIR, cause="request", now=NOW)
    assert [each.why for each in noted] == ["lecturer", "made_able", "not_theirs"]


async def test_an_attempt_is_no_change(database: Database) -> None:
    async with database.write() as storage:
        before = await storage.changes.latest_id()
        await keep(storage, [tried("1", object_="role")], zone=ZONE)
        assert await storage.changes.latest_id() == before
        assert await storage.changes.of("role", ("1",)) == ()
        assert await storage.changes.refused(CHAIR, since=datetime.combine(date(2020, 1, 1), NOW.timetz())) == {
            ("role", ("1",))
        }
