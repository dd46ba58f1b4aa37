"""Each sitting has its own time to appeal: attempts, shifts, retakes, corrections, marks that are posted anew."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bot.delivery.metrics import Uncounted
from bot.jobs.overdue import OverdueRequests
from policy.marks import Attempt, ExamForm, Outcome
from policy.people import Language, Name, Role, RoleGrant
from policy.requests import Kind, RequestState
from services.corrections import Proposed, Values, propose_correction
from services.motions.deciding import Carried, carry
from services.objects import written
from storage.database import Database
from storage.records import Change, Person
from tests.bot.applicants import (
    PROFILE,
    REASON,
    SECRETARY,
    Linked,
    begins,
    decided,
    employ,
    marked,
    requests_of,
    to,
)
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR, HandClock
from tests.bot.studies import WINTER, course, load, local, slot
from tests.telegram import Telegram

KEY = (AIGERIM, WINTER, "MAT1")
ADMIN = "T0900"
SECOND = timedelta(seconds=1)


def sat(number: int, exam: str, posted: datetime) -> Attempt:
    """Make a later attempt, examined the day before it was posted."""
    day = (posted - timedelta(days=1)).date()
    return Attempt(number, Decimal(80), Decimal(84), Decimal(exam), Outcome.TOOK, day, posted)


async def corrected(database: Database, clock: HandClock, values: Values, *, attempt: int = 1) -> None:
    """Have two people correct a mark of Aigerim's now."""
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant(ADMIN, Role.ADMIN)], at=NOW, by=None)
        proposed = await propose_correction(
            storage,
            student_id=AIGERIM,
            period=WINTER,
            course_code="MAT1",
            attempt=attempt,
            values=values,
            reason="Ведомосте басқа баға тұр",
            by=REGISTRAR,
            now=clock.now(),
            profile=PROFILE,
        )
        assert isinstance(proposed, Proposed), proposed
        done = await carry(storage, number=proposed.motion.id, by=ADMIN, now=clock.now(), profile=PROFILE)
        assert isinstance(done, Carried), done


@pytest.fixture(autouse=True)
async def admin(database: Database) -> None:
    async with database.write() as storage:
        await storage.people.save([Person(ADMIN, Name("Әкімші", "А"), Language.KK)])
        await storage.commit()


