"""Requests hold together with what else changes marks: imports, their undoing, corrections."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from policy.appeals import AppealBasis, AppealRefusal, UpholdRefusal
from policy.calendar import DateSpan, PeriodDates, PeriodEvent
from policy.citation import HOUSE
from policy.decision import Refused
from policy.instant import MessageInstant
from policy.marks import Outcome, Standing
from policy.people import Language, Role, RoleGrant
from policy.profile import load_profile
from policy.requests import Kind, RequestState
from services.corrections import Applied, Proposed, Values, propose_correction
from services.importing import Imported, Preview, Undone, UndoRefusal, UndoRefused, apply, undo
from services.importing import Kind as FileKind
from services.importing import preview as look_at
from services.importing.undoing import propose_undo
from services.motions.deciding import Carried, agree, carry
from services.motions.moving import MotionRefusal
from services.requests.cases import Case, CaseRefusal, case_of
from services.requests.events import tell_of_changes
from services.requests.filing import Filed, file_request
from services.requests.kinds import AFTER_FX
from services.requests.papers import application_paper, register_rows
from services.requests.reviewing import Acting, Verdict, decide, enter, propose, sign, take
from services.requests.voiding import void_retakes
from services.standing import study_of
from storage.database import Database
from storage.records import Motion, Person
from storage.requests import ExamKey, KeptMark, KeptWindow, NewRequest, Request
from tests.services.test_requests import PROFILE
from tests.storage.examples import DEAN, NOW, REGISTRAR, student

STUDENT = student()
SECRETARY, CHAIR, DESK, ADMIN = "T0010", "T0011", "T0012", "T0013"
EXAM = ExamKey("2025-2026/1", "MAT1201", 1)
HEADER = "student_id,period,course_code,credits,exam_form,rating1,rating2,exam,posted_at,attempt"
POSTED = "2026-01-12 11:00"  # Almaty; NOW is half an hour later


@pytest.fixture(autouse=True)
async def records(database: Database) -> None:
    async with database.write() as storage:
        await storage.students.save([STUDENT])
        people = [REGISTRAR, *(Person(each, DEAN.name, DEAN.language) for each in (SECRETARY, CHAIR, DESK, ADMIN))]
        await storage.people.save(people)
        held = {
            SECRETARY: Role.APPEALS_SECRETARY,
            CHAIR: Role.APPEALS_CHAIR,
            REGISTRAR.person_id: Role.REGISTRAR,
            DESK: Role.SERVICE_DESK,
            ADMIN: Role.ADMIN,
        }
        await storage.roles.grant([RoleGrant(person, role) for person, role in held.items()], at=NOW, by=None)
        session = DateSpan(date(2026, 1, 5), date(2026, 1, 24))
        await storage.calendar.save_dates([PeriodDates(EXAM.period, {PeriodEvent.SESSION: session})])
        await storage.commit()


def row(exam: str, attempt: int = 1) -> str:
    return f"{STUDENT.person_id},{EXAM.period},{EXAM.course_code},5,written,80,80,{exam},{POSTED},{attempt}"


async def look(database: Database, *rows: str) -> Preview:
    async with database.read() as storage:
        return await look_at(
            storage,
            kind=FileKind.MARKS,
            source="\n".join([HEADER, *rows]).encode(),
            file_name="marks.csv",
            profile=PROFILE,
            now=NOW,
        )


async def load(database: Database, *rows: str, at: datetime = NOW) -> int:
    shown = await look(database, *rows)
    async with database.write() as storage:
        done = await apply(storage, shown, now=at, actor=None)
    assert isinstance(done, Imported)
    return done.import_id


async def filed(
    database: Database, kind: Kind = Kind.APPEAL, at: datetime = NOW, handled: datetime | None = None
) -> Request:
    outcome = await filing(database, kind, at, handled or at)
    assert isinstance(outcome, Filed), outcome
    return outcome.request


async def filing(database: Database, kind: Kind, at: datetime, handled: datetime) -> Any:
    async with database.write() as storage:
        study = await study_of(storage, student=STUDENT, now=handled, profile=PROFILE)
        return await file_request(
            storage,
            kind=kind,
            study=study,
            exam=EXAM,
            filed=MessageInstant(at),
            by=STUDENT.person_id,
            now=handled,
            profile=PROFILE,
            reason=None if kind is Kind.RETAKE else "3-сұрақ дұрыс",
        )


def acting(by: str) -> Acting:
    return Acting(by, NOW + timedelta(minutes=5), PROFILE)


async def prepared(database: Database, points: int) -> Request:
    request = await filed(database)
    async with database.write() as storage:
        await take(storage, request.id, acting(SECRETARY))
        outcome = RequestState.UPHELD if points else RequestState.REFUSED
        verdict = Verdict(outcome, "Жауап тексерілді", points or None)
        proposed = await propose(storage, request.id, verdict, acting(SECRETARY))
    assert isinstance(proposed, Request), proposed
    return proposed


async def signed(database: Database, request: Request) -> Any:
    async with database.write() as storage:
        return await sign(storage, request.id, acting(CHAIR))


async def corrected(database: Database, exam: int, at: datetime = NOW) -> Applied:
    async with database.write() as storage:
        proposed = await propose_correction(
            storage,
            student_id=STUDENT.person_id,
            period=EXAM.period,
            course_code=EXAM.course_code,
            attempt=1,
            values=Values(exam=Decimal(exam)),
            reason="Ведомосте басқа баға",
            by=REGISTRAR.person_id,
            now=at,
            profile=PROFILE,
        )
        assert isinstance(proposed, Proposed), proposed
        carried = await carry(storage, number=proposed.motion.id, by=ADMIN, now=at, profile=PROFILE)
        assert isinstance(carried, Carried)
        done = carried.outcome
    assert isinstance(done, Applied), done
    return done


async def granted_retake(database: Database) -> Request:
    request = await filed(database, Kind.RETAKE)
    async with database.write() as storage:
        decided = await decide(storage, request.id, Verdict(RequestState.APPROVED, "Мерзімінде"), acting(DESK))
    assert not isinstance(decided, Refused), decided
    return request


async def state(database: Database, request: Request) -> RequestState:
    async with database.read() as storage:
        kept = await storage.requests.by_id(request.id)
    assert kept
    return kept.state


async def news(database: Database) -> list[str]:
    async with database.read() as storage:
        owed = await storage.outbox.to_person(STUDENT.person_id, None)
    return [each.content["news"] for each in owed if each.kind == "request news"]


def told(shown: Preview) -> Sequence[tuple[str, str]]:
    return [(notice.reason, notice.arguments["what"]) for notice in shown.notices if "what" in notice.arguments]


async def test_the_old_mark_of_an_appeal_that_is_not_entered_yet_is_no_change(database: Database) -> None:
    await load(database, row("60"))
    request = await prepared(database, 5)
    await signed(database, request)

    old, new, other = [await look(database, row(exam)) for exam in ("60", "65", "61")]

    assert (old.refusals, old.nothing_to_do, old.rows.same) == ((), True, 1)
    assert told(old) == [("old_mark_of_appeal", f"№ {request.id}")]
    assert (new.nothing_to_do, told(new)) == (True, [("raised_mark_there", f"№ {request.id}")])
    assert [each.reason for each in other.refusals] == ["already_posted"]


async def test_once_the_raised_mark_is_entered_the_old_one_is_a_change_again(database: Database) -> None:
    await load(database, row("60"))
    request = await prepared(database, 5)
    await signed(database, request)
    async with database.write() as storage:
        assert isinstance(await enter(storage, request.id, acting(REGISTRAR.person_id)), Request)

    shown = await look(database, row("60"))

    assert [each.reason for each in shown.refusals] == ["already_posted"]
    assert told(await look(database, row("65"))) == []


async def test_after_a_correction_the_mark_before_the_appeal_is_a_change(database: Database) -> None:
    await load(database, row("60"))
    await signed(database, await prepared(database, 5))
    await corrected(database, 55)

    assert [each.reason for each in (await look(database, row("60"))).refusals] == ["already_posted"]


async def taken_back(database: Database, number: int, *, agreed: bool = False, at: datetime = NOW) -> Any:
    """Take an import back by two, and with the chair's consent where that is asked."""
    async with database.write() as storage:
        motion = await propose_undo(
            storage, number, by=REGISTRAR.person_id, reason="басқа топ екен", now=at, profile=PROFILE
        )
        if not isinstance(motion, Motion):
            return motion
        if agreed:
            chair = await agree(storage, number=motion.id, by=CHAIR, now=at, profile=PROFILE)
            assert isinstance(chair, Motion), chair
        done = await carry(storage, number=motion.id, by=ADMIN, now=at, profile=PROFILE)
    return done.outcome if isinstance(done, Carried) else done


