"""/need: what is needed on the exam, in one's own courses and for any two ratings."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.screens.need import NeedInCourse
from bot.words.courses import reference
from policy.marks import Attempt
from policy.profile import Profile, load_profile
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, REGISTRAR, HandClock
from tests.bot.studies import WINTER, course, load, local
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
PHYSICS = ("Физика", "Физика, часть 1")


async def test_every_exam_to_come_is_listed_with_what_a_pass_needs(linked: Linked, database: Database) -> None:
    await load(
        database,
        course("A1", ratings=("81", "81")),
        course("B1", ratings=("49", "50"), names=("Химия", None)),
        course("C1", ratings=("70", None), names=("Биология", None)),
        course("D1", "90", names=PHYSICS),
        course("E1", "45", ratings=("60", "60"), names=("Логика", None)),
        course("F1", "10", names=("Этика", None)),
    )
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/need")
    assert "▫️ Математика: өту үшін 50, B+ үшін 90" in aigerim.sees
    assert "❌ Химия: емтиханға жіберілуге рейтинг жетпейді" in aigerim.sees
    assert "▫️ Биология: рейтингтің бірі әлі жоқ" in aigerim.sees
    assert "▫️ Логика (қайта тапсыру): өту үшін 50, B- үшін 97" in aigerim.sees
    assert "Физика" not in aigerim.sees
    assert "Этика" not in aigerim.sees
    assert "/need 70 85" in aigerim.sees


async def test_the_table_of_a_course_goes_from_the_best_letter_in_reach_to_a_pass(
    linked: Linked, database: Database
) -> None:
    await load(database, course("A1", ratings=("81", "81")))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/need")
    await aigerim.taps("Математика")
    table = [line.split() for line in aigerim.sees.splitlines() if line[:3].strip().isdecimal() and len(line) < 8]
    assert table == [["90", "B+"], ["78", "B"], ["65", "B-"], ["53", "C+"], ["50", "C"]]
    assert "100 балл алсаңыз да жетпейді: A, A-" in aigerim.sees
    assert "Емтиханнан кемінде 50 керек" in aigerim.sees
    await aigerim.taps("« Барлық емтихан")
    assert "Емтиханда қанша балл керек?" in aigerim.sees


async def test_letters_below_what_the_ratings_give_anyway_are_not_called_out_of_reach(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/need 100 100")
    assert " 87 A\n 74 A-\n 62 B+\n 50 B" in aigerim.sees
    assert "жетпейді" not in aigerim.sees


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("/need 70 85", "Рейтингтер: 70 және 85"),
        ("/need 70,5 85.25", "Рейтингтер: 70,5 және 85,25"),
        ("/need 70; 85", "Рейтингтер: 70 және 85"),
        ("/need 70, 85", "Рейтингтер: 70 және 85"),
        ("/need   0   100", "Рейтингтер: 0 және 100"),
    ],
)
async def test_two_ratings_are_read_however_they_are_written(linked: Linked, text: str, title: str) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends(text)
    assert aigerim.sees.startswith(title)
    assert "өту" in aigerim.sees or "Әр бағаға керек ең төменгі емтихан балы:" in aigerim.sees


@pytest.mark.parametrize(
    "text", ["/need 70", "/need 70 85 90", "/need 70 101", "/need -1 50", "/need a b", "/need . .", "/need 1e2 5"]
)
async def test_what_is_not_two_ratings_is_explained(linked: Linked, text: str) -> None:
    dmitry = await linked(DMITRY)
    await dmitry.sends(text)
    assert "Нужны два рейтинга, каждый – число от 0 до 100." in dmitry.sees
    await dmitry.taps("« Все экзамены")
    assert "Экзаменов без оценки у вас нет." in dmitry.sees


async def test_ratings_too_low_for_the_exam_say_how_much_is_needed(linked: Linked) -> None:
    dmitry = await linked(DMITRY)
    await dmitry.sends("/need 49 50")
    assert "Рейтинг допуска: 49,5" in dmitry.sees
    assert "рейтинг допуска должен быть не меньше 50." in dmitry.sees


async def test_two_ratings_are_nobodys_own_so_staff_may_ask_too(linked: Linked) -> None:
    olga = await linked(REGISTRAR)
    await olga.sends("/need 81 81")
    assert "Минимум на экзамене для каждой оценки:\n 90 B+" in olga.sees


async def test_a_button_of_an_exam_that_has_its_mark_or_is_somebody_elses_gives_the_list(
    linked: Linked, database: Database
) -> None:
    await load(database, course("A1"), replace(course("B1", "90", names=PHYSICS), student_id=DMITRY))
    dmitry = await linked(DMITRY)
    await dmitry.sends("/need")
    for code in ("A1", "B1"):
        await dmitry.presses(NeedInCourse(course=reference(WINTER, code)).pack())
        assert "Экзаменов без оценки у вас нет." in dmitry.sees
        assert "Рейтинг допуска" not in dmitry.sees


async def test_exams_of_the_next_period_do_not_hide_a_retake_that_is_still_open(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    await load(
        database,
        course("A1", "45", attempts=[Attempt(2)]),
        course("B1", ratings=("70", None), names=PHYSICS, period="2025-2026/2"),
    )
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/need")
    assert "Математика (қайта тапсыру)" in aigerim.sees
    assert "Физика" in aigerim.sees
    clock.at = local(1, 31)
    await aigerim.sends("/need")
    assert "Математика" not in aigerim.sees


async def test_a_university_where_ratings_may_make_a_pass_impossible_is_told_so(
    linked: Linked, database: Database, telegram_of: Callable[[Profile], Telegram], tmp_path: Path
) -> None:
    own = tmp_path / "profile.toml"
    own.write_text("[marks]\nadmission_rating_minimum = 0\nexam_decides_failure = false\n", encoding="utf-8")
    profile = load_profile(own)
    telegram = telegram_of(profile)
    await linked(AIGERIM)
    await load(database, course("A1", ratings=("10", "10")))
    aigerim = telegram.person(1, "x")
    await aigerim.sends("/need 10 10")
    assert "емтихан балы қандай болса да, пәннен өту мүмкін емес" in aigerim.sees
    await aigerim.sends("/need")
    assert "❌ Математика: өту мүмкін емес" in aigerim.sees