async def test_the_first_attempt_stays_appealable_when_the_second_is_in_the_records(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    both = course("MAT1", "40", posted=local(1, 14, 15), attempts=[sat(2, "55", local(1, 15, 9))])
    aigerim = await marked(database, linked, both)
    await aigerim.sends("/appeal")
    assert [each for each in aigerim.buttons if "Математика" in each] == [
        "Математика, 1-тапсыру",
        "Математика, 2-тапсыру",
    ]
    await aigerim.taps("Математика, 1-тапсыру")
    assert "Математика, 1-тапсыру: FX, емтихан 40" in aigerim.last.text
    to(clock, local(1, 15, 12, 59))
    await aigerim.sends(REASON)
    assert "Емтихан: 40" in aigerim.sees
    await begins(aigerim, name="Математика, 2")
    to(clock, local(1, 16, 12, 59))
    await aigerim.sends(REASON)
    assert [(each.exam.attempt, each.filed_at) for each in await requests_of(database)] == [
        (1, local(1, 15, 12, 59)),
        (2, local(1, 16, 12, 59)),
    ]


async def test_the_window_of_the_first_attempt_closes_by_itself(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    both = course("MAT1", "40", posted=local(1, 14, 15), attempts=[sat(2, "55", local(1, 15, 9))])
    dmitry = await marked(database, linked, both, student=DMITRY)
    await begins(dmitry, name="Математический анализ, попытка 1")
    to(clock, local(1, 15, 13))
    await dmitry.sends(REASON)
    assert "Срок апелляции истёк: 15 января, 13:00." in dmitry.sees
    assert await requests_of(database, DMITRY) == ()
    await dmitry.sends("/appeal")
    assert "Математический анализ, попытка 2" in "\n".join(dmitry.buttons)


async def test_the_course_shows_the_time_of_either_attempt(linked: Linked, database: Database) -> None:
    both = course("MAT1", "40", posted=local(1, 14, 15), attempts=[sat(2, "55", local(1, 15, 9))])
    aigerim = await marked(database, linked, both)
    await aigerim.sends("/marks")
    assert "1-тапсыру: апелляция мерзімі: 15 қаңтар, 13:00" in aigerim.sees
    assert "апелляция мерзімі: 16 қаңтар, 13:00" in aigerim.sees
    await aigerim.taps("Математика")
    assert "1-тапсыру\nАпелляция мерзімі: 15 қаңтар, 13:00" in aigerim.sees
    assert "2-тапсыру\nАпелляция мерзімі: 16 қаңтар, 13:00" in aigerim.sees
    await aigerim.taps("Апелляция мерзімінің есебі 1-тапсыру")
    assert "15 қаңтар, бейсенбі" in aigerim.sees
    assert "Мерзімі: 15 қаңтар, 13:00" in aigerim.sees


@pytest.mark.parametrize(
    ("at", "filed"),
    [
        (local(1, 22, 9) - SECOND, 0),
        (local(1, 22, 9), 1),
        (local(1, 22, 11) - SECOND, 1),
        (local(1, 22, 11), 0),
    ],
)
async def test_a_computer_test_retake_is_appealed_while_it_runs_from_the_timetable_alone(
    linked: Linked, database: Database, clock: HandClock, *, at: datetime, filed: int
) -> None:
    fx = course("MAT1", "40", posted=local(1, 10, 12), form=ExamForm.COMPUTER_TEST)
    lines = [slot("MAT1", day, form=ExamForm.COMPUTER_TEST) for day in (local(1, 9, 9), local(1, 22, 9))]
    await load(database, fx, slots=lines)
    aigerim = await linked(AIGERIM)
    to(clock, local(1, 22, 10))
    await begins(aigerim, name="Математика, 2-тапсыру")
    to(clock, max(at, local(1, 22, 10)))
    await aigerim.sends(REASON, late=clock.now() - at)
    assert [each.exam.attempt for each in await requests_of(database)] == [2] * filed


@pytest.mark.parametrize(
    "first",
    [
        course("MAT1", "60", posted=local(1, 10, 12), form=ExamForm.COMPUTER_TEST),
        course("MAT1", "20", posted=local(1, 10, 12), form=ExamForm.COMPUTER_TEST),
        course("MAT1", outcome=Outcome.REMOVED, posted=local(1, 10, 12), form=ExamForm.COMPUTER_TEST),
    ],
    ids=["passed", "F", "removed"],
)
async def test_a_retake_in_the_timetable_is_nothing_to_who_may_not_sit_it(
    linked: Linked, database: Database, clock: HandClock, first: object
) -> None:
    lines = [slot("MAT1", day, form=ExamForm.COMPUTER_TEST) for day in (local(1, 9, 9), local(1, 22, 9))]
    await load(database, first, slots=lines)  # type: ignore[arg-type]
    aigerim = await linked(AIGERIM)
    to(clock, local(1, 22, 10))
    await aigerim.sends("/appeal")
    assert not any("2-тапсыру" in each for each in aigerim.buttons)


async def test_who_missed_the_computer_test_appeals_the_one_of_the_additional_period(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    missed = course("MAT1", outcome=Outcome.DID_NOT_COME, posted=local(1, 10, 12), form=ExamForm.COMPUTER_TEST)
    lines = [slot("MAT1", day, form=ExamForm.COMPUTER_TEST) for day in (local(1, 9, 9), local(1, 22, 9))]
    await load(database, missed, slots=lines)
    aigerim = await linked(AIGERIM)
    to(clock, local(1, 22, 10))
    await begins(aigerim, name="Математика, 2-тапсыру")
    await aigerim.sends(REASON)
    (filed,) = await requests_of(database)
    assert filed.exam.attempt == 2
    await load(database, replace(missed, attempts=(*missed.attempts, sat(2, "55", local(1, 23, 12)))))
    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    assert "Емтихан: 55" in aigerim.sees


@pytest.mark.parametrize(
    ("at", "filed"),
    [
        (local(1, 15, 9), 1),
        (local(1, 15, 11) - SECOND, 1),
        (local(1, 15, 11), 0),
        (local(1, 15, 14) - SECOND, 0),
        (local(1, 15, 14), 1),
        (local(1, 15, 16) - SECOND, 1),
        (local(1, 15, 16), 0),
    ],
)
async def test_either_of_two_shifts_of_a_group_is_appealed_and_nothing_between_them(
    linked: Linked, database: Database, clock: HandClock, *, at: datetime, filed: int
) -> None:
    test = course("MAT1", form=ExamForm.COMPUTER_TEST)
    shifts = [slot("MAT1", start, form=ExamForm.COMPUTER_TEST) for start in (local(1, 15, 9), local(1, 15, 14))]
    await load(database, test, slots=shifts)
    aigerim = await linked(AIGERIM)
    to(clock, local(1, 15, 10))
    await begins(aigerim)
    to(clock, max(at, local(1, 15, 10)))
    await aigerim.sends(REASON, late=clock.now() - at)
    assert len(await requests_of(database)) == filed


async def test_before_the_second_shift_its_time_is_said(linked: Linked, database: Database, clock: HandClock) -> None:
    test = course("MAT1", form=ExamForm.COMPUTER_TEST)
    shifts = [slot("MAT1", start, form=ExamForm.COMPUTER_TEST) for start in (local(1, 15, 9), local(1, 15, 14))]
    await load(database, replace(test, student_id=DMITRY), slots=shifts)
    dmitry = await linked(DMITRY)
    to(clock, local(1, 15, 12))
    await dmitry.sends("/appeal")
    assert "Срок апелляции ещё не начался. Начало: 15 января, 14:00." in dmitry.sees


async def test_a_correction_adds_its_window_and_never_shortens_the_one_that_runs(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    test = course("MAT1", "58", posted=local(1, 15, 9, 30), form=ExamForm.STATE)
    aigerim = await marked(database, linked, test)
    await corrected(database, clock, Values(exam=Decimal(57)))
    await aigerim.sends("/appeal")
    assert "16 қаңтар, 13:00" in aigerim.sees
    to(clock, local(1, 16, 12, 59))
    await begins(aigerim)
    await aigerim.sends(REASON)
    (filed,) = await requests_of(database)
    assert filed.closes_at == local(1, 16, 13)


async def test_a_correction_of_a_mark_whose_time_was_over_opens_it_again(
    linked: Linked, database: Database, clock: HandClock, telegram: Telegram
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "58", posted=local(1, 10, 9)))
    await aigerim.sends("/appeal")
    assert "Математика" not in aigerim.buttons
    await corrected(database, clock, Values(exam=Decimal(57)))
    await telegram.sender.send_due()
    to(clock, local(1, 16, 12, 59))
    await begins(aigerim)
    await aigerim.sends(REASON)
    assert len(await requests_of(database)) == 1


async def test_a_correction_that_takes_the_mark_away_opens_no_window(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "58", posted=local(1, 14, 15)))
    await corrected(database, clock, Values(outcome=Outcome.DID_NOT_COME))
    await aigerim.sends("/appeal")
    assert "Бұл емтихан тапсырылмаған: апелляция беретін баға жоқ" in aigerim.sees
    assert "Математика" not in aigerim.buttons


async def test_a_text_sent_before_a_correction_counts_by_the_window_of_its_own_instant(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "58", posted=local(1, 14, 15)))
    await begins(aigerim)
    to(clock, local(1, 15, 12))
    await corrected(database, clock, Values(outcome=Outcome.DID_NOT_COME))
    to(clock, local(1, 15, 12, 10))
    await aigerim.sends(REASON, late=timedelta(minutes=10, seconds=1))
    (filed,) = await requests_of(database)
    assert (filed.filed_at, filed.closes_at) == (local(1, 15, 12) - SECOND, local(1, 15, 13))


async def test_what_changed_since_an_appeal_was_filed_is_shown_with_who_and_why_and_a_new_card(
    linked: Linked, database: Database, clock: HandClock, telegram: Telegram
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "58", posted=local(1, 14, 15)))
    await employ(database)
    secretary = await linked(SECRETARY, 7)
    await begins(aigerim)
    await aigerim.sends(REASON)
    await telegram.sender.send_due()
    before = len(secretary.messages)
    to(clock, local(1, 15, 12))
    await corrected(database, clock, Values(exam=Decimal(85)))
    await telegram.sender.send_due()

    assert len(secretary.messages) == before + 1
    assert "⚠️ 15 қаңтар, 12:00: баға өзгерді" in secretary.sees
    assert "85" not in secretary.last.text, "a card shows no mark"
    await secretary.taps("Ашу")
    assert "Ол кездегі емтихан бағасы: 58" in secretary.sees
    assert "⚠️ 15 қаңтар, 12:00: баға өзгерді\nЕмтихан бағасы: 58 → 85\nКім: Әкімші А." in secretary.sees
    assert "Ведомосте басқа баға тұр" in secretary.sees
    assert "Апелляция мерзімі баға порталға енгізілген сәттен саналады: 14 қаңтар, 15:00." in secretary.sees

    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    assert "Ол кездегі емтихан бағасы: 58" in aigerim.sees
    assert "Емтихан: 85" in aigerim.sees
    assert "▫️ 15 қаңтар, 12:00: баға өзгерді" in aigerim.sees


