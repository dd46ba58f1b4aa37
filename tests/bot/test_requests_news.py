"""What students are told of their requests unasked, at every step and in both languages, and never of a step undone."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from policy.decision import Refused
from policy.people import Language
from policy.requests import RequestState
from services.requests.reviewing import (
    Verdict,
    ask,
    call_off,
    enter,
    give_seat,
    propose_again,
    release,
    sign_again,
    take,
)
from services.requests.telling import REQUEST_NEWS, News, owe_news
from storage.database import Database
from storage.requests import Seat
from tests.bot.applicants import (
    CHAIR,
    DESK,
    REASON,
    REGISTRAR,
    SECRETARY,
    Linked,
    acting,
    appealed,
    begins,
    decided,
    employ,
    marked,
    requests_of,
    settled,
    speaks,
    to,
)
from tests.bot.conftest import AIGERIM, DMITRY, NOW, HandClock
from tests.bot.studies import course, local
from tests.telegram import Person, Telegram


@pytest.fixture(autouse=True)
async def staff(database: Database) -> None:
    await employ(database)


async def told(student: Person) -> str:
    await student.telegram.sender.send_due()
    return student.last.text


async def does(database: Database, step: Callable[..., Awaitable[Any]], *what: Any) -> None:
    async with database.write() as storage:
        done = await step(storage, 1, *what)
        assert not isinstance(done, Refused), done


async def retaken(database: Database, linked: Linked) -> Person:
    """Return a student who has applied for a retake."""
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 10, 12)))
    await begins(aigerim, "/retake")
    await aigerim.taps_key("Қайта тапсыруға")
    return aigerim


async def test_that_somebody_took_it_is_told_with_the_day_of_the_answer(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await appealed(database, linked)
    await does(database, take, acting(SECRETARY, clock))
    assert "👀 № 1 өтініші қаралып жатыр." in await told(aigerim)
    assert "Жауап мерзімі: 16 қаңтар, күн соңына дейін" in aigerim.last.text


async def test_what_was_let_go_before_it_was_told_is_not_told(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await appealed(database, linked)
    await does(database, take, acting(SECRETARY, clock))
    await does(database, release, acting(SECRETARY, clock))
    assert "✅ Берілді: № 1" in await told(aigerim)


async def test_a_question_is_answered_by_its_button(linked: Linked, database: Database, clock: HandClock) -> None:
    dmitry = await appealed(database, linked, student=DMITRY)
    await does(database, ask, "Какой был вариант?", acting(SECRETARY, clock))
    assert "❓ Вопрос по заявлению № 1." in await told(dmitry)
    assert "Какой был вариант?" in dmitry.last.text
    assert "срок решения не идёт" in dmitry.last.text
    await dmitry.taps("Ответить")
    await dmitry.sends("Второй")
    assert "Ответ приложен к заявлению № 1." in dmitry.sees
    assert [each.inquiries[0].answer for each in await requests_of(database, DMITRY)] == ["Второй"]


async def test_a_plain_text_is_taken_for_the_answer_after_asking(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await appealed(database, linked)
    await does(database, ask, "Нұсқаңыз қандай еді?", acting(SECRETARY, clock))
    await told(aigerim)
    await aigerim.sends("2-нұсқа")
    assert "Бұл № 1 өтініші туралы сұраққа жауабыңыз ба?" in aigerim.sees
    await aigerim.taps("Иә")
    assert [each.inquiries[0].answer for each in await requests_of(database)] == ["2-нұсқа"]
    await does(database, ask, "Тағы бір сұрақ", acting(SECRETARY, clock))
    await told(aigerim)
    await aigerim.sends("ойланып көрейін")
    await aigerim.taps("Жоқ")
    assert [each.inquiries[1].answer for each in await requests_of(database)] == [None]


async def test_an_upheld_appeal_says_the_new_marks_under_a_spoiler(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await appealed(database, linked)
    await decided(database, clock, RequestState.UPHELD, points=7)
    await told(aigerim)
    for line in (
        "✅ № 1: қанағаттандырылды",
        "Негіздемесі: Жауап тексерілді",
        "Емтихан: 60 → 67 (қосылған балл: 7)",
        "Қорытынды баға: 76 · B-",
        "Жаңа бағаны университет жүйесіне тіркеуші кеңсесі енгізеді.",
    ):
        assert line in aigerim.last.text
    spoilers = [part.split("</tg-spoiler>")[0] for part in aigerim.last.raw.split("<tg-spoiler>")[1:]]
    assert any("67" in part and "76" in part for part in spoilers)
    await does(database, enter, acting(REGISTRAR, clock))
    assert "🏛 № 1: жаңа баға университет жүйесіне енгізілді." in await told(aigerim)


async def test_a_refused_appeal_says_that_nothing_changed_and_who_answers(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    dmitry = await appealed(database, linked, student=DMITRY)
    await decided(database, clock, RequestState.REFUSED)
    await told(dmitry)
    for line in (
        "❌ № 1: оставлена без удовлетворения",
        "Обоснование: Жауап тексерілді",
        "Оценка не изменилась: 60",
        "§\N{NO-BREAK SPACE}8",
        "Апелляционная комиссия",
    ):
        assert line in dmitry.last.text


async def test_an_fx_that_a_refusal_confirms_can_still_be_retaken(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 14, 15)))
    await begins(aigerim)
    await aigerim.sends(REASON)
    await decided(database, clock, RequestState.REFUSED)
    assert "Қайта тапсыруға өтініш мерзімі: 30 қаңтар, күн соңына дейін." in await told(aigerim)


async def test_who_has_applied_for_the_retake_already_is_not_sent_to_apply_again(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 14, 15)))
    await begins(aigerim)
    await aigerim.sends(REASON)
    await begins(aigerim, "/retake")
    await aigerim.taps_key("Қайта тапсыруға")
    await decided(database, clock, RequestState.REFUSED)
    assert "Бұл қайта тапсыруға өтініш бұрын берілген." in await told(aigerim)
    assert "өтініш мерзімі" not in aigerim.last.text
    await settled(database, clock, RequestState.APPROVED, number=2)
    await aigerim.sends("/retake")
    await aigerim.taps("№ 2 өтінішін ашу")
    assert "№ 2 · мақұлданды" in aigerim.last.text


async def test_an_f_that_a_refusal_confirms_means_taking_the_course_again(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    dmitry = await marked(database, linked, course("MAT1", "20", posted=local(1, 14, 15)), student=DMITRY)
    await begins(dmitry)
    await dmitry.sends(REASON)
    await decided(database, clock, RequestState.REFUSED)
    assert "После F пересдачи нет." in await told(dmitry)
    assert "летнем семестре" in dmitry.last.text


async def test_a_refusal_can_be_followed_by_an_upholding(linked: Linked, database: Database, clock: HandClock) -> None:
    aigerim = await appealed(database, linked)
    await decided(database, clock, RequestState.REFUSED)
    await told(aigerim)
    await does(database, propose_again, Verdict(RequestState.UPHELD, "Қайта қаралды", 5), acting(SECRETARY, clock))
    await does(database, sign_again, acting(CHAIR, clock))
    assert "✅ № 1: қанағаттандырылды" in await told(aigerim)
    await aigerim.taps("№ 1")
    assert "❌ Шешім, 15 қаңтар, 10:00: қанағаттандырусыз қалдырылды" in aigerim.last.text
    assert "✅ Шешім, 15 қаңтар, 10:00: қанағаттандырылды" in aigerim.last.text


async def test_a_retake_is_approved_seated_moved_called_off_and_reminded_of(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await retaken(database, linked)
    await settled(database, clock, RequestState.APPROVED)
    assert "✅ № 1: мақұлданды" in await told(aigerim)
    assert "Емтиханның күні, уақыты мен аудиториясы осы жерде хабарланады." in aigerim.last.text
    await does(database, give_seat, Seat(local(1, 19, 10), "204"), acting(DESK, clock))
    assert "📅 № 1: емтиханның күні, уақыты мен аудиториясы белгіленді." in await told(aigerim)
    assert "Емтихан: 19 қаңтар, 10:00, аудитория: 204" in aigerim.last.text
    await does(database, give_seat, Seat(local(1, 20, 11), "305"), acting(DESK, clock))
    assert "Емтихан: 20 қаңтар, 11:00, аудитория: 305" in await told(aigerim)
    to(clock, local(1, 18, 10))
    assert "жақындады" not in await told(aigerim)  # of the seat that was moved
    to(clock, local(1, 19, 11))
    assert "⏰ № 1: емтиханыңыз жақындады." in await told(aigerim)
    await does(database, call_off, "Оқытушы ауырып қалды", acting(DESK, clock))
    assert "🚫 № 1: белгіленген емтихан болмайды." in await told(aigerim)
    assert "Себебі: Оқытушы ауырып қалды" in aigerim.last.text


async def test_a_refused_retake_says_why_and_who_answers(linked: Linked, database: Database, clock: HandClock) -> None:
    aigerim = await retaken(database, linked)
    await speaks(database, Language.RU)
    await settled(database, clock, RequestState.REFUSED)
    assert "❌ № 1: отказано" in await told(aigerim)
    assert "Центр обслуживания студентов" in aigerim.last.text


async def test_a_retake_ends_when_the_appeal_against_its_fx_is_upheld(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked, course("MAT1", "45", posted=local(1, 14, 15)))
    await begins(aigerim)
    await aigerim.sends(REASON)
    await begins(aigerim, "/retake")
    await aigerim.taps_key("Қайта тапсыруға")
    await decided(database, clock, RequestState.UPHELD, points=10)
    await told(aigerim)
    assert any("↩️ № 2 өтініші күшін жойды." in text for text in aigerim.stands)


async def test_what_was_registered_from_paper_is_told(linked: Linked, database: Database) -> None:
    aigerim = await appealed(database, linked)
    (one,) = await requests_of(database)
    async with database.write() as storage:
        await owe_news(storage, one, News.REGISTERED, now=NOW)
        await storage.commit()
    assert "📄 Қағаз өтінішіңіз тіркелді: № 1" in await told(aigerim)
    assert "10:00:00, Алматы" in aigerim.last.text


async def test_a_student_who_blocked_the_bot_stops_nothing(
    linked: Linked, database: Database, clock: HandClock, telegram: Telegram
) -> None:
    aigerim = await appealed(database, linked)
    aigerim.blocks()
    await decided(database, clock, RequestState.REFUSED)
    await telegram.sender.send_due()
    async with database.read() as storage:
        owed = await storage.outbox.to_person(AIGERIM, None)
    assert [each.error for each in owed if each.kind == REQUEST_NEWS][-1] == "blocked"
