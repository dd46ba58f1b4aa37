"""Personal data: all of a person's own, none of anybody else's."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from policy.gpa import Components
from policy.people import Role, RoleGrant
from policy.profile import load_profile
from policy.requests import Kind, RequestState
from services import accounts
from services.corrections import Proposed, Values, propose_correction
from services.invitations import invite, redeem
from services.motions.deciding import carry
from services.personal_data import everything_about
from services.requests.history import recorded
from storage.database import Database
from storage.records import Person
from storage.requests import ExamKey, Inquiry, NewDecision, NewRequest, Proposal, SentFile
from tests.storage.examples import DEAN, NOW, REGISTRAR, enrolment, student

PROFILE = load_profile(None)
AIDA = student("02500000")
BERIK = replace(student("02500001", "Ахметов", phone="+77022000274"), group="АЖ-25-1")
SECOND = Person("T0010", DEAN.name, DEAN.language)


@pytest.fixture
async def lived_in(database: Database) -> Database:
    """Two students and staff who have all done something."""
    async with database.write() as storage:
        await storage.students.save([AIDA, BERIK])
        await storage.students.set_years("2025-2026", {AIDA.person_id: 1, BERIK.person_id: 1})
        await storage.people.save([REGISTRAR, DEAN, SECOND])
        await storage.roles.grant(
            [RoleGrant(each.person_id, Role.REGISTRAR) for each in (REGISTRAR, SECOND)], at=NOW, by=None
        )
        await storage.roles.grant([RoleGrant(AIDA.person_id, Role.OFFICER)], at=NOW, by=REGISTRAR.person_id)
        await storage.marks.save([enrolment(AIDA.person_id), enrolment(BERIK.person_id, "PHY1101")])
        await storage.components.save({(AIDA.person_id, "2025-2026"): Components(None, None, Decimal("3.5"))})
        await storage.commit()
        for user, person in ((1001, AIDA), (1002, BERIK)):
            (card,) = await invite(
                storage, person_ids=[person.person_id], actor=REGISTRAR.person_id, now=NOW, profile=PROFILE
            )
            await redeem(storage, code=card.code, user=user, now=NOW, profile=PROFILE)
            await accounts.link(storage, user=user, consent_version="1", now=NOW, profile=PROFILE)
        await storage.drafts.keep(1001, 1001, "need", {"course": "MAT1201"}, at=NOW)
        done = await propose_correction(
            storage,
            student_id=AIDA.person_id,
            period="2025-2026/1",
            course_code="MAT1201",
            attempt=1,
            values=Values(exam=Decimal(54)),
            reason="Ведомость бойынша",
            by=REGISTRAR.person_id,
            now=NOW,
            profile=PROFILE,
        )
        assert isinstance(done, Proposed)
        await carry(storage, number=done.motion.id, by=SECOND.person_id, now=NOW, profile=PROFILE)
        await storage.commit()
    return database


@pytest.fixture
async def disputed(lived_in: Database) -> Database:
    """The same, with an appeal that was asked about, proposed and signed, and another proposal that nobody signed."""
    exam = ExamKey("2025-2026/1", "MAT1201", 1)
    async with lived_in.write() as storage:
        requests = storage.requests
        for kind in (Kind.APPEAL, Kind.APPEAL_PROCEDURE):
            new = NewRequest(kind, AIDA.person_id, exam, None, "3-сұрақ", NOW, NOW, REGISTRAR.person_id, NOW, NOW)
            request = await requests.add(new)
            assert request
            await storage.changes.record([recorded(None, request, by=SECOND.person_id, now=NOW)])
            asked = Inquiry("Қай сұрақ?", SECOND.person_id, NOW, "Үшінші", NOW)
            proposal = Proposal(RequestState.UPHELD, 5, "ЖОБА", SECOND.person_id, NOW)
            after = await requests.save(
                replace(request, taken_by=SECOND.person_id, inquiries=(asked,), proposal=proposal)
            )
            assert after
            await storage.changes.record([recorded(request, after, by=SECOND.person_id, now=NOW)])
        await requests.decide(
            NewDecision(
                request_id=1,
                outcome=RequestState.UPHELD,
                points=5,
                reason="Жауап дұрыс",
                prepared_by=SECOND.person_id,
                prepared_at=NOW,
                signed_by=REGISTRAR.person_id,
                signed_at=NOW,
                mark_before=Decimal(54),
                mark_after=Decimal(59),
            )
        )
        file = SentFile("жауап.jpg", "photo", None, 10, "file id", "unique id")
        await requests.add_document(1, file, sent_at=NOW, by=AIDA.person_id)
        await storage.commit()
    return lived_in


async def test_requests_are_there_without_the_staff_and_without_what_nobody_signed(disputed: Database) -> None:
    async with disputed.read() as storage:
        data = await everything_about(storage, person_id=AIDA.person_id, now=NOW)
    taken = json.loads(data.as_json())
    assert [each["kind"] for each in taken["requests"]] == ["appeal", "appeal_procedure"]
    assert [each["answer"] for each in taken["requests"][0]["inquiries"]] == ["Үшінші"]
    assert [(each["request"], each["mark_after"]) for each in taken["decisions"]] == [(1, "59")]
    assert [each["file_name"] for each in taken["request_documents"]] == ["жауап.jpg"]
    assert len([each for each in taken["history"] if each["object"] == "request"]) == 4
    whole = data.as_json().decode()
    assert "ЖОБА" not in whole
    assert SECOND.person_id not in whole
    assert REGISTRAR.person_id not in whole


async def test_everything_of_ones_own_is_there(lived_in: Database) -> None:
    async with lived_in.read() as storage:
        data = await everything_about(storage, person_id=AIDA.person_id, now=NOW)
    filled = {name for name, rows in data.sections.items() if rows}
    assert filled == set(data.sections) - {
        "link_offers",
        "wrong_codes",
        "requests",
        "decisions",
        "request_documents",
    }
    taken = json.loads(data.as_json())
    assert taken["person"][0]["name"]["surname"] == AIDA.name.surname
    assert taken["courses_and_marks"][0]["attempts"][0]["exam"] == "54"
    assert taken["corrections"][0]["before"] == {"exam": "49.4999"}
    assert taken["telegram_account"][0]["consented_at"] == NOW.isoformat()
    assert {change["object"] for change in taken["history"]} == {
        "attempt",
        "motion",
        "invitation",
        "link",
    }


async def test_nothing_of_anybody_else_and_no_secret_is_there(lived_in: Database) -> None:
    async with lived_in.read() as storage:
        text = (await everything_about(storage, person_id=AIDA.person_id, now=NOW)).as_json().decode()
        (invitation,) = await storage.invitations.of_person(AIDA.person_id)
    for foreign in (BERIK.person_id, BERIK.name.surname, BERIK.group, "1002", "PHY1101"):
        assert foreign not in text
    for staff in (REGISTRAR, SECOND):
        assert staff.person_id not in text
        assert staff.name.surname not in text
    assert invitation.code_sha256 not in text


async def test_staff_who_are_not_students_can_take_theirs(lived_in: Database) -> None:
    async with lived_in.read() as storage:
        data = await everything_about(storage, person_id=REGISTRAR.person_id, now=NOW)
    assert data.sections["studies"] == []
    assert [row["grant"]["role"] for row in data.sections["roles"]] == [Role.REGISTRAR]
    assert AIDA.person_id not in data.as_json().decode()


async def test_a_stranger_has_none(lived_in: Database) -> None:
    async with lived_in.read() as storage:
        with pytest.raises(LookupError):
            await everything_about(storage, person_id="T9999", now=NOW)