async def test_a_mark_that_came_with_a_file_after_its_appeal_is_told_within_minutes_by_a_new_card(
    linked: Linked, database: Database, clock: HandClock, telegram: Telegram
) -> None:
    running = course("MAT1", None, form=ExamForm.COMPUTER_TEST)
    await load(database, running, slots=[slot("MAT1", local(1, 15, 9), form=ExamForm.COMPUTER_TEST)])
    aigerim = await linked(AIGERIM, 1)
    await employ(database)
    secretary = await linked(SECRETARY, 7)
    await begins(aigerim)
    await aigerim.sends(REASON)
    posted = course("MAT1", "58", posted=local(1, 15, 12), form=ExamForm.COMPUTER_TEST)
    to(clock, local(1, 15, 12))
    (attempt,) = posted.attempts
    async with database.write() as storage:
        await storage.marks.save([posted])
        line = Change("attempt", (*KEY, "1"), None, written(attempt), "import", clock.now(), AIGERIM, 1)
        await storage.changes.record([line])
        await storage.commit()
    await telegram.sender.send_due()
    before = len(secretary.messages)

    look = OverdueRequests(database, PROFILE, clock, Uncounted()).look
    await look()
    await look()
    await telegram.sender.send_due()

    assert len(secretary.messages) == before + 1
    assert "⚠️ 15 қаңтар, 12:00: баға қойылды" in secretary.sees