async def test_an_appeal_is_never_voided_by_the_office_it_is_filed_against(database: Database) -> None:
    number = await load(database, row("60"))
    request = await filed(database)

    async with database.write() as storage:
        alone = await undo(
            storage, number, now=NOW, actor=REGISTRAR.person_id, reason="басқа топ екен", profile=PROFILE
        )
    by_two = await taken_back(database, number)

    assert alone == UndoRefused(UndoRefusal.TWO_NEEDED)
    assert by_two == Refused(MotionRefusal.CHAIR_NEEDED, (HOUSE,))
    assert await state(database, request) is RequestState.FILED


async def test_where_the_chair_agrees_what_nobody_decided_is_void_and_its_student_told(database: Database) -> None:
    number = await load(database, row("60"))
    request = await filed(database)

    assert isinstance(await taken_back(database, number, agreed=True), Undone)

    assert await state(database, request) is RequestState.VOID
    assert (await news(database))[-1] == "void"
    async with database.read() as storage:
        last = (await storage.changes.of("request", (str(request.id),)))[-1]
    assert (last.actor, last.why) == (REGISTRAR.person_id, "басқа топ екен")


async def test_an_appeal_filed_while_its_exam_ran_outlives_the_mark(database: Database) -> None:
    earlier = NOW - timedelta(minutes=1)
    appeal = NewRequest(
        Kind.APPEAL, STUDENT.person_id, EXAM, None, "3-сұрақ", earlier, earlier, None, closes_at=NOW, due_at=NOW
    )
    async with database.write() as storage:
        request = await storage.requests.add(appeal)
        await storage.commit()
    assert request
    number = await load(database, row("60"))

    async with database.write() as storage:
        alone = await undo(storage, number, now=NOW, actor=None, reason="қате файл екен", profile=PROFILE)
    assert alone == UndoRefused(UndoRefusal.TWO_NEEDED)

    assert isinstance(await taken_back(database, number, agreed=True), Undone)

    assert await state(database, request) is RequestState.FILED


