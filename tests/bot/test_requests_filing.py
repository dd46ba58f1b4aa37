"""Filing: a message files, its date decides, and whatever comes instead of it gets an answer."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bot.screens.requests.buttons import FileText, OpenForm
from bot.words.courses import reference
from policy.marks import Attempt, ExamForm, Outcome
from policy.people import Language, Status
from policy.requests import Kind
from storage.database import Database
from tests.bot.applicants import REASON, Linked, appealed, begins, documents_of, marked, requests_of, speaks, to
from tests.bot.conftest import AIGERIM, DMITRY, HandClock
from tests.bot.studies import WINTER, change_student, course, load, local, slot
from tests.telegram import Telegram

FX_RETAKEN = Attempt(
    2,
    rating1=Decimal(80),
    rating2=Decimal(84),
    exam=Decimal(45),
    outcome=Outcome.TOOK,
    exam_date=local(1, 13).date(),
    posted_at=local(1, 14, 12),
)


async def test_an_appeal_is_filed_by_its_reason_and_gets_its_receipt_in_kazakh(
    linked: Linked, database: Database
) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("/appeal")
    assert "Қазір беруге болады" in aigerim.sees
    assert "мерзімі: 15 қаңтар, 13:00 (3 сағат қалды)" in aigerim.sees
    await aigerim.taps("Математика")
    what, until = aigerim.sees.splitlines()[:2]
    assert "Себебін бір хабарламамен жазыңыз" in what
    assert "15 қаңтар, 13:00 (3 сағат қалды)" in until
    await aigerim.sends(REASON)
    for line in (
        "✅ Берілді: № 1",
        "Қабылданды: 2026 ж. 15 қаңтар, 10:00:00, Алматы (UTC+5)",
        "Беру мерзімі: 15 қаңтар, 13:00. Уақытында берілді.",
        "Математика, 2025–2026, 1-кезең",
        "Емтихан: 60",
        "Қорытынды баға: 73 · C+",
        REASON,
        "Апелляциялық комиссия шешімінің мерзімі: 16 қаңтар, күн соңына дейін.",
    ):
        assert line in aigerim.sees
    (filed,) = await requests_of(database)
    assert (filed.kind, filed.reason, filed.filed_at) == (Kind.APPEAL, REASON, local(1, 15, 10))


async def test_the_same_is_said_in_russian(linked: Linked, database: Database) -> None:
    dmitry = await appealed(database, linked, student=DMITRY)
    assert "✅ Подано: № 1" in dmitry.sees
    assert "Принято: 15 января 2026 года, 10:00:00, Алматы (UTC+5)" in dmitry.sees
    assert "Срок подачи: 15 января, 13:00. Подано вовремя." in dmitry.sees
    assert dmitry.buttons == ["Исправить текст", "Добавить документы", "Отозвать", "Мои заявления"]


async def test_a_text_of_12_59_59_that_arrives_at_13_20_is_in_time(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked)
    await begins(aigerim)
    to(clock, local(1, 15, 13, 20))
    await aigerim.sends(REASON, late=timedelta(minutes=20, seconds=1))
    assert "Қабылданды: 2026 ж. 15 қаңтар, 12:59:59" in aigerim.sees
    assert "Бізге кешірек жетті" in aigerim.sees
    assert "файлды осы жерге" not in aigerim.sees
    assert [each.filed_at for each in await requests_of(database)] == [local(1, 15, 12, 59) + timedelta(seconds=59)]


async def test_a_text_of_13_00_is_late_and_the_refusal_says_everything(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    dmitry = await marked(database, linked, student=DMITRY)
    await begins(dmitry)
    to(clock, local(1, 15, 13))
    await dmitry.sends(REASON)
    assert "❌ Не подано. Срок апелляции истёк: 15 января, 13:00." in dmitry.sees
    assert "§\N{NO-BREAK SPACE}8" in dmitry.sees
    assert "офис регистратора исправит" in dmitry.sees
    assert "Апелляционная комиссия" in dmitry.sees
    assert await requests_of(database, DMITRY) == ()
    await dmitry.taps("Почему срок прошёл?")
    assert "1. 15 января, четверг" in dmitry.last.text
    assert "12:59 – вовремя, 13:00 – уже поздно" in dmitry.last.text


async def test_a_press_that_is_late_opens_a_form_for_a_text_that_was_not(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("/appeal")
    to(clock, local(1, 15, 13, 5))
    await aigerim.taps("Математика")
    assert "Мерзімі өтті: 15 қаңтар, 13:00. Содан бұрын жіберілген" in aigerim.last.text
    await aigerim.sends(REASON, late=timedelta(minutes=6))
    assert "✅ Берілді: № 1" in aigerim.sees


async def test_a_day_later_nothing_opens(linked: Linked, database: Database, clock: HandClock) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("/appeal")
    to(clock, local(1, 16, 13))
    await aigerim.taps("Математика")
    assert "❌ Берілген жоқ. Апелляция мерзімі аяқталды: 15 қаңтар, 13:00." in aigerim.last.text


@pytest.mark.parametrize(("at", "filed"), [(local(1, 15, 11, 59), 1), (local(1, 15, 12), 0)])
async def test_a_computer_test_is_appealed_while_it_runs(
    linked: Linked, database: Database, clock: HandClock, at: object, filed: int
) -> None:
    test = course("TST1", form=ExamForm.COMPUTER_TEST)
    await load(database, test, slots=[slot("TST1", local(1, 15, 10), form=ExamForm.COMPUTER_TEST)])
    aigerim = await linked(AIGERIM)
    await begins(aigerim)
    clock.at = at  # type: ignore[assignment]
    await aigerim.sends(REASON)
    assert len(await requests_of(database)) == filed
    assert ("Баға әлі шыққан жоқ" if filed else "Апелляция мерзімі аяқталды: 15 қаңтар, 12:00.") in aigerim.sees


@pytest.mark.parametrize(
    ("posted", "at", "filed"),
    [
        (local(1, 14, 20), local(1, 15, 23, 59), 1),
        (local(1, 14, 20), local(1, 16), 0),
        (local(1, 15, 9, 30), local(1, 16, 12, 59), 1),
        (local(1, 15, 9, 30), local(1, 16, 13), 0),
    ],
)
async def test_a_state_exam_of_the_14th_is_appealed_until_its_own_end_or_that_of_its_mark_whichever_is_later(
    linked: Linked, database: Database, clock: HandClock, *, posted: datetime, at: datetime, filed: int
) -> None:
    exam = course("HIS1", "60", posted=posted, form=ExamForm.STATE, names=("Тарих", "История"))
    sitting = replace(exam.attempts[0], exam_date=local(1, 14).date())
    aigerim = await marked(database, linked, replace(exam, attempts=(sitting,)))
    await begins(aigerim, name="Тарих")
    to(clock, at)
    await aigerim.sends(REASON)
    assert len(await requests_of(database)) == filed


async def test_an_fx_by_its_exam_is_retaken_by_a_key_though_the_total_would_pass(
    linked: Linked, database: Database
) -> None:
    fx = course("MAT1", "40", ratings=("90", "90"), posted=local(1, 10, 12))
    dmitry = await marked(database, linked, fx, student=DMITRY)
    await begins(dmitry, "/retake")
    assert "Нажмите внизу кнопку «✅ Подаю на пересдачу»" in dmitry.last.text
    await dmitry.sends("хочу пересдать")
    assert "Пока не подано: текст не нужен, нажмите кнопку." in dmitry.sees
    await dmitry.sends_photo(b"JPEG")
    assert "Документ сохранён, теперь нажмите кнопку." in dmitry.sees
    assert await requests_of(database, DMITRY) == ()
    await dmitry.taps_key("Подаю на пересдачу")
    assert "Заявление № 1 подано." in dmitry.sees
    assert "Срок решения центра обслуживания студентов: 20 января, до конца дня." in dmitry.sees
    assert dmitry.room.reply_keyboard is None
    (filed,) = await requests_of(database, DMITRY)
    assert (filed.kind, filed.reason, filed.filed_at) == (Kind.RETAKE, None, local(1, 15, 10))


async def test_a_key_of_the_other_language_files_too(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 10, 12)))
    await begins(aigerim, "/retake")
    await speaks(database, Language.RU)
    await aigerim.taps_key("Қайта тапсыруға")
    assert "Заявление № 1 подано." in aigerim.sees


@pytest.mark.parametrize("how", ["key", "command"])
async def test_a_form_with_a_key_is_left_with_its_keyboard(linked: Linked, database: Database, how: str) -> None:
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 10, 12)))
    await begins(aigerim, "/retake")
    if how == "key":
        await aigerim.taps_key("Өтініш бермеймін")
    else:
        await aigerim.sends("/cancel")
    assert aigerim.room.reply_keyboard is None
    await aigerim.sends("✅ Қайта тапсыруға өтініш беремін")
    assert "Өтініш берілген жоқ." in aigerim.sees
    assert await requests_of(database) == ()


async def test_a_key_left_from_another_form_is_no_reason(linked: Linked, database: Database) -> None:
    fx = course("PHY1", "40", posted=local(1, 10, 12), names=("Физика", "Физика"))
    aigerim = await marked(database, linked, course("MAT1", "60", posted=local(1, 14, 15)), fx)
    await begins(aigerim, "/retake", "Физика")
    await begins(aigerim)
    await aigerim.taps_key("Қайта тапсыруға")
    assert "Өтініш берілген жоқ." in aigerim.sees
    assert await requests_of(database) == ()
    await aigerim.sends(REASON)
    assert [each.reason for each in await requests_of(database)] == [REASON]


async def test_after_a_second_fx_the_way_is_the_summer_semester(linked: Linked, database: Database) -> None:
    twice = course("MAT1", "40", posted=local(1, 5, 12), attempts=[FX_RETAKEN])
    aigerim = await marked(database, linked, twice)
    await aigerim.sends("/retake")
    assert "Екінші FX алғаннан кейін емтихан қайта тапсырылмайды." in aigerim.sees
    assert "жазғы семестрде" in aigerim.sees
    await aigerim.presses(OpenForm(kind=Kind.RETAKE, exam=reference(WINTER, "MAT1"), attempt=2).pack())
    assert "❌ Берілген жоқ. Екінші FX алғаннан кейін" in aigerim.last.text
    assert await requests_of(database) == ()


async def test_an_unpaid_exam_is_applied_for_by_the_proof_of_payment(linked: Linked, database: Database) -> None:
    unpaid = course("LAW1", outcome=Outcome.NOT_ADMITTED, posted=local(1, 13, 15), fees_cleared=False)
    aigerim = await marked(database, linked, unpaid)
    await begins(aigerim, "/retake")
    assert "Төлем түбіртегін осы жерге" in aigerim.last.text
    await aigerim.sends("төледім")
    assert "фото не файл керек" in aigerim.sees
    await aigerim.sends_photo(b"receipt")
    assert "✅ Берілді: № 1" in aigerim.sees
    assert "Құжаттар: 1" in aigerim.sees
    assert "Тіркеуші кеңсесі шешімінің мерзімі" in aigerim.sees
    (filed,) = await requests_of(database)
    assert (filed.kind, filed.choice) == (Kind.MISSED_EXAM, "fees")
    assert len(await documents_of(database)) == 1


async def test_where_several_causes_are_possible_one_is_chosen(linked: Linked, database: Database) -> None:
    missed = course("ECO1", outcome=Outcome.DID_NOT_COME, posted=local(1, 13, 15), fees_cleared=False)
    dmitry = await marked(database, linked, missed, student=DMITRY)
    await begins(dmitry, "/retake")
    assert "Почему вы не сдавали экзамен?" in dmitry.last.text
    await dmitry.taps("неявка на экзамен")
    await dmitry.taps_key("Подаю на дополнительный период")
    assert "Причина: неявка на экзамен" in dmitry.sees
    assert [each.choice for each in await requests_of(database, DMITRY)] == ["did_not_come"]


async def test_a_complaint_of_how_the_exam_was_held_stands_beside_an_appeal(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked, course("MAT1", "60", posted=local(1, 14, 15)))
    await begins(aigerim)
    await aigerim.sends(REASON)
    await aigerim.sends("/appeal")
    await aigerim.taps("шағымдану")
    await aigerim.taps("Математика")
    assert "Ненің дұрыс болмағанын жазыңыз" in aigerim.last.text
    await aigerim.sends("Аудиторияда бір ғана емтихан алушы болды")
    assert [each.kind for each in await requests_of(database)] == [Kind.APPEAL, Kind.APPEAL_PROCEDURE]


async def test_a_button_with_somebody_elses_exam_files_nothing(linked: Linked, database: Database) -> None:
    await load(database, replace(course("MAT1", "60", posted=local(1, 14, 15)), student_id=DMITRY))
    aigerim = await marked(database, linked, course("PHY1", "60", posted=local(1, 14, 15)))
    await aigerim.sends("/appeal")
    await aigerim.presses(OpenForm(kind=Kind.APPEAL, exam=reference(WINTER, "MAT1"), attempt=1).pack())
    assert "Базада бұл емтихан өзгерген" in aigerim.last.text
    await aigerim.sends("кешіріңіз")
    assert await requests_of(database, DMITRY) == ()


async def test_a_button_of_a_sitting_that_is_gone_files_nothing(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked, course("MAT1", "40", posted=local(1, 5, 12), attempts=[FX_RETAKEN]))
    await aigerim.sends("/appeal")
    async with database.write() as storage:
        await storage.marks.remove_attempts([(AIGERIM, WINTER, "MAT1", 2)])
        await storage.commit()
    await aigerim.taps("Математика, 2-тапсыру")
    assert "Базада бұл емтихан өзгерген" in aigerim.last.text


async def test_two_taps_open_one_form_and_two_texts_file_once(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("/appeal")
    button = aigerim.last.data_of("Математика")
    await aigerim.presses(button)
    await aigerim.presses(button)
    await aigerim.sends(REASON)
    await aigerim.presses(button)
    assert "❌ Берілген жоқ. Бұл емтихан бойынша апелляция бұрын берілген." in aigerim.last.text
    assert "№ 1 өтінішін ашу" in aigerim.buttons
    await aigerim.sends(REASON)
    assert len(await requests_of(database)) == 1


async def test_who_does_not_study_now_files_nothing(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("/appeal")
    await change_student(database, status=Status.ACADEMIC_LEAVE)
    await aigerim.taps("Математика")
    assert "Өтінішті қазір оқып жүрген студенттер ғана бере алады." in aigerim.last.text
    await aigerim.sends("/retake")
    assert "ғана бере алады" in aigerim.sees


@pytest.mark.parametrize("what", ["sends_voice", "sends_sticker"])
async def test_a_voice_or_a_sticker_files_nothing_and_the_form_stays(
    linked: Linked, database: Database, what: str
) -> None:
    aigerim = await marked(database, linked)
    await begins(aigerim)
    await getattr(aigerim, what)()
    assert "Дауыс, бейне мен стикер есепке алынбайды" in aigerim.sees
    assert "Себебін бір хабарламамен жазыңыз" in aigerim.sees
    await aigerim.sends(REASON)
    assert "✅ Берілді: № 1" in aigerim.sees


async def test_what_telegram_cut_in_two_becomes_one_reason(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked)
    await begins(aigerim)
    await aigerim.sends("а" * 4096)
    await aigerim.sends("б" * 904)
    assert "Мұны № 1 өтінішінің мәтініне қосайық па?" in aigerim.sees
    await aigerim.taps("Қосу")
    assert "қосылды" in aigerim.last.text
    (filed,) = await requests_of(database)
    assert filed.reason == "а" * 4096 + "\n" + "б" * 904


async def test_a_text_right_after_a_filing_can_be_an_appeal_of_its_own(linked: Linked, database: Database) -> None:
    posted = local(1, 14, 15)
    both = course("MAT1", "60", posted=posted), course("PHY1", "60", posted=posted, names=("Физика", "Физика"))
    aigerim = await marked(database, linked, *both)
    await begins(aigerim)
    await aigerim.sends(REASON)
    await aigerim.sends("Физикадан екінші есебім дұрыс")
    assert "Апелляция: Математика" not in aigerim.buttons
    await aigerim.taps("Апелляция: Физика")
    assert [each.exam.course_code for each in await requests_of(database)] == ["MAT1", "PHY1"]


async def test_a_reason_does_not_grow_without_end(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked)
    await begins(aigerim)
    await aigerim.sends("а" * 4096)
    for _ in range(2):
        await aigerim.sends("б" * 4000)
        await aigerim.taps("Қосу")
    assert "Қосылған жоқ: мәтіннің таңба саны шектен асады (8192)" in aigerim.last.text


async def test_a_text_without_a_form_is_kept_with_its_instant(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked)
    to(clock, local(1, 15, 13, 20))
    await aigerim.sends(REASON, late=timedelta(minutes=21, seconds=50))
    assert "Берілген уақыты: 12:58:10" in aigerim.sees
    await aigerim.taps("Апелляция: Математика")
    assert "Қабылданды: 2026 ж. 15 қаңтар, 12:58:10" in aigerim.last.text
    (filed,) = await requests_of(database)
    assert (filed.reason, filed.filed_at) == (REASON, local(1, 15, 12, 58) + timedelta(seconds=10))
    assert "Берілді" in aigerim.last.text


async def test_a_text_is_offered_again_to_who_chooses_the_exam_after_it(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("/appeal")
    listed = aigerim.last
    await aigerim.sends(REASON)
    to(clock, local(1, 15, 13, 1))
    await aigerim.taps("Математика", on=listed)
    assert "Берілген уақыты: 10:00:00" in listed.text
    await aigerim.taps("Апелляция: Математика", on=listed)
    assert [each.filed_at for each in await requests_of(database)] == [local(1, 15, 10)]


async def test_a_text_in_time_is_not_lost_to_a_form_of_something_else(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    unpaid = course("LAW1", outcome=Outcome.NOT_ADMITTED, posted=local(1, 13, 15), names=("Құқық", "Право"))
    maths = course("MAT1", "60", posted=local(1, 14, 15))
    aigerim = await marked(database, linked, maths, replace(unpaid, fees_cleared=False))
    await begins(aigerim, "/retake", "Құқық")
    to(clock, local(1, 15, 13, 20))  # after an outage: the form is what the bot knows, the text was for the appeal
    await aigerim.sends(REASON, late=timedelta(minutes=21))
    await aigerim.taps("Апелляция: Математика")
    (filed,) = await requests_of(database)
    assert (filed.kind, filed.filed_at) == (Kind.APPEAL, local(1, 15, 12, 59))


async def test_a_text_too_late_for_its_form_is_offered_for_what_is_still_open(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    open_until_noon = course("MAT1", "60", posted=local(1, 14, 15))
    later = course("PHY1", "60", posted=local(1, 15, 9), names=("Физика", "Физика"))
    aigerim = await marked(database, linked, open_until_noon, later)
    await begins(aigerim)
    to(clock, local(1, 15, 13))
    await aigerim.sends(REASON)
    assert "❌ Берілген жоқ. Апелляция мерзімі аяқталды: 15 қаңтар, 13:00." in aigerim.sees
    await aigerim.taps("Апелляция: Физика")
    assert [each.exam.course_code for each in await requests_of(database)] == ["PHY1"]


async def test_a_later_text_joins_one_that_waits_unless_it_is_too_late(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("Бірінші бөлігі осы болады")
    to(clock, local(1, 15, 12))
    await aigerim.sends("екінші бөлігі осы болады")
    to(clock, local(1, 15, 13))
    await aigerim.sends("үшінші бөлігі кеш қалды")
    assert "Одан кейін жазғаныңыз кеш келді" in aigerim.sees
    await aigerim.taps("Апелляция: Математика")
    (filed,) = await requests_of(database)
    assert filed.reason == "Бірінші бөлігі осы болады\nекінші бөлігі осы болады"
    assert filed.filed_at == local(1, 15, 12)


@pytest.mark.parametrize("text", ["сәлем", "рахмет"])
async def test_a_word_in_passing_is_no_appeal(linked: Linked, database: Database, text: str) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends(text)
    assert "апелляция ма?" not in aigerim.sees


async def test_a_kept_text_can_be_forgotten(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends(REASON)
    offered = aigerim.last
    data = FileText(kind=Kind.APPEAL, exam=reference(WINTER, "MAT1"), attempt=1).pack()
    await aigerim.taps("Жоқ, керек емес")
    assert "Мәтін өшірілді" in aigerim.last.text
    await aigerim.presses(data, on=offered)
    assert "Мәтін сақталмай қалды" in aigerim.last.text
    assert await requests_of(database) == ()


async def test_a_forwarded_card_is_no_appeal(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked)
    await aigerim.sends("/marks")
    await aigerim.forwards(aigerim.last)
    assert "апелляция ма?" not in aigerim.sees


async def test_an_edit_of_the_filing_message_changes_nothing_and_says_so(
    linked: Linked, database: Database, clock: HandClock, telegram: Telegram
) -> None:
    aigerim = await appealed(database, linked)
    await aigerim.edits("басқа мәтін")
    assert "Хабарламаны өңдегенмен, № 1 өтініші өзгермейді." in aigerim.last.text
    assert [each.reason for each in await requests_of(database)] == [REASON]
    await aigerim.taps("Мәтінді түзету")
    await aigerim.sends("басқа мәтін")
    assert [each.reason for each in await requests_of(database)] == ["басқа мәтін"]
    clock.move(timedelta(minutes=5))
    await aigerim.sends("/requests")
    calls = len(telegram.calls)
    await aigerim.edits("/marks")
    assert len(telegram.calls) == calls