async def test_a_text_sent_when_no_window_ran_is_not_saved_by_a_later_correction(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "58", posted=local(1, 14, 15)))
    await begins(aigerim)
    to(clock, local(1, 15, 13, 30))
    await corrected(database, clock, Values(exam=Decimal(57)))
    to(clock, local(1, 15, 13, 40))
    await aigerim.sends(REASON, late=timedelta(minutes=30))
    assert await requests_of(database) == ()
    await aigerim.sends(REASON)
    assert "апелляция ма" in aigerim.last.text  # kept: it can be filed as of now


async def withdrawn(database: Database, clock: HandClock, attempt: Attempt) -> None:
    """Take a mark back with its file, as an undoing does."""
    fields = {name: getattr(attempt, name) for name in ("number", "rating1", "rating2", "exam", "outcome")}
    dates = {name: getattr(attempt, name).isoformat() for name in ("exam_date", "posted_at")}
    key = (*KEY, str(attempt.number))
    async with database.write() as storage:
        await storage.marks.remove_attempts([(*KEY, attempt.number)])
        before = {**fields, **dates, "corrected_at": None}
        await storage.changes.record([Change("attempt", key, before, None, "undo", clock.now(), AIGERIM, 1)])
        await storage.commit()


async def test_a_text_sent_before_its_file_was_taken_back_counts_when_the_mark_is_posted_anew(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    first = course("MAT1", "58", posted=local(1, 14, 15))
    aigerim = await marked(database, linked, first)
    await begins(aigerim)
    to(clock, local(1, 15, 11))
    await withdrawn(database, clock, first.attempts[0])
    await load(database, course("MAT1", "61", posted=local(1, 15, 11, 30)))
    to(clock, local(1, 15, 11, 40))
    await aigerim.sends(REASON, late=timedelta(minutes=41))
    (filed,) = await requests_of(database)
    assert (filed.filed_at, filed.closes_at) == (local(1, 15, 10, 59), local(1, 15, 13))


async def test_a_refused_appeal_bars_another_on_the_same_posting_only(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    await employ(database)
    first = course("MAT1", "58", posted=local(1, 14, 15))
    aigerim = await marked(database, linked, first)
    await begins(aigerim)
    await aigerim.sends(REASON)
    to(clock, local(1, 15, 11))
    await decided(database, clock, RequestState.REFUSED)
    await aigerim.sends("/appeal")
    assert "Математика" not in aigerim.buttons
    assert "Бұл емтихан бойынша апелляция қаралып, шешім шықты. Екінші рет берілмейді." in aigerim.sees
    to(clock, local(1, 15, 12))
    await withdrawn(database, clock, first.attempts[0])
    await load(database, course("MAT1", "57", posted=local(1, 15, 12)))
    await begins(aigerim)
    await aigerim.sends(REASON)
    assert [each.state for each in await requests_of(database)] == [RequestState.REFUSED, RequestState.FILED]


async def test_an_upheld_appeal_of_the_first_attempt_passes_the_course_though_a_needless_retake_was_failed(
    linked: Linked, database: Database, clock: HandClock, telegram: Telegram
) -> None:
    await employ(database)
    fx = course("MAT1", "48", posted=local(1, 14, 15))
    aigerim = await marked(database, linked, fx)
    await begins(aigerim)
    await aigerim.sends(REASON)
    await load(database, replace(fx, attempts=(*fx.attempts, sat(2, "30", local(1, 15, 9)))))
    await aigerim.sends("/marks")
    assert "❗️ Математика: FX, емтихан 30" in aigerim.sees
    await decided(database, clock, RequestState.UPHELD, points=4)
    await telegram.sender.send_due()
    await aigerim.sends("/marks")
    assert "✅ Математика: 70 · C+" in aigerim.sees
    await aigerim.taps("Математика")
    assert "2. FX, емтихан 30" in aigerim.sees
    await aigerim.sends("/retake")
    assert "Математика" not in aigerim.sees


async def test_a_complaint_after_its_time_is_marked_late_and_put_before_the_commission(
    linked: Linked, database: Database, clock: HandClock, telegram: Telegram
) -> None:
    await employ(database)
    secretary = await linked("T0101", 5)
    aigerim = await marked(database, linked, course("MAT1", "60", posted=local(1, 14, 15)))
    to(clock, local(1, 15, 13))
    await aigerim.sends("/appeal")
    await aigerim.taps("шағымдану")
    assert "мерзімі өтіп кеткен: 15 қаңтар, 13:00. Кешіккен деп белгіленеді" in aigerim.sees
    await aigerim.taps("Математика")
    assert "Мерзімі өтті: 15 қаңтар, 13:00. Шағым кешіккен деп белгіленіп, комиссияға беріледі." in aigerim.last.text
    await aigerim.sends("Аудиторияда бір ғана емтихан алушы болды")
    assert "✅ Берілді: № 1" in aigerim.sees
    assert "Кешікті, беру мерзімі: 15 қаңтар, 13:00" in aigerim.sees
    assert "Уақытында берілді" not in aigerim.sees
    (filed,) = await requests_of(database)
    assert (filed.kind, filed.late) == (Kind.APPEAL_PROCEDURE, True)
    await telegram.sender.send_due()
    assert "Кешігіп берілген, беру мерзімі: 15 қаңтар, 13:00" in secretary.last.text
    await secretary.taps("Ашу")
    assert "Кешігіп берілген, беру мерзімі: 15 қаңтар, 13:00" in secretary.last.text
    assert "Уақытында" not in secretary.last.text


async def test_documents_go_with_a_late_complaint_while_it_is_open(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "60", posted=local(1, 14, 15)))
    to(clock, local(1, 20, 13))
    await aigerim.sends("/appeal")
    await aigerim.taps("шағымдану")
    await aigerim.taps("Математика")
    await aigerim.sends("Аудиторияда бір ғана емтихан алушы болды")
    await aigerim.sends_photo(b"JPEG")
    async with database.read() as storage:
        assert len(await storage.requests.documents_of(1)) == 1
    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    await aigerim.taps("Мәтінді түзету")
    await aigerim.sends("Аудиторияда екі емтихан алушы болған жоқ")
    assert [each.reason for each in await requests_of(database)] == ["Аудиторияда екі емтихан алушы болған жоқ"]


async def test_a_loose_text_is_not_offered_as_a_complaint_about_every_exam_there_ever_was(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "60", posted=local(1, 10, 12)))
    await aigerim.sends("Сәлеметсіз бе, қалайсыз бүгін?")
    assert not any("Шағым" in each for each in aigerim.buttons)
