"""/gpa: averages, the chart, iGPA laid open, passing to the next year, and what the GPA would be if."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.screens.gpa import OpenYear, WhatIf
from policy.gpa import Components
from policy.marks import Enrolment, Outcome
from policy.people import Funding, Language, Level, Status, StudyForm
from policy.profile import Profile, load_profile
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, HandClock
from tests.bot.studies import LAST_WINTER, SESSION, change_student, course, load, local
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
PNG = b"\x89PNG\r\n\x1a\n"
PHYSICS = ("Физика", "Физика, часть 1")
OPEN = course("PHY1", names=PHYSICS)


async def graded(database: Database, *enrolments: Enrolment, **parts: str) -> None:
    """Load marks, and this year's components."""
    await load(database, *enrolments)
    async with database.write() as storage:
        components = Components(**{part: Decimal(value) for part, value in parts.items()})
        await storage.components.save({(AIGERIM, "2025-2026"): components})
        await storage.commit()


async def test_the_overall_gpa_stands_under_its_chart_with_two_decimals_and_a_comma(
    linked: Linked, database: Database
) -> None:
    await load(
        database,
        course("MAT1", "90", credits=Decimal(6)),
        course("OLD1", "70", period="2024-2025/1", names=("Тарих", None)),
        course("OLD2", "95", period="2024-2025/2", names=("Тіл", None)),
        OPEN,
        dates=[SESSION, LAST_WINTER],
    )
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert aigerim.last.picture
    assert aigerim.last.picture.startswith(PNG)
    assert aigerim.sees.startswith("Жалпы GPA: 3,12")
    assert "2024–2025: 3,00 (1-кезең: 2,67; 2-кезең: 3,33)" in aigerim.sees
    assert "2025–2026: 3,33 (1-кезең: 3,33)" in aigerim.sees
    assert "= 49,98 ÷ 16" in aigerim.sees
    assert "Әлі есепке кірмеген пән саны: 1" in aigerim.sees
    assert "§\N{NO-BREAK SPACE}8; университет тәртібі" in aigerim.sees


async def test_the_same_in_russian(linked: Linked, database: Database) -> None:
    await load(database, *(replace(one, student_id=DMITRY) for one in (course("MAT1", "90"), OPEN)))
    dmitry = await linked(DMITRY)
    await dmitry.sends("/gpa")
    assert dmitry.last.picture
    assert dmitry.sees.startswith("Общий GPA: 3,33")
    assert "Ещё не учтена 1 дисциплина." in dmitry.sees
    await dmitry.taps("iGPA и следующий курс")
    assert "iGPA пока неизвестен.\nЕщё нет: наука, SSCI" in dmitry.sees


async def test_a_course_taken_again_counts_once(linked: Linked, database: Database) -> None:
    old = course("MAT1", "10", period="2024-2025/1", posted=local(1, 10, year=2025))
    await load(database, old, course("MAT1", "90"))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert "Жалпы GPA: 3,33" in aigerim.sees
    assert "Қайта оқылған пән бір рет, соңғы нәтижесімен есептеледі." in aigerim.sees


