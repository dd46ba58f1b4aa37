"""/marks: a period, a course laid open, deadlines and their reasons, and nobody else's marks."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.screens.course import Deadline, WhyThen
from bot.screens.marks import OpenCourse, OpenPeriod, open_course
from bot.words.courses import reference
from policy.calendar import DateSpan, DaySource, PeriodDates, PeriodEvent, SpecialDay
from policy.marks import Attempt, Enrolment, ExamForm, Outcome
from policy.people import Language, Sex, Status
from services.importing import Kind, agreed
from services.kept import KEPT
from storage.database import Database
from storage.records import Change
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR, HandClock
from tests.bot.studies import LAST_WINTER, SESSION, WINTER, change_student, course, load, local, slot
from tests.telegram import Person

Linked = Callable[..., Awaitable[Person]]
PHYSICS = ("Физика", "Физика, часть 1")


async def opened(database: Database, linked: Linked, *enrolments: Enrolment, **facts: Any) -> Person:
    """Load these courses and open the first of them as Aigerim; `facts` are those of `load`."""
    await load(database, *enrolments, **facts)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    await aigerim.taps(aigerim.buttons[0])
    return aigerim


async def test_a_student_reads_the_marks_of_the_latest_period_in_kazakh(linked: Linked, database: Database) -> None:
    await load(
        database,
        course("MAT1", "90"),
        course("PHY1", names=PHYSICS),
        course("OLD1", "70", period="2024-2025/2", names=("Тарих", "История")),
    )
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert aigerim.sees.startswith("2025–2026, 1-кезең")
    assert "✅ Математика: 85 · B+" in aigerim.sees
    assert "⏳ Физика: рұқсат беру рейтингі – 82" in aigerim.sees
    assert "Осы кезеңдегі GPA: 3,33" in aigerim.sees
    assert "Тарих" not in aigerim.sees
    await aigerim.taps("2024–25, 2-кезең")
    assert "✅ Тарих: 77 · B-" in aigerim.sees


async def test_a_student_reads_the_same_in_russian(linked: Linked, database: Database) -> None:
    await load(database, replace(course("MAT1", "90"), student_id=DMITRY))
    dmitry = await linked(DMITRY)
    await dmitry.sends("/marks")
    assert "2025–2026, период 1" in dmitry.sees
    assert "✅ Математический анализ: 85 · B+" in dmitry.sees
    await dmitry.taps("Математический анализ")
    assert "Буквенная оценка: B+ (3,33), хорошо" in dmitry.sees
    assert "Академическая политика" in dmitry.sees


async def test_a_course_known_in_one_language_goes_by_that_name_and_one_without_any_by_its_code(
    linked: Linked, database: Database
) -> None:
    await load(database, course("A1", "90", names=(None, "Право")), course("B1", "90", names=(None, None)))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "✅ Право: 85" in aigerim.sees
    assert "✅ B1: 85" in aigerim.sees


async def test_the_rounding_of_an_exam_mark_and_of_the_total_is_shown(linked: Linked, database: Database) -> None:
    aigerim = await opened(database, linked, course("MAT1", "89.5", ratings=("81", "81")))
    assert "Емтихан: 89,5, дөңгелектегенде 90" in aigerim.sees
    assert "0,6 × 81 + 0,4 × 90 = 84,6, дөңгелектегенде 85" in aigerim.sees
    assert "Қорытынды баға: 85" in aigerim.sees
    assert "Порталға енгізілді: 10 қаңтар, 12:00" in aigerim.sees


async def test_an_exam_not_passed_makes_an_fx_whatever_the_total_and_says_whose_rule_that_is(
    linked: Linked, database: Database
) -> None:
    aigerim = await opened(database, linked, course("MAT1", "40", ratings=("90", "90")))
    assert "Әріптік баға: FX (0,50), қанағаттанарлықсыз" in aigerim.sees
    assert "Қорытынды баға" not in aigerim.sees
    assert "Есептегенде 70 шығады, бірақ емтиханнан өту балы жиналмаған, сондықтан баға – FX." in aigerim.sees
    assert aigerim.sees.endswith("§\N{NO-BREAK SPACE}8; университет тәртібі")
    await aigerim.taps("« Кезеңнің барлық бағасы")
    assert "❗️ Математика: FX, емтихан 40" in aigerim.sees


@pytest.mark.parametrize(
    ("outcome", "in_list", "in_detail"),
    [
        (Outcome.DID_NOT_COME, "❗️ Математика: келген жоқ", "Емтихан: келген жоқ"),
        (Outcome.NOT_ADMITTED, "❗️ Математика: жіберілмеді", "Емтихан: жіберілмеді"),
        (Outcome.REMOVED, "❗️ Математика: 0 · F, нәтиже жойылды", "Емтихан: нәтиже жойылды (емтиханнан шығарылған)"),
    ],
)
async def test_not_coming_not_being_admitted_and_removal_are_kept_apart(
    linked: Linked, database: Database, outcome: Outcome, in_list: str, in_detail: str
) -> None:
    await load(database, course("MAT1", outcome=outcome))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert in_list in aigerim.sees
    await aigerim.taps("Математика")
    assert in_detail in aigerim.sees


@pytest.mark.parametrize(("sex", "words"), [(Sex.M, "не явился"), (Sex.F, "не явилась")])
async def test_russian_says_he_or_she(linked: Linked, database: Database, sex: Sex, words: str) -> None:
    await load(database, course("MAT1", outcome=Outcome.DID_NOT_COME))
    await change_student(database, sex=sex, language=Language.RU)
    person = await linked(AIGERIM)
    await person.sends("/marks")
    assert f"Математический анализ: {words}" in person.sees


async def test_who_did_not_come_is_told_of_the_additional_period_and_why_it_ends_then(
    linked: Linked, database: Database
) -> None:
    aigerim = await opened(database, linked, course("MAT1", outcome=Outcome.DID_NOT_COME))
    assert "Емтиханды қосымша кезеңде тапсыруға болады." in aigerim.sees
    assert "Қосымша кезең мерзімі: 30 қаңтар, күн соңына дейін" in aigerim.sees
    await aigerim.taps("Қосымша кезең мерзімінің есебі")
    assert "10. 30 қаңтар, жұма: жұмыс күні" in aigerim.sees
    await aigerim.taps("« Пән")
    assert "келген жоқ" in aigerim.sees


async def test_when_the_additional_period_is_over_the_course_is_taken_again(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    clock.at = local(1, 31)
    aigerim = await opened(database, linked, course("MAT1", outcome=Outcome.DID_NOT_COME))
    assert "Қосымша кезең аяқталды (30 қаңтар)." in aigerim.sees
    assert "қайта жазылу керек" in aigerim.sees


@pytest.mark.parametrize(
    ("facts", "why", "then"),
    [
        ({"fees_cleared": False}, "❌ оқу ақысы төленбеген", "Оқу ақысы төленген соң"),
        (
            {"missed_percent": Decimal(51)},
            "❌ босатылған сабақ: 51\N{NO-BREAK SPACE}%, шегі – 50\N{NO-BREAK SPACE}%",
            "Пәнді жазғы семестрде оқу керек.",
        ),
        ({"course_work": False}, "❌ курстық жұмыс тапсырылмаған", "деканат айтады"),
        ({}, "Себебі базада көрсетілмеген.", "қосымша кезеңде тапсыруға болады"),
    ],
)
async def test_each_cause_of_no_admission_is_named_with_what_can_be_done(
    linked: Linked, database: Database, facts: dict[str, Any], why: str, then: str
) -> None:
    aigerim = await opened(database, linked, course("MAT1", outcome=Outcome.NOT_ADMITTED, **facts))
    assert why in aigerim.sees
    assert then in aigerim.sees


async def test_too_low_a_rating_is_named_unrounded(linked: Linked, database: Database) -> None:
    aigerim = await opened(database, linked, course("MAT1", outcome=Outcome.NOT_ADMITTED, ratings=("49", "50")))
    assert "❌ рұқсат беру рейтингі: 49,5, кемінде 50 керек" in aigerim.sees
    assert "рұқсат беру рейтингі кемінде 50 болса" in aigerim.sees


async def test_who_will_not_be_admitted_reads_it_before_the_exam(linked: Linked, database: Database) -> None:
    exam = slot("MAT1", local(1, 16, 9))
    await load(database, course("MAT1", fees_cleared=False), slots=[exam])
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "⏳ Математика: емтихан – 16 қаңтар, 09:00\n   ↳ әзірше емтиханға жіберілмейсіз" in aigerim.sees
    await aigerim.taps("Математика")
    assert "⏳ емтихан – 16 қаңтар, 09:00, аудитория: 204" in aigerim.sees
    assert "✅ рұқсат беру рейтингі: 82, кемінде 50 керек\n❌ оқу ақысы төленбеген" in aigerim.sees


async def test_a_removal_cannot_be_appealed_as_a_mark_nor_retaken(linked: Linked, database: Database) -> None:
    aigerim = await opened(database, linked, course("MAT1", outcome=Outcome.REMOVED, ratings=("95", "95")))
    assert "Қорытынды баға: 0" in aigerim.sees
    assert "Апелляция: жойылған нәтижеге берілмейді." in aigerim.sees
    assert "Апелляциялық комиссия" in aigerim.sees
    assert "Қайта тапсыру: нәтижесі жойылған емтихан қайта тапсырылмайды." in aigerim.sees


@pytest.mark.parametrize(
    ("before_13_00", "expected"),
    [
        (timedelta(hours=1, minutes=1), "Апелляция мерзімі: 15 қаңтар, 13:00 (1 сағат 1 минут қалды)"),
        (timedelta(seconds=1), "Апелляция мерзімі: 15 қаңтар, 13:00 (бір минуттан аз қалды)"),
        (timedelta(), "Апелляция: мерзімі өтті (15 қаңтар, 13:00)"),
    ],
)
async def test_the_time_to_appeal_is_counted_down_to_13_00_and_over_at_13_00(
    linked: Linked, database: Database, clock: HandClock, before_13_00: timedelta, expected: str
) -> None:
    clock.at = local(1, 15, 13) - before_13_00
    await load(database, course("MAT1", "90", posted=local(1, 14, 19)))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert ("↳ апелляция мерзімі: 15 қаңтар, 13:00" in aigerim.sees) == ("қалды" in expected)
    await aigerim.taps("Математика")
    assert expected in aigerim.sees


async def test_the_deadline_of_an_appeal_explains_itself(linked: Linked, database: Database) -> None:
    aigerim = await opened(database, linked, course("MAT1", "90", posted=local(1, 14, 19, 40)))
    await aigerim.taps("Апелляция мерзімінің есебі")
    assert "Апелляция мерзімі баға порталға енгізілген сәттен саналады: 14 қаңтар, 19:40." in aigerim.sees
    assert "1. 15 қаңтар, бейсенбі: есептеледі" in aigerim.sees
    assert "Мерзімі: 15 қаңтар, 13:00\n12:59 – уақытында, 13:00 – кеш." in aigerim.sees
    assert "академиялық саясаты, 029-V-2025, §\N{NO-BREAK SPACE}8" in aigerim.sees


async def test_a_corrected_mark_opens_a_new_time_to_appeal_by_the_universitys_own_rule(
    linked: Linked, database: Database
) -> None:
    made = course("MAT1", "90")
    corrected = replace(made, attempts=(replace(made.attempts[0], corrected_at=local(1, 14, 16)),))
    aigerim = await opened(database, linked, corrected)
    assert "Түзетілді: 14 қаңтар, 16:00" in aigerim.sees
    assert "Порталға енгізілді" not in aigerim.sees
    await aigerim.taps("Апелляция мерзімінің есебі")
    assert "баға түзетілген сәттен саналады" in aigerim.sees
    assert aigerim.sees.endswith("Негізі: университет тәртібі")


@pytest.mark.parametrize(
    ("hour", "says"),
    [
        (9, ("емтихан – 15 қаңтар, 10:00", "Апелляция: 15 қаңтар, 10:00 – 15 қаңтар, 12:00")),
        (10, ("емтихан қазір жүріп жатыр, аяқталуы 12:00", "Апелляция мерзімі: 15 қаңтар, 12:00 (2 сағат қалды)")),
        (12, ("баға әлі жоқ", "Апелляция: мерзімі өтті (15 қаңтар, 12:00)")),
    ],
)
async def test_a_computer_test_is_appealed_only_while_it_runs(
    linked: Linked, database: Database, clock: HandClock, hour: int, says: tuple[str, str]
) -> None:
    clock.at = local(1, 15, hour)
    exam = slot("MAT1", local(1, 15, 10), form=ExamForm.COMPUTER_TEST)
    await load(database, course("MAT1", form=ExamForm.COMPUTER_TEST), slots=[exam])
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert f"⏳ Математика: {says[0]}" in aigerim.sees
    await aigerim.taps("Математика")
    assert says[1] in aigerim.sees
    await aigerim.taps("Апелляция мерзімінің есебі")
    assert "тест жүріп жатқанда ғана беріледі. Басталуы: 15 қаңтар, 10:00." in aigerim.sees


async def test_a_state_exam_is_appealed_to_the_end_of_the_next_day_and_not_retaken(
    linked: Linked, database: Database
) -> None:
    made = course("HIS1", "40", form=ExamForm.STATE, posted=local(1, 14, 19))
    sat_today = replace(made.attempts[0], exam_date=local(1, 14).date())
    aigerim = await opened(database, linked, replace(made, attempts=(sat_today,)))
    assert "Апелляция мерзімі: 15 қаңтар, күн соңына дейін (14 сағат қалды)" in aigerim.sees
    assert "Қайта тапсыру: мемлекеттік емтихан қайта тапсырылмайды." in aigerim.sees
    assert "00:00" not in aigerim.sees


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (None, "емтихан түрі базада әлі көрсетілмеген"),
        (ExamForm.COMPUTER_TEST, "Тест уақыты кестеде жоқ."),
    ],
)
async def test_why_there_is_no_time_to_appeal_is_said(
    linked: Linked, database: Database, form: ExamForm | None, why: str
) -> None:
    made = course("MAT1", "90", form=form)
    aigerim = await opened(database, linked, replace(made, attempts=(replace(made.attempts[0], exam_date=None),)))
    assert f"Апелляция: {why}" in aigerim.sees.replace("тест жүріп жатқанда ғана. ", "")


async def test_a_state_exam_of_which_no_day_is_known_has_the_time_of_any_mark(
    linked: Linked, database: Database
) -> None:
    made = course("HIS1", "90", form=ExamForm.STATE, posted=local(1, 14, 19))
    undated = replace(made, attempts=(replace(made.attempts[0], exam_date=None),))
    aigerim = await opened(database, linked, undated)
    assert "Апелляция мерзімі: 15 қаңтар, 13:00 (3 сағат қалды)" in aigerim.sees


async def test_of_a_state_exam_without_day_and_mark_nobody_can_say(linked: Linked, database: Database) -> None:
    aigerim = await opened(database, linked, course("HIS1", form=ExamForm.STATE))
    assert "Апелляция: емтихан күні базада жоқ" in aigerim.sees


async def test_a_printed_sheet_ends_every_appeal(linked: Linked, database: Database) -> None:
    aigerim = await opened(database, linked, course("MAT1", "90", posted=local(1, 14, 19)), locked=["MAT1"])
    assert "Апелляция: аяқталды, қорытынды ведомость басып шығарылған." in aigerim.sees
    assert "Апелляция мерзімінің есебі" not in aigerim.buttons


async def test_the_time_to_apply_for_a_retake_counts_working_days(linked: Linked, database: Database) -> None:
    async with database.write() as storage:
        worked = SpecialDay(date(2026, 1, 24), True, "жұмыс сенбісі", "рабочая суббота", DaySource.UNIVERSITY)
        await storage.calendar.save_days([worked])
        await storage.commit()
    aigerim = await opened(database, linked, course("MAT1", "45"))
    assert "Қайта тапсыруға өтініш мерзімі: 29 қаңтар, күн соңына дейін (14 күн 14 сағат қалды)" in aigerim.sees
    assert "Студенттерге қызмет көрсету орталығы" in aigerim.sees
    await aigerim.taps("Қайта тапсыру мерзімінің есебі")
    assert "Сессияның соңғы күні: 17 қаңтар." in aigerim.sees
    assert "▫️ 18 қаңтар, жексенбі: демалыс, есептелмейді" in aigerim.sees
    assert "6. 24 қаңтар, сенбі: жұмыс күні болып белгіленген (жұмыс сенбісі)" in aigerim.sees
    assert "Мерзімі: 29 қаңтар, күн соңына дейін" in aigerim.sees


async def test_after_the_time_for_a_retake_the_course_is_taken_again(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    clock.at = local(1, 31)
    aigerim = await opened(database, linked, course("MAT1", "45"))
    assert "Қайта тапсыру: өтініш мерзімі өтті (30 қаңтар)" in aigerim.sees
    assert "қайта жазылу керек" in aigerim.sees


async def test_a_period_without_dates_says_that_the_calendar_does_not_have_it(
    linked: Linked, database: Database
) -> None:
    aigerim = await opened(database, linked, course("MAT1", "45"), dates=[])
    assert "Қайта тапсыру: бұл сессияның күндері академиялық күнтізбеде әлі жоқ." in aigerim.sees


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (Attempt(2, exam=Decimal(40), outcome=Outcome.TOOK), "екінші FX алғаннан кейін болмайды"),
        (Attempt(2, outcome=Outcome.DID_NOT_COME), "мүмкіндігі пайдаланылған"),
        (Attempt(2), "бағасы әлі шыққан жоқ"),
        (Attempt(2, exam=Decimal(20), outcome=Outcome.TOOK), "F алғаннан кейін болмайды"),
    ],
)
async def test_a_retake_is_given_once_and_every_attempt_is_shown(
    linked: Linked, database: Database, second: Attempt, says: str
) -> None:
    second = replace(second, posted_at=local(1, 14, 18) if second.concluded else None, exam_date=date(2026, 1, 14))
    aigerim = await opened(database, linked, course("MAT1", "45", attempts=[second]))
    assert f"Қайта тапсыру: {says}" in aigerim.sees
    other = "1. FX, емтихан 45 (9 қаңтар)" if second.concluded else "2. баға әлі жоқ (14 қаңтар)"
    assert f"Басқа тапсырулар:\n{other}" in aigerim.sees


async def test_a_course_taken_again_shows_the_later_mark_and_offers_nothing_on_the_old_one(
    linked: Linked, database: Database
) -> None:
    old = course("MAT1", "10", period="2024-2025/1", posted=local(1, 10, 12, year=2025))
    await load(database, old, course("MAT1", "90"), dates=[SESSION, LAST_WINTER])
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    await aigerim.taps("2024–25, 1-кезең")
    assert "❗️ Математика: F, емтихан 10\n   ↳ пәнге қайта жазылдыңыз: 85 · B+" in aigerim.sees
    await aigerim.taps("Математика")
    assert "Осы пән басқа кезеңдерде:\n2025–2026, 1-кезең: 85 · B+" in aigerim.sees
    assert "Қайта тапсыру" not in aigerim.sees
    assert "Апелляция: мерзімі өтті (2025 ж. 11 қаңтар, 13:00)" in aigerim.sees


@pytest.mark.parametrize(
    ("period", "events", "name"),
    [
        ("2024-2025/3", {}, "2024–2025, жазғы семестр"),
        ("2024-2025/4", {PeriodEvent.SUMMER: DateSpan(date(2025, 6, 23), date(2025, 7, 26))}, "жазғы семестр"),
        ("2024-2025/3", {PeriodEvent.TEACHING: DateSpan(date(2025, 3, 3), date(2025, 5, 31))}, "2024–2025, 3-кезең"),
    ],
)
async def test_the_summer_semester_goes_by_its_name(
    linked: Linked,
    database: Database,
    period: str,
    events: dict[PeriodEvent, DateSpan],
    name: str,
) -> None:
    await load(database, course("MAT1", "90", period=period), dates=[PeriodDates(period, events)] if events else [])
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert name in aigerim.sees


async def test_a_zero_that_may_be_a_mark_not_entered_is_told_so(linked: Linked, database: Database) -> None:
    await load(database, course("MAT1", "0"))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "❗️ Математика: F, емтихан 0\n   ↳ бұл 0 әлі енгізілмеген баға болуы мүмкін" in aigerim.sees
    await aigerim.taps("Математика")
    assert "⚠️ Бұл 0 әлі енгізілмеген баға болуы мүмкін" in aigerim.sees


async def test_ratings_without_an_exam_are_shown_as_they_come(linked: Linked, database: Database) -> None:
    await load(database, course("MAT1", ratings=("75.5", None)), course("PHY1", ratings=(None, None), names=PHYSICS))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "⏳ Математика: 1-рейтинг – 75,5" in aigerim.sees
    assert "⏳ Физика: баға әлі жоқ" in aigerim.sees
    assert "GPA" not in aigerim.sees
    await aigerim.taps("Математика")
    assert "1-рейтинг: 75,5\nЕмтихан: баға әлі жоқ" in aigerim.sees


async def test_an_exam_that_is_past_waits_for_its_mark(linked: Linked, database: Database) -> None:
    aigerim = await opened(database, linked, course("MAT1"), slots=[slot("MAT1", local(1, 14, 9))])
    assert "Емтихан өткен күн: 14 қаңтар. Баға әлі жоқ" in aigerim.sees


async def test_nobody_opens_somebody_elses_course_with_a_forged_button(linked: Linked, database: Database) -> None:
    hers = course("MAT1", "45", posted=local(1, 14, 19))
    await load(database, hers, replace(course("PHY1", "90", names=PHYSICS), student_id=DMITRY))
    dmitry = await linked(DMITRY)
    await dmitry.sends("/marks")
    forged = (open_course(hers), WhyThen(deadline=Deadline.RETAKE, course=reference(WINTER, "MAT1"), attempt=1))
    for data in (*forged, OpenCourse(course="x"), OpenPeriod(period="2020-2021/1")):
        await dmitry.presses(data.pack())
        assert "Физика, часть 1: 85 · B+" in dmitry.sees
        assert "Матем" not in dmitry.sees
    await dmitry.presses(forged[0].pack())
    assert dmitry.toast == "Среди ваших дисциплин такой нет."


async def test_an_old_button_of_a_deadline_that_is_gone_opens_the_course(linked: Linked, database: Database) -> None:
    aigerim = await opened(database, linked, course("MAT1", "90"))
    await aigerim.presses(WhyThen(deadline=Deadline.RETAKE, course=reference(WINTER, "MAT1"), attempt=1).pack())
    assert "Қорытынды баға: 85" in aigerim.sees


async def test_a_long_code_in_kazakh_letters_fits_into_a_button(linked: Linked, database: Database) -> None:
    code = "Ә" * 60 + ":1"
    aigerim = await opened(database, linked, course(code, "45"))
    assert code in aigerim.sees
    await aigerim.taps("Қайта тапсыру мерзімінің есебі")
    assert "Сессияның соңғы күні" in aigerim.sees


async def test_fifteen_courses_with_long_names_stay_in_one_message(linked: Linked, database: Database) -> None:
    names = [(f"{number}. " + "Ұзақ атаулы пән " * 15, None) for number in range(15)]
    marks = [course(f"C{number:02}", "45", names=name) for number, name in enumerate(names)]
    await load(database, *marks)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert len([shown for shown in aigerim.room.messages if shown.by_bot]) == 1
    assert aigerim.sees.count("FX, емтихан 45") == 15
    await aigerim.taps("14. Ұзақ")
    assert "Ұзақ атаулы пән " * 15 in aigerim.sees + " "


async def test_names_from_the_records_are_not_read_as_markup(linked: Linked, database: Database) -> None:
    await load(database, course("C1", "90", names=("Тіл <b>&</b> {x}", None)))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "Тіл <b>&</b> {x}: 85" in aigerim.sees


async def test_before_anything_is_loaded_a_student_reads_what_comes_next(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "Университет базасынан баға әлі түскен жоқ." in aigerim.sees
    assert "Тіркеуші кеңсесі" in aigerim.sees


async def test_staff_who_do_not_study_are_told_so(linked: Linked) -> None:
    olga = await linked(REGISTRAR)
    for command in ("/marks", "/gpa", "/need"):
        await olga.sends(command)
        assert "В базе вы не числитесь студентом" in olga.sees
    await olga.presses(OpenPeriod(period=WINTER).pack())
    assert "не числитесь" in olga.sees


async def expel(database: Database, days_ago: int) -> None:
    before, after = ({"status": status.value} for status in (Status.ACTIVE, Status.EXPELLED))
    change = Change("student", (AIGERIM,), before, after, "import", NOW - timedelta(days=days_ago), about=AIGERIM)
    async with database.write() as storage:
        await storage.changes.record([change])
        await storage.commit()
    await change_student(database, status=Status.EXPELLED)


async def test_who_has_left_reads_for_a_year_and_is_told_until_when(linked: Linked, database: Database) -> None:
    await expel(database, 365)
    await load(database, course("MAT1", "90"))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "✅ Математика: 85 · B+" in aigerim.sees
    assert "Бағаларды осында көрудің соңғы күні: 15 қаңтар" in aigerim.sees


async def test_after_that_year_the_marks_are_closed(linked: Linked, database: Database) -> None:
    await expel(database, 366)
    made = course("MAT1", "90")
    await load(database, made)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/marks")
    assert "Бағаларды осында көрудің соңғы күні өтті: 14 қаңтар." in aigerim.sees
    await aigerim.presses(open_course(made).pack())
    assert "Математика" not in aigerim.sees
    await aigerim.sends("/gpa")
    assert "соңғы күні өтті" in aigerim.sees


async def test_it_is_said_how_fresh_the_marks_are(linked: Linked, database: Database, clock: HandClock) -> None:
    await load(database, course("MAT1", "90"), replace(course("MAT1", "90"), student_id=DMITRY))
    aigerim, dmitry = await linked(AIGERIM), await linked(DMITRY, 2)
    await aigerim.sends("/marks")
    assert "Деректер" not in aigerim.sees, "nothing was ever imported"
    async with database.write() as storage:
        for at in (local(1, 12, 8, 30), local(1, 14)):
            await storage.imports.record(kind="marks", file_name="m", sha256="", actor=None, at=at, counts={})
        await storage.imports.record(kind="days", file_name="d", sha256="", actor=None, at=NOW, counts={})
        await storage.imports.mark_undone(2, at=NOW, by=None)
        await storage.commit()
    clock.move(KEPT)
    await aigerim.sends("/marks")
    assert "Деректер: 12 қаңтар, 08:30" in aigerim.sees
    await dmitry.sends("/gpa")
    assert "Данные на 12 января, 08:30" in dmitry.sees
    async with database.write() as storage:
        await agreed(storage, Kind.MARKS, at=local(1, 15, 6))
        await storage.commit()
    clock.move(KEPT)
    await aigerim.sends("/marks")
    assert "Деректер: 15 қаңтар, 06:00" in aigerim.sees
