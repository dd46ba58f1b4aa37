"""What is offered and why the rest is not, one's own requests, changing and withdrawing them."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Engine, event

from bot.i18n import Texts
from bot.screens.requests.buttons import AskWithdrawal, OpenForm, OpenRequest, Withdraw
from bot.words.courses import reference
from policy.marks import ExamForm, Outcome
from policy.people import Language
from policy.requests import Kind, RequestState
from services.requests.reviewing import take
from storage.database import Database
from tests.bot.applicants import (
    REASON,
    SECRETARY,
    Linked,
    acting,
    appealed,
    begins,
    employ,
    marked,
    requests_of,
    speaks,
    to,
)
from tests.bot.conftest import AIGERIM, DMITRY, REGISTRAR, HandClock
from tests.bot.studies import WINTER, course, load, local, slot

LONG_AGO = local(1, 5, 12)


async def test_what_can_be_appealed_comes_first_and_the_rest_says_why(linked: Linked, database: Database) -> None:
    await load(
        database,
        course("MAT1", "60", posted=local(1, 14, 15)),
        course("PHY1", "50", posted=local(1, 13, 15), names=("Физика", "Физика")),
        course("PHI1", names=("Философия", "Философия")),
        course("LAW1", outcome=Outcome.REMOVED, posted=local(1, 14, 15), names=("Құқық", "Право")),
        course("OLD1", "70", posted=local(1, 5, 15, year=2025), period="2024-2025/1", names=("Тарих", "История")),
    )
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/appeal")
    possible, impossible = aigerim.sees.split("Беруге болмайды:")
    assert "Математика: 73 · C+" in possible
    assert "Физика. Апелляция мерзімі аяқталды: 14 қаңтар, 13:00." in impossible
    assert "Философия. Емтихан бағасы порталға әлі енгізілген жоқ." in impossible
    assert "Құқық. Емтиханнан шығаруға апелляция берілмейді." in impossible
    assert "Тарих" not in aigerim.sees
    assert aigerim.buttons[:2] == ["Математика", "Мерзімі неге өтті? Физика"]
    await aigerim.taps("Мерзімі неге өтті?")
    assert "1. 14 қаңтар, сәрсенбі" in aigerim.last.text


async def test_with_nothing_to_appeal_the_desk_is_named(linked: Linked, database: Database) -> None:
    dmitry = await marked(database, linked, course("MAT1", "60", posted=LONG_AGO), student=DMITRY)
    await dmitry.sends("/appeal")
    assert "Сейчас апелляцию нельзя подать ни на одну оценку." in dmitry.sees
    assert "На вопросы ответит: Апелляционная комиссия" in dmitry.sees


async def test_a_test_that_has_not_begun_says_when_it_does(linked: Linked, database: Database) -> None:
    test = course("TST1", form=ExamForm.COMPUTER_TEST)
    await load(database, test, slots=[slot("TST1", local(1, 16, 9), form=ExamForm.COMPUTER_TEST)])
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/appeal")
    assert "Апелляция мерзімі әлі басталған жоқ. Басталуы: 16 қаңтар, 09:00." in aigerim.sees


async def test_a_mark_that_is_only_missed_offers_what_still_can_be_done(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 12, 12)))
    await aigerim.sends("/appeal")
    await aigerim.presses(OpenForm(kind=Kind.APPEAL, exam=reference(WINTER, "MAT1"), attempt=1).pack())
    assert "❌ Берілген жоқ." in aigerim.last.text
    await aigerim.taps("Емтиханды қайта тапсыру")
    assert "батырмасын басыңыз" in aigerim.last.text


async def test_who_is_no_student_is_told_so(linked: Linked) -> None:
    olga = await linked(REGISTRAR)
    await olga.sends("/appeal")
    assert "В базе вы не числитесь студентом" in olga.sees


async def test_the_menu_leads_there_and_back(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("/menu")
    await aigerim.taps("Қайта тапсыру")
    assert "Қазір қайта тапсыруға өтініш беретін емтиханыңыз жоқ." in aigerim.last.text
    await aigerim.taps("« Мәзір")
    await aigerim.taps("Менің өтініштерім")
    assert "Сіз әлі өтініш берген жоқсыз." in aigerim.last.text
    await aigerim.taps("Апелляция")
    await aigerim.taps("Математика")
    await aigerim.taps("« Апелляция")
    await aigerim.taps("Математика")
    await aigerim.taps("Болдырмау")
    assert "ештеңе жіберілген жоқ" in aigerim.last.text


async def test_a_list_of_marks_says_what_is_filed_in_place_of_its_deadline(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 14, 15)))
    await aigerim.sends("/marks")
    assert "↳ апелляция мерзімі" in aigerim.sees
    await begins(aigerim)
    await aigerim.sends(REASON)
    await begins(aigerim, "/retake")
    await aigerim.taps_key("Қайта тапсыруға өтініш беремін")
    await aigerim.sends("/marks")
    assert "↳ апелляция берілді" in aigerim.sees
    assert "↳ қайта тапсыруға өтініш берілді" in aigerim.sees


async def test_a_course_offers_what_its_mark_allows(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 14, 15)))
    await aigerim.sends("/marks")
    await aigerim.taps("Математика")
    assert {"Емтихан бағасына апелляция", "Емтиханды қайта тапсыру"} <= set(aigerim.buttons)
    await aigerim.taps("Емтихан бағасына апелляция")
    await aigerim.sends(REASON)
    await aigerim.sends("/marks")
    await aigerim.taps("Математика")
    assert "Емтихан бағасына апелляция" not in aigerim.buttons
    await aigerim.taps("№ 1 өтінішін ашу")
    assert "№ 1 · қаралуын күтуде" in aigerim.last.text


async def test_requests_are_listed_open_first_and_laid_open(linked: Linked, database: Database) -> None:
    both = [course(code, "60", posted=local(1, 14, 15), names=(code, code)) for code in ("MAT1", "PHY1")]
    dmitry = await marked(database, linked, *both, student=DMITRY)
    for code in ("MAT1", "PHY1"):
        await begins(dmitry, name=code)
        await dmitry.sends(REASON)
    await dmitry.taps("Отозвать")
    await dmitry.taps("Да, отозвать")
    await dmitry.sends("/requests")
    first, second = dmitry.sees.split("\n\n")[1:3]
    assert "№ 1 · Апелляция на экзаменационную оценку: ждёт рассмотрения" in first
    assert "№ 2 · Апелляция на экзаменационную оценку: вы отозвали" in second
    await dmitry.taps("№ 1")
    for line in (
        "Экзамен: 60",
        "Срок решения апелляционной комиссии: 16 января, до конца дня.",
        "Принято: 15 января 2026 года, 10:00:00, Алматы (UTC+5)",
        "Срок подачи: 15 января, 13:00",
        REASON,
        "15 января, 10:00: подано",
    ):
        assert line in dmitry.last.text


async def test_a_request_of_somebody_else_is_not_to_be_seen(linked: Linked, database: Database) -> None:
    dmitry = await appealed(database, linked, student=DMITRY, user=2)
    aigerim = await linked(AIGERIM, 1)
    await aigerim.sends("/requests")
    for button in (OpenRequest(number=1), AskWithdrawal(number=1), Withdraw(number=1, version=1)):
        await aigerim.presses(button.pack())
        assert "Сізде мұндай өтініш жоқ." in aigerim.last.text
    assert [each.state for each in await requests_of(database, DMITRY)] == [RequestState.FILED]
    assert dmitry.room is not aigerim.room


async def test_the_text_is_corrected_and_both_texts_are_shown(linked: Linked, database: Database) -> None:
    aigerim = await appealed(database, linked)
    receipt = aigerim.last
    await aigerim.taps("Мәтінді түзету")
    assert receipt.text.startswith("✅ Берілді: № 1")
    await aigerim.sends_voice()
    assert "есепке алынбайды" in aigerim.sees
    await aigerim.sends("Төртінші сұраққа жауабым дұрыс")
    assert "Қабылданған уақыты өзгерген жоқ: 2026 ж. 15 қаңтар, 10:00:00" in aigerim.sees
    assert REASON in aigerim.sees
    assert "Төртінші сұраққа жауабым дұрыс" in aigerim.sees
    (one,) = await requests_of(database)
    assert (one.reason, one.filed_at) == ("Төртінші сұраққа жауабым дұрыс", local(1, 15, 10))
    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    assert "мәтіні түзетілді" in aigerim.last.text


async def test_the_text_stays_once_somebody_has_taken_it(linked: Linked, database: Database, clock: HandClock) -> None:
    aigerim = await appealed(database, linked)
    await employ(database)
    await aigerim.taps("Мәтінді түзету")
    async with database.write() as storage:
        await take(storage, 1, acting(SECRETARY, clock))
    await aigerim.sends("басқа мәтін жаздым")
    assert any("мәтіні өзгертілмейді" in text for text in aigerim.stands)
    assert [each.reason for each in await requests_of(database)] == [REASON]


async def test_the_text_stays_once_the_time_is_over(linked: Linked, database: Database, clock: HandClock) -> None:
    aigerim = await appealed(database, linked)
    to(clock, local(1, 15, 13))
    await aigerim.taps("Мәтінді түзету")
    assert "Бұған берілген мерзім аяқталды: 15 қаңтар, 13:00." in aigerim.last.text


@pytest.mark.parametrize(
    ("hour", "warning"), [(12, "Қайта беруге болады, мерзімі: 15 қаңтар, 13:00."), (13, "⚠️ Қайта беру мүмкін болмайды")]
)
async def test_withdrawing_asks_and_says_whether_it_can_be_filed_again(
    linked: Linked, database: Database, clock: HandClock, hour: int, warning: str
) -> None:
    aigerim = await appealed(database, linked)
    to(clock, local(1, 15, hour))
    await aigerim.taps("Қайтарып алу")
    assert warning in aigerim.last.text
    await aigerim.taps("Жоқ, қалсын")
    assert "қаралуын күтуде" in aigerim.last.text
    await aigerim.taps("Қайтарып алу")
    await aigerim.taps("Иә")
    assert "№ 1 өтініші қайтарып алынды." in aigerim.last.text
    assert [each.state for each in await requests_of(database)] == [RequestState.WITHDRAWN]


async def test_a_withdrawn_appeal_can_be_filed_again_in_time(linked: Linked, database: Database) -> None:
    aigerim = await appealed(database, linked)
    await aigerim.taps("Қайтарып алу")
    await aigerim.taps("Иә")
    await aigerim.taps("Апелляция")
    await aigerim.taps("Математика")
    await aigerim.sends(REASON)
    assert "✅ Берілді: № 2" in aigerim.sees


async def test_a_press_after_something_happened_withdraws_nothing(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await appealed(database, linked)
    await employ(database)
    await aigerim.taps("Қайтарып алу")
    asked = aigerim.last
    async with database.write() as storage:
        await take(storage, 1, acting(SECRETARY, clock))
    await aigerim.taps("Иә", on=asked)
    assert "Осы арада өтініш өзгерген." in asked.text
    assert "№ 1 · қаралып жатыр" in asked.text
    assert [each.state for each in await requests_of(database)] == [RequestState.IN_REVIEW]


async def test_buttons_of_a_withdrawn_request_show_how_it_stands(linked: Linked, database: Database) -> None:
    aigerim = await appealed(database, linked)
    receipt = aigerim.last
    await aigerim.taps("Қайтарып алу")
    await aigerim.taps("Иә")
    for label in ("Мәтінді түзету", "Қайтарып алу"):
        await aigerim.taps(label, on=receipt)
        assert "Бұл өтініш жабылған" in aigerim.last.text
    await aigerim.taps("Құжат қосу", on=receipt)
    assert "құжат қабылдайтын өтінішіңіз жоқ" in aigerim.last.text


async def test_cancel_after_filing_does_not_say_that_nothing_was_filed(linked: Linked, database: Database) -> None:
    aigerim = await appealed(database, linked)
    await aigerim.sends("/cancel")
    assert "Тоқтататын ештеңе жоқ." in aigerim.sees


@pytest.mark.parametrize("language", Language)
async def test_every_screen_of_a_request_speaks_one_language(
    linked: Linked, database: Database, voices: Mapping[Language, Texts], language: Language
) -> None:
    aigerim = await appealed(database, linked)
    await speaks(database, language)
    other = voices[next(each for each in Language if each is not language)]
    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    for sentence in ("Steps:", "filed", "Every step will be told here by itself.", "Withdraw"):
        assert other.plain(sentence) not in (aigerim.last.text, *aigerim.buttons)
    assert voices[language].plain("Steps:") in aigerim.last.text


async def test_filing_an_appeal_takes_few_statements(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked, *(course(f"C{n}", "60", posted=local(1, 14, 15)) for n in range(8)))
    await aigerim.sends("/appeal")
    await aigerim.presses(OpenForm(kind=Kind.APPEAL, exam=reference(WINTER, "C1"), attempt=1).pack())
    said: list[str] = []

    def hear(*call: object) -> None:
        said.append(str(call[2]))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        await aigerim.sends(REASON)
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    assert len(await requests_of(database)) == 1
    filing = said[said.index("BEGIN IMMEDIATE") : said.index("COMMIT")]
    assert len(filing) <= 15, "\n".join(filing)