async def test_not_coming_counts_only_once_the_additional_period_is_over(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    await load(database, course("MAT1", "90"), course("PHY1", outcome=Outcome.DID_NOT_COME, names=PHYSICS))
    aigerim = await linked(AIGERIM)
    clock.at = local(1, 30, 23, 59)
    await aigerim.sends("/gpa")
    assert "Жалпы GPA: 3,33" in aigerim.sees
    clock.at = local(1, 31)
    await aigerim.sends("/gpa")
    assert "Жалпы GPA: 1,67" in aigerim.sees


async def test_without_outcomes_there_is_no_gpa_and_no_chart(linked: Linked, database: Database) -> None:
    await load(database, OPEN)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert "GPA әлі жоқ: ешбір пәннің нәтижесі шықпаған.\n\nӘлі есепке кірмеген пән саны: 1" in aigerim.sees
    assert aigerim.last.picture is None


async def test_before_anything_is_loaded_the_igpa_says_so(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("iGPA және келесі курс")
    assert "iGPA есептейтін дерек әлі жоқ" in aigerim.sees
    await aigerim.taps("« GPA")
    assert "GPA әлі жоқ" in aigerim.sees


async def test_the_igpa_of_the_first_years_is_laid_open(linked: Linked, database: Database) -> None:
    await graded(database, course("MAT1", "90"), research="3", ssci="2.5")
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert "iGPA, 2025–2026: 3,15" in aigerim.sees
    await aigerim.taps("iGPA және келесі курс")
    assert aigerim.sees.startswith("iGPA, 2025–2026, 2-курс")
    assert "= 0,8 × 3,33 + 0,2 × 3,00 = 3,26\n" in aigerim.sees
    assert "= 0,85 × 3,26 + 0,15 × 2,50\n\niGPA = 3,15" in aigerim.sees
    assert "✅ академиялық бөлік: 3,26 (керегі 2,00)\n✅ SSCI: 2,50" in aigerim.sees
    assert "✅ SSCI: 2,50 (керегі 2,00)\nҚазір барлық талап орындалып тұр." in aigerim.sees
    assert "Университет ережені былай түсінеді: бұл курста GPA мен ғылыми жұмыс бірге есептеледі" in aigerim.sees
    assert "шарт жасасу" not in aigerim.sees
    assert "Шешім шығатын соңғы күн: 25 тамыз." in aigerim.sees
    assert "§\N{NO-BREAK SPACE}9, §\N{NO-BREAK SPACE}12" in aigerim.sees


async def test_a_missing_part_is_named_with_the_range_it_leaves(linked: Linked, database: Database) -> None:
    await graded(database, course("MAT1", "90"), ssci="2.5")
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert "iGPA, 2025–2026: әлі белгісіз, жетпейтіні: ғылыми жұмыс" in aigerim.sees
    await aigerim.taps("iGPA және келесі курс")
    assert "= 0,8 × 3,33 + 0,2 × ? = ?" in aigerim.sees
    assert "Мүмкін аралық: 2,64 – 3,32." in aigerim.sees


@pytest.mark.parametrize(
    ("funding", "cost"),
    [
        (Funding.GRANT, "гранттан айырылып, осы курсты өз есебіңізден қайта оқисыз."),
        (Funding.FEE, "осы курсты өз есебіңізден қайта оқисыз."),
    ],
)
async def test_a_block_that_falls_short_says_by_how_much_and_what_it_costs(
    linked: Linked, database: Database, funding: Funding, cost: str
) -> None:
    await graded(database, course("MAT1", "90"), iros="1.8", ssci="1.996")
    await change_student(database, year=3, funding=funding)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("iGPA және келесі курс")
    assert "iGPA = 0,5 × GPA + 0,35 × iROS + 0,15 × SSCI" in aigerim.sees
    assert "❌ iROS: 1,80 (керегі 2,00, жетпейтіні 0,20)" in aigerim.sees
    assert "❌ SSCI: 1,996 (керегі 2,00, жетпейтіні 0,004)" in aigerim.sees
    assert f"Осылай қалса, {cost}" in aigerim.sees
    contract = "Қайта оқу жылына шарт жасасу мерзімі де осы күн: 25 тамыз. Шарт жасалмаса, оқудан шығарылады."
    assert contract in aigerim.sees


async def test_a_block_that_is_not_known_leaves_the_verdict_open(linked: Linked, database: Database) -> None:
    await graded(database, course("MAT1", "90"), research="3")
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("iGPA және келесі курс")
    assert "❔ SSCI: әлі белгісіз (керегі 2,00)\nБарлық талап орындала ма, әлі белгісіз." in aigerim.sees


async def test_where_the_university_tests_the_gpa_alone_research_makes_up_for_nothing(
    telegram_of: Callable[[Profile], Telegram], database: Database, linked: Linked, tmp_path: Path
) -> None:
    file = tmp_path / "university.toml"
    file.write_text('[promotion]\ngpa_block = "gpa"\n', encoding="utf-8")
    await graded(database, course("MAT1", "40"), research="4", ssci="4")
    await linked(AIGERIM)
    aigerim = telegram_of(load_profile(file)).person(1, "x")
    await aigerim.sends("/gpa")
    await aigerim.taps("iGPA және келесі курс")
    assert "❌ GPA: 0,50 (керегі 2,00, жетпейтіні 1,50)" in aigerim.sees
    assert "академиялық бөлік: " not in aigerim.sees
    assert "бұл курста тек GPA есептеледі" in aigerim.sees
    assert "университет тәртібі" in aigerim.sees


async def test_debts_of_a_student_who_passes_are_their_own_cost(linked: Linked, database: Database) -> None:
    debt = course("PHY1", "40", names=("Физика", "Физика"))
    await graded(database, course("MAT1", "100", ratings=("100", "100")), research="4", ssci="4")
    await load(database, replace(debt, credits=Decimal(1)))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("iGPA және келесі курс")
    assert "Қазір барлық талап орындалып тұр.\nҚалған академиялық қарыз өз есебіңізден жойылады" in aigerim.sees


@pytest.mark.parametrize(
    ("level", "says"),
    [
        (Level.MASTER, "Негізі: ғылыми семинар хаттамасының үзінді көшірмесі."),
        (Level.DOCTOR, "Академиялық қарыз Ғылыми кеңес белгілеген мерзімде жойылады"),
    ],
)
async def test_masters_and_doctoral_students_learn_how_passing_is_decided_for_them(
    linked: Linked, database: Database, level: Level, says: str
) -> None:
    await load(database, course("MAT1", "90"))
    await change_student(database, level=level)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert "Келесі курсқа ауыстыру мерзімі: 25 тамыз (қысқы қабылдау: 2027 ж. 15 қаңтар)." in aigerim.sees
    assert says in aigerim.sees


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"level": Level.MASTER}, "Оқу деңгейіңіз: магистратура. Бұл деңгейде iGPA есептелмейді"),
        ({"form": StudyForm.DISTANCE}, "Оқу нысаныңыз: қашықтан. Бұл нысанда iGPA есептелмейді"),
        ({"year": 5}, "Бұл курста iGPA есептелмейді"),
    ],
)
async def test_who_has_no_igpa_is_told_so_and_gets_the_gpa(
    linked: Linked, database: Database, facts: dict[str, Any], says: str
) -> None:
    await load(database, course("MAT1", "90"))
    await change_student(database, **facts)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert "Жалпы GPA: 3,33" in aigerim.sees
    assert says in aigerim.sees
    assert "iGPA және келесі курс" not in aigerim.buttons
    await aigerim.presses(OpenYear(year="").pack())
    assert says in aigerim.sees