@pytest.mark.parametrize("decided", ["upheld", "refused"])
async def test_marks_an_appeal_was_decided_on_go_only_with_the_consent_of_its_commission(
    database: Database, decided: str
) -> None:
    number = await load(database, row("60"))
    request = await prepared(database, 5 if decided == "upheld" else 0)
    await signed(database, request)

    refused = await taken_back(database, number)

    assert refused == Refused(MotionRefusal.CHAIR_NEEDED, (HOUSE,))
    async with database.write() as storage:
        (motion,) = await storage.motions.open()
        assert isinstance(await agree(storage, number=motion.id, by=CHAIR, now=NOW, profile=PROFILE), Motion)
        assert isinstance(await carry(storage, number=motion.id, by=ADMIN, now=NOW, profile=PROFILE), Carried)
    assert (await state(database, request)) == decided
    async with database.read() as storage:
        assert await storage.marks.by_key(STUDENT.person_id, EXAM.period, EXAM.course_code) is None


async def test_an_exam_that_was_granted_because_of_a_mark_goes_with_it_and_takes_two(database: Database) -> None:
    number = await load(database, row("40"))
    request = await granted_retake(database)

    async with database.write() as storage:
        alone = await undo(storage, number, now=NOW, actor=None, reason="қате файл екен", profile=PROFILE)
    assert alone == UndoRefused(UndoRefusal.TWO_NEEDED)
    assert await state(database, request) is RequestState.APPROVED

    assert isinstance(await taken_back(database, number), Undone)
    assert await state(database, request) is RequestState.VOID


async def test_an_appeal_goes_on_against_the_corrected_mark(database: Database) -> None:
    await load(database, row("60"))
    request = await prepared(database, 5)
    await corrected(database, 70)

    decision = await signed(database, request)

    assert (decision.mark_before, decision.mark_after) == (Decimal(70), Decimal(75))


async def test_points_that_fit_no_more_after_a_correction_are_not_signed(database: Database) -> None:
    await load(database, row("60"))
    request = await prepared(database, 30)
    await corrected(database, 75)

    outcome = await signed(database, request)

    assert isinstance(outcome, Refused)
    assert outcome.reason is UpholdRefusal.TOO_MANY
    assert await state(database, request) is RequestState.PROPOSED


@pytest.mark.parametrize("granted", [False, True])
async def test_a_correction_that_makes_an_fx_a_pass_takes_its_retake_away(database: Database, granted: bool) -> None:
    await load(database, row("40"))
    request = await (granted_retake(database) if granted else filed(database, Kind.RETAKE))

    await corrected(database, 45)
    assert await state(database, request) is (RequestState.APPROVED if granted else RequestState.FILED)
    await corrected(database, 50)

    assert await state(database, request) is RequestState.VOID
    assert (await news(database))[-1] == "void"