async def test_earlier_years_open_by_button_where_the_year_of_study_is_known(
    linked: Linked, database: Database
) -> None:
    years = ("2024-2025", "2023-2024")
    await load(database, course("MAT1", "90"), *(course(f"C{year}", "70", period=f"{year}/1") for year in years))
    async with database.write() as storage:
        await storage.students.set_years("2024-2025", {AIGERIM: 1})
        await storage.commit()
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("iGPA және келесі курс")
    assert aigerim.buttons == ["2024–2025", "« GPA"]
    await aigerim.taps("2024–2025")
    assert aigerim.sees.startswith("iGPA, 2024–2025, 1-курс")
    assert "Осылай қалса" not in aigerim.sees
    await aigerim.presses(OpenYear(year="2023-2024").pack())
    assert "Ол жылы нешінші курста оқығаныңыз базада жоқ" in aigerim.sees


async def test_a_student_tries_letters_for_the_exams_to_come(linked: Linked, database: Database) -> None:
    await load(database, course("MAT1", "90"), OPEN, course("CHE1", names=("Химия", None)))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("GPA қанша болар еді?")
    assert "Қазір: 3,33" in aigerim.sees
    assert "Сонда" not in aigerim.sees
    await aigerim.taps("Физика")
    assert "Қандай әріптік баға күтесіз?" in aigerim.sees
    await aigerim.presses(aigerim.last.data_of("FX"))
    assert "Сонда: 1,92" in aigerim.sees
    assert "Физика: FX" in aigerim.sees
    await aigerim.taps("Химия")
    await aigerim.presses(next_data(aigerim, "A"))
    assert "Сонда: 2,61" in aigerim.sees
    await aigerim.taps("FX · Физика")
    await aigerim.taps("« Бұл пәнсіз")
    assert "Сонда: 3,67" in aigerim.sees
    assert "Физика: FX" not in aigerim.sees


def next_data(person: Person, label: str) -> str:
    """Return what the button with exactly this label sends."""
    assert person.last.keyboard
    (found,) = (one for row in person.last.keyboard.inline_keyboard for one in row if one.text == label)
    assert found.callback_data
    return found.callback_data


async def test_an_fx_that_may_be_retaken_can_be_assumed_and_one_that_may_not_cannot(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    await load(database, course("MAT1", "45"), course("PHY1", "10", names=PHYSICS))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("GPA қанша болар еді?")
    assert aigerim.buttons == ["Математика", "« GPA"]
    clock.at = local(1, 31)
    await aigerim.taps("Математика")
    assert "Барлық пәннің бағасы бар, болжайтын ештеңе жоқ." in aigerim.sees


@pytest.mark.parametrize("letters", ["zzzz", "Ә", "-", "0" * 50, ""])
async def test_letters_that_do_not_fit_the_courses_of_today_are_left_out(
    linked: Linked, database: Database, letters: str
) -> None:
    await load(database, course("MAT1", "90"), OPEN)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.presses(WhatIf(letters=letters, course=99).pack())
    assert "Қазір: 3,33" in aigerim.sees
    assert ("Сонда: 3,67" in aigerim.sees) == letters.startswith("0")


async def test_fifty_open_courses_fit_into_the_buttons(linked: Linked, database: Database) -> None:
    await load(database, *(course(f"C{number:02}", names=(f"Пән {number:02}", None)) for number in range(55)))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("GPA қанша болар еді?")
    await aigerim.taps("Пән 49")
    await aigerim.presses(next_data(aigerim, "A"))
    assert "Пән 49: A" in aigerim.sees


async def test_a_text_too_long_for_a_caption_stays_whole_without_the_chart(linked: Linked, database: Database) -> None:
    years = [f"{first}-{first + 1}" for first in range(2005, 2026)]
    marks = [
        course(f"C{year}{part}", "90", period=f"{year}/{part}", names=(None, None))
        for year in years
        for part in (1, 2, 3)
    ]
    await load(database, *marks, dates=[])
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert aigerim.last.picture is None
    assert "2005–2006: 3,33" in aigerim.sees
    assert "2025–2026: 3,33" in aigerim.sees
    assert len([shown for shown in aigerim.room.messages if shown.by_bot]) == 1


async def test_from_the_chart_one_goes_to_a_text_and_back(linked: Linked, database: Database) -> None:
    await load(database, course("MAT1", "90"), OPEN)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    await aigerim.taps("iGPA және келесі курс")
    assert aigerim.last.picture is None
    await aigerim.taps("« GPA")
    assert aigerim.last.picture
    assert len([shown for shown in aigerim.room.messages if shown.by_bot and not shown.gone]) == 1


async def test_who_has_left_reads_the_gpa_too(linked: Linked, database: Database) -> None:
    await load(database, course("MAT1", "90"))
    await change_student(database, status=Status.GRADUATED, language=Language.RU)
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/gpa")
    assert "Общий GPA: 3,33" in aigerim.sees


async def test_a_university_that_counts_to_another_best_gpa_gets_numbers_without_the_chart(
    linked: Linked, database: Database, telegram_of: Callable[[Profile], Telegram], tmp_path: Path
) -> None:
    letters = [("A", 100, 90, 100, "excellent"), ("F", 0, 0, 89, "unsatisfactory")]
    names = ("letter", "numeric", "lowest", "highest", "traditional")
    rows = (
        ", ".join(f"{name} = {value!r}".replace("'", '"') for name, value in zip(names, row, strict=True))
        for row in letters
    )
    table = ", ".join(f"{{ {row} }}" for row in rows)
    own = tmp_path / "profile.toml"
    own.write_text(f"[marks]\nletters = [{table}]\n[gpa]\nscale = 100\n", encoding="utf-8")
    profile = load_profile(own)
    telegram = telegram_of(profile)
    await linked(AIGERIM)
    await load(database, course("MAT1", "100", ratings=("100", "100")))
    aigerim = telegram.person(1, "x")
    await aigerim.sends("/gpa")
    assert aigerim.sees.startswith("Жалпы GPA: 100,00")
    assert aigerim.last.picture is None