async def test_an_fx_stays_one_for_its_retake_though_today_another_rule_would_pass_it(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "university.toml"
    file.write_text("[marks]\nexam_decides_failure = [{ from = 2026-02-01, value = false }]\n", encoding="utf-8")
    march, changed = NOW + timedelta(days=60), load_profile(file)
    await load(database, row("40"))
    request = await filed(database, Kind.RETAKE)

    async with database.write() as storage:
        because: Any = {"kinds": AFTER_FX, "by": ADMIN, "why": "қате"}
        await void_retakes(storage, STUDENT.person_id, EXAM, **because, now=march, profile=changed)
        await storage.commit()

    assert await state(database, request) is RequestState.FILED


async def test_a_retake_that_was_sat_stays_granted_when_its_fx_becomes_a_pass(database: Database) -> None:
    await load(database, row("40"))
    request = await granted_retake(database)
    await load(database, row("30", attempt=2))

    await corrected(database, 50)

    assert await state(database, request) is RequestState.APPROVED
    async with database.read() as storage:
        study = await study_of(storage, student=STUDENT, now=NOW, profile=PROFILE)
    assert study.result(study.enrolments[0]).standing is Standing.PASSED


async def test_a_granted_retake_stays_granted_when_its_mark_comes(database: Database) -> None:
    await load(database, row("40"))
    request = await granted_retake(database)
    await load(database, row("60", attempt=2))

    assert await state(database, request) is RequestState.APPROVED
    async with database.read() as storage:
        study = await study_of(storage, student=STUDENT, now=NOW, profile=PROFILE)
    standing = study.standing(study.enrolments[0])
    assert standing.latest.key == EXAM._replace(attempt=2)
    assert standing.latest.requests == ()


# What was filed stands on the mark and the window of its own instant; what changed since is an event of it.

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def case(database: Database, request: Request, at: datetime) -> Case:
    async with database.read() as storage:
        kept = await storage.requests.by_id(request.id)
        assert kept
        return await case_of(storage, kept, now=at, profile=PROFILE)


async def cards(database: Database, request: Request) -> int:
    async with database.read() as storage:
        return len(await storage.queues.cards_of(request.id))


async def look_for_changes(database: Database, at: datetime) -> int:
    async with database.write() as storage:
        told = await tell_of_changes(storage, now=at, profile=PROFILE)
        await storage.commit()
    return told


async def test_the_mark_and_the_window_of_an_appeal_stay_as_they_were_when_it_was_filed(database: Database) -> None:
    await load(database, row("60"))
    posted = datetime.fromisoformat("2026-01-12T11:00+05:00")
    request = await filed(database)

    await corrected(database, 70, NOW + HOUR)

    async with database.read() as storage:
        kept = await storage.requests.by_id(request.id)
    assert kept
    assert kept.mark == KeptMark(Decimal(60), Outcome.TOOK, posted, None)
    assert kept.window == KeptWindow(posted, AppealBasis.AFTER_POSTING, date(2026, 1, 12))
    assert kept.closes_at == request.closes_at


async def test_a_text_from_before_a_correction_is_about_the_mark_that_stood_then(database: Database) -> None:
    await load(database, row("60"))
    await corrected(database, 70, NOW + HOUR)

    request = await filed(database, at=NOW + HOUR - MINUTE, handled=NOW + HOUR + MINUTE)

    assert request.mark
    assert (request.mark.exam, request.mark.corrected_at) == (Decimal(60), None)
    (event,) = (await case(database, request, NOW + 2 * HOUR)).events
    assert (event.cause, event.after and event.after.exam) == ("correction", Decimal(70))


async def test_a_correction_comes_before_the_commission_as_an_event_with_a_new_card(database: Database) -> None:
    await load(database, row("60"))
    request = await prepared(database, 5)
    before = await cards(database, request)

    await corrected(database, 70, NOW + HOUR)

    shown = await case(database, request, NOW + HOUR)
    (event,) = shown.events
    assert (event.before and event.before.exam, event.after and event.after.exam) == (Decimal(60), Decimal(70))
    assert (event.at, event.by, event.why) == (NOW + HOUR, ADMIN, "Ведомосте басқа баға")
    assert await cards(database, request) > before
    async with database.read() as storage:
        (line,) = await storage.changes.of("request_mark", (str(request.id),))
    assert (line.before, line.actor) == ({"exam": "60", "outcome": "took"}, ADMIN)


async def test_who_saw_an_appeal_before_the_mark_changed_looks_again_before_they_sign(database: Database) -> None:
    await load(database, row("60"))
    request = await prepared(database, 5)
    await corrected(database, 70, NOW + HOUR)

    async with database.write() as storage:
        seen_before = await sign(storage, request.id, Acting(CHAIR, NOW + 2 * HOUR, PROFILE, request.version))

    assert isinstance(seen_before, Refused)
    assert seen_before.reason is CaseRefusal.CHANGED_SINCE
    assert await state(database, request) is RequestState.PROPOSED


async def test_what_a_file_did_to_the_mark_of_an_open_appeal_is_found_and_told_once(database: Database) -> None:
    earlier = NOW - MINUTE
    appeal = NewRequest(
        Kind.APPEAL, STUDENT.person_id, EXAM, None, "3-сұрақ", earlier, earlier, None, closes_at=NOW, due_at=NOW
    )
    async with database.write() as storage:
        request = await storage.requests.add(appeal)
        await storage.commit()
    assert request
    assert await look_for_changes(database, NOW) == 0

    number = await load(database, row("60"))
    assert [await look_for_changes(database, NOW), await look_for_changes(database, NOW)] == [1, 0]
    assert isinstance(await taken_back(database, number, agreed=True, at=NOW + HOUR), Undone)
    assert [await look_for_changes(database, NOW + HOUR), await look_for_changes(database, NOW + HOUR)] == [1, 0]

    events = (await case(database, request, NOW + HOUR)).events
    marks = [(each.before and each.before.exam, each.after and each.after.exam) for each in events]
    assert marks == [(None, Decimal(60)), (Decimal(60), None)]


async def test_an_upheld_appeal_is_an_event_of_the_complaint_that_waits_beside_it_and_none_of_its_own(
    database: Database,
) -> None:
    await load(database, row("60"))
    complaint = await filed(database, Kind.APPEAL_PROCEDURE)
    appeal = await prepared(database, 5)
    before = await cards(database, complaint)

    await signed(database, appeal)

    assert [each.cause for each in (await case(database, complaint, NOW + HOUR)).events] == ["appeal"]
    assert await cards(database, complaint) > before
    assert (await case(database, appeal, NOW + HOUR)).events == ()


async def test_a_retake_of_a_corrected_mark_that_is_fx_still_waits_and_is_told_of_it(database: Database) -> None:
    await load(database, row("40"))
    request = await filed(database, Kind.RETAKE)

    await corrected(database, 45, NOW + HOUR)

    assert await state(database, request) is RequestState.FILED
    assert [each.cause for each in (await case(database, request, NOW + HOUR)).events] == ["correction"]


async def test_after_a_decision_the_same_posting_is_not_appealed_again_and_a_new_one_is(database: Database) -> None:
    number = await load(database, row("60"))
    await signed(database, await prepared(database, 0))

    same = await filing(database, Kind.APPEAL, NOW + HOUR, NOW + HOUR)
    assert isinstance(same, Refused)
    assert same.reason is AppealRefusal.ALREADY_DECIDED

    assert isinstance(await taken_back(database, number, agreed=True, at=NOW + 2 * HOUR), Undone)
    await load(database, row("60"), at=NOW + 3 * HOUR)  # the same mark, said to be posted at the same time

    anew = await filed(database, at=NOW + 4 * HOUR)
    assert anew.open


async def test_after_a_decision_a_corrected_mark_is_appealed_anew_by_what_is_written_after_the_correction(
    database: Database,
) -> None:
    await load(database, row("60"))
    await signed(database, await prepared(database, 0))
    await corrected(database, 59, NOW + HOUR)

    before = await filing(database, Kind.APPEAL, NOW + HOUR - MINUTE, NOW + 2 * HOUR)
    assert isinstance(before, Refused)
    assert before.reason is AppealRefusal.ALREADY_DECIDED
    after = await filed(database, at=NOW + HOUR + MINUTE)
    assert after.open


async def test_application_and_register_tell_the_mark_an_appeal_was_filed_about(database: Database) -> None:
    await load(database, row("60"))
    request = await filed(database)
    await corrected(database, 70, NOW + HOUR)

    shown = await case(database, request, NOW + HOUR)
    async with database.read() as storage:
        paper = await application_paper(storage, shown, now=NOW + HOUR, profile=PROFILE)
        (line,) = await register_rows(
            storage, [request.id], by=SECRETARY, language=Language.KK, now=NOW + HOUR, profile=PROFILE
        )
    assert (paper.exam.mark, paper.exam.posted_at, line.mark) == (
        Decimal(60),
        datetime.fromisoformat("2026-01-12T11:00+05:00"),
        Decimal(60),
    )
