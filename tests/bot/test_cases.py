"""Cases: opened, taken, prepared, signed, sent back, refused and upheld after all, by those who may and nobody else."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.screens.review.buttons import SignCase
from policy.marks import ExamForm
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import Profile, load_profile
from policy.requests import Kind, Queue, RequestState
from services.requests.cases import Waiting, queue_for
from services.requests.filing import withdraw
from storage.database import Database
from storage.queues import QueueChat
from storage.records import REFUSED
from storage.records import Person as Recorded
from storage.requests import Request
from tests.bot.conftest import NOW, REGISTRAR, HandClock
from tests.bot.staff import (
    ACCOUNTS,
    ADMIN,
    CHAIR,
    DEPUTY,
    DESK,
    ENDED,
    MEMBER,
    SECRETARY,
    at_work,
    employ,
    file,
    request_of,
)
from tests.bot.studies import WINTER, course, load, local, slot
from tests.telegram import Group, Person, Telegram
from tests.telegram import Person as TelegramPerson

Linked = Callable[..., Awaitable[Person]]
FX = course("PHY1", "45", posted=local(1, 14, 18))


@pytest.fixture(autouse=True)
async def records(database: Database, clock: HandClock) -> None:
    clock.move(timedelta(hours=1))
    await employ(database)
    await load(database, course(exam="60", posted=local(1, 15, 9)))


@pytest.fixture
async def request_(database: Database, profile: Profile, telegram: Telegram) -> Request:
    request = await file(database, profile)
    await telegram.sender.send_due()  # nobody of the staff is linked yet
    return request


async def group_of(telegram: Telegram, database: Database, language: Language = Language.KK) -> Group:
    group = telegram.group("Комиссия")
    async with database.write() as storage:
        await storage.queues.bind(QueueChat(Queue.APPEALS, group.id, None, language, ADMIN, NOW))
        await storage.commit()
    return group


async def propose(secretary: Person, *, points: str = "5", reason: str = "Жауап толық") -> None:
    """From an opened case to a proposal."""
    await secretary.taps("✅ Қанағаттандыру")
    await secretary.sends(points)
    await secretary.taps("негіздеме")
    await secretary.sends(reason)
    await secretary.taps("Қол қоюға жіберу")


async def exam_of(database: Database, code: str = "MAT1") -> Decimal | None:
    async with database.read() as storage:
        found = await storage.marks.by_key("02500001", WINTER, code)
    assert found
    return found.attempts[0].exam


async def test_a_card_leads_to_the_case_with_all_that_is_needed_to_decide(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    group, secretary = await group_of(telegram, database), await at_work(linked, SECRETARY)
    request = await file(database, profile, at=NOW + timedelta(seconds=59))
    await telegram.sender.send_due()
    await secretary.follows("Ашу", in_=group)
    for said in (
        f"№ {request.id}. Емтихан бағасына апелляция",
        "Ахметова Айгерім Серікқызы, IS-24-1",
        "1-рейтинг: 80 · 2-рейтинг: 84",
        "Емтихан: 60",
        "73 · C+",
        "3-сұрақтың жауабы дұрыс",
        "10:00:59",
        "Беру мерзімі: 16 қаңтар, 13:00",
        "Құжаттар: 0",
    ):
        assert said in secretary.sees
    assert secretary.last.protected
    async with database.read() as storage:
        about = await storage.changes.about("02500001")
    assert [(line.object, line.actor) for line in about if line.act == "read"] == [("request", SECRETARY)]


async def test_take_from_the_card_rewrites_it_and_a_second_one_is_told_whose_it_is(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    group = await group_of(telegram, database)
    secretary, member = await at_work(linked, SECRETARY), await at_work(linked, MEMBER)
    request = await file(database, profile)
    await telegram.sender.send_due()
    card = group.last
    label = card.data_of("Істі алу")
    await secretary.taps("Істі алу", on=card)
    assert "Істі алған: Жұмабаева Г., 15 қаңтар, 11:00" in card.text
    await member.presses(label, on=card)
    assert member.toast == "Дело уже взято: Жұмабаева Г., 15 января, 11:00."
    assert (await request_of(database, request.id)).taken_by == SECRETARY


async def test_points_and_reason_are_previewed_proposed_and_signed_by_the_chair(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    secretary, chair = await at_work(linked, SECRETARY), await at_work(linked, CHAIR)
    await secretary.sends("/start case-1")
    await secretary.taps("✅ Қанағаттандыру")
    await secretary.taps("+5")
    assert "Қосылатын балл: +6" in secretary.sees
    assert "Емтихан бағасы: 60 → 66" in secretary.sees
    assert "Қорытынды баға: 73 · C+ → 76 · B-" in secretary.sees
    assert "Жалпы GPA: 2,33 → 2,67" in secretary.sees
    await secretary.taps("−1")
    await secretary.sends("жеті")
    assert "бүтін сан" in secretary.sees
    await secretary.sends("41")
    assert "100-ден асып" in secretary.sees
    await secretary.sends("10")
    await secretary.taps("негіздеме")
    await secretary.sends("Жауап толық")
    assert "Төраға немесе оның орынбасары" in secretary.sees
    await secretary.taps("Қол қоюға жіберу")
    assert "Дайындалды" in secretary.sees
    assert await exam_of(database) == 60

    assert "Қол қоюды күтіп тұр" in chair.sees
    await chair.taps("Ашу")
    assert "Қосылатын балл: +10" in chair.sees
    assert "Емтихан бағасы: 60 → 70" in chair.sees
    await chair.taps("Қол қою")
    assert "Қол қойылды" in chair.sees
    assert await exam_of(database) == 70
    assert (await request_of(database, 1)).state is RequestState.UPHELD


async def test_the_same_in_russian_a_template_gives_the_reason_and_the_deputy_signs(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    async with database.write() as storage:
        await storage.queues.add_template(
            Queue.APPEALS, RequestState.REFUSED, text_kk="Баға дұрыс қойылған", text_ru="Оценка верна", by=None, at=NOW
        )
        await storage.commit()
    member, deputy = await at_work(linked, MEMBER), await at_work(linked, DEPUTY)
    await member.sends("/start case-1")
    await member.taps("❌")
    await member.taps("Оценка верна")
    assert "Баға дұрыс қойылған" in member.sees  # the student reads Kazakh
    await member.taps("Отправить на подпись")
    await deputy.taps("Открыть")
    await deputy.taps("Подписать")
    assert (await request_of(database, 1)).state is RequestState.REFUSED
    assert await exam_of(database) == 60
    assert "Оставлена без удовлетворения" in deputy.sees or "без удовлетворения" in deputy.sees


async def test_a_proposal_is_sent_back_with_a_reason_and_its_author_gets_it_again(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    secretary, chair = await at_work(linked, SECRETARY), await at_work(linked, CHAIR)
    await secretary.sends("/start case-1")
    await propose(secretary)
    await chair.taps("Ашу")
    await chair.taps("Қайтару")
    await chair.sends("Баллды негіздеу керек")
    await chair.taps("✅ Қайтару")
    assert "Қол қойылмай қайтарылды" in chair.sees
    request = await request_of(database, 1)
    assert (request.state, request.proposal) == (RequestState.IN_REVIEW, None)
    assert "№ 1" in secretary.last.text


async def test_a_question_pauses_the_answer_and_says_so(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    secretary, chair = await at_work(linked, SECRETARY), await at_work(linked, CHAIR)
    await secretary.sends("/start case-1")
    await secretary.taps("Студенттен сұрау")
    await secretary.sends("Қай сұрақ?")
    await secretary.taps("✅ Сұрақты жіберу")
    assert "Сұрақ студентке жіберілді" in secretary.sees
    assert (await request_of(database, 1)).paused_at is not None
    await chair.sends("/start case-1")
    assert "Қай сұрақ?" in chair.sees
    assert "Жауап әлі жоқ" in chair.sees


async def test_a_refusal_can_be_followed_by_an_upholding_and_stays_in_the_record(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    secretary, chair = await at_work(linked, SECRETARY), await at_work(linked, CHAIR)
    await secretary.sends("/start case-1")
    await secretary.taps("❌")
    await secretary.sends("Негіз жоқ")
    await secretary.taps("Қол қоюға жіберу")
    await chair.taps("Ашу")
    await chair.taps("Қол қою")
    deputy = await at_work(linked, DEPUTY)
    await deputy.sends("/start case-1")
    await deputy.taps("Всё же решить")
    await deputy.sends("3")
    await deputy.taps("обоснование")
    await deputy.sends("Новая экспертиза")
    assert "Отказ остаётся в деле" in deputy.sees
    await deputy.taps("Отправить на подпись")
    assert await exam_of(database) == 60
    assert (await request_of(database, 1)).state is RequestState.REFUSED
    assert not any("Подписать" in each for each in deputy.buttons)
    await deputy.presses(SignCase(number=1, version=(await request_of(database, 1)).version).pack())
    assert "Это решение подготовили вы: подписать должен кто-то другой" in deputy.sees
    await telegram.sender.send_due()
    await chair.taps("Ашу")
    assert "Қол қоюды күтіп тұр: қанағаттандырылды" in chair.sees
    await chair.taps("✍️")
    assert await exam_of(database) == 63
    async with database.read() as storage:
        decided = (await storage.requests.decisions_of([1]))[1]
    assert [each.outcome for each in decided] == [RequestState.REFUSED, RequestState.UPHELD]
    assert (decided[1].prepared_by, decided[1].signed_by) == (DEPUTY, CHAIR)


async def refused(database: Database, linked: Linked) -> tuple[TelegramPerson, TelegramPerson]:
    """Refuse the appeal, and return secretary and chair."""
    secretary, chair = await at_work(linked, SECRETARY), await at_work(linked, CHAIR)
    await secretary.sends("/start case-1")
    await secretary.taps("❌")
    await secretary.sends("Негіз жоқ")
    await secretary.taps("Қол қоюға жіберу")
    await chair.taps("Ашу")
    await chair.taps("Қол қою")
    assert (await request_of(database, 1)).state is RequestState.REFUSED
    return secretary, chair


async def test_a_proposal_that_follows_a_refusal_waits_among_what_is_to_be_signed_and_can_be_sent_back(
    database: Database, linked: Linked, request_: Request
) -> None:
    secretary, chair = await refused(database, linked)
    await secretary.sends("/start case-1")
    await secretary.taps("Студенттің пайдасына")
    await secretary.sends("5")
    await secretary.taps("негіздеме »")
    await secretary.sends("Сараптама қайта жүргізілді")
    await secretary.taps("Қол қоюға жіберу")
    async with database.read() as storage:
        waiting = await queue_for(
            storage, Queue.APPEALS, by=CHAIR, which=Waiting.TO_SIGN, now=NOW, profile=load_profile(None)
        )
    assert isinstance(waiting, tuple)
    assert [each.request.id for each in waiting] == [1]
    await chair.sends("/start case-1")
    await chair.taps("Қайтару")
    await chair.sends("Негіздемесі жеткіліксіз")
    await chair.taps("✅ Қайтару")
    after = await request_of(database, 1)
    assert (after.state, after.proposal) == (RequestState.REFUSED, None)
    assert await exam_of(database) == 60
    await chair.presses(SignCase(number=1, version=after.version).pack())
    assert await exam_of(database) == 60


async def test_two_sign_at_once_and_the_second_is_told_whose_decision_it_is(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    secretary, chair, deputy = [await at_work(linked, each) for each in (SECRETARY, CHAIR, DEPUTY)]
    await secretary.sends("/start case-1")
    await propose(secretary)
    await chair.taps("Ашу")
    await deputy.taps("Открыть")
    both = chair.last, deputy.last
    presses = [
        {
            "id": f"p{number}",
            "from": person.user,
            "chat_instance": "1",
            "data": shown.data_of("✍️"),
            "message": telegram.described(shown.chat, shown),
        }
        for number, (person, shown) in enumerate(zip((chair, deputy), both, strict=True))
    ]
    await telegram.feed_all([{"callback_query": press} for press in presses])
    seen = chair.sees + deputy.sees
    assert ("Дело уже решено: Сейітов М. Ә., 15 января, 11:00" in seen) or ("Іс шешіліп қойған: Петрова А. И." in seen)
    async with database.read() as storage:
        decided = (await storage.requests.decisions_of([1]))[1]
    assert len(decided) == 1


async def test_a_decision_on_a_case_withdrawn_a_second_before_is_not_made(
    telegram: Telegram, database: Database, linked: Linked, request_: Request, clock: HandClock
) -> None:
    secretary, chair = await at_work(linked, SECRETARY), await at_work(linked, CHAIR)
    await secretary.sends("/start case-1")
    await propose(secretary)
    await chair.taps("Ашу")
    request = await request_of(database, 1)
    async with database.write() as storage:
        await withdraw(storage, request_id=1, version=request.version, student_id="02500001", now=clock.now())
    await chair.taps("✍️")
    assert "Студент бұл өтінішін қайтарып алды" in chair.sees
    assert "Қол қою" not in str(chair.buttons)
    assert await exam_of(database) == 60


async def test_a_text_for_a_case_that_changed_meanwhile_is_given_back(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    secretary, chair = await at_work(linked, SECRETARY), await at_work(linked, CHAIR)
    await secretary.sends("/start case-1")
    await secretary.taps("❌")
    await chair.sends("/start case-1")
    await chair.taps("Істі алу")
    await secretary.sends("Ұзақ ойланған негіздеме")
    assert "Жазған мәтініңіз: Ұзақ ойланған негіздеме" in secretary.sees
    assert "Сейітов М. Ә." in secretary.sees


@pytest.mark.parametrize("who", [DESK, ENDED, REGISTRAR, ADMIN])
async def test_whoever_holds_no_role_in_it_does_not_see_the_case(
    linked: Linked, request_: Request, database: Database, who: str
) -> None:
    outsider = await linked(who, ACCOUNTS.get(who, 30))
    await outsider.sends("/start case-1")
    assert "3-сұрақтың" not in outsider.sees
    assert "60" not in outsider.sees
    await outsider.presses("ctake:1")
    await outsider.presses("verd:1:1:upheld:0")
    assert (await request_of(database, 1)).version == 1


async def test_for_a_role_that_ended_and_one_of_another_institute_a_case_is_as_if_there_were_none(
    linked: Linked, request_: Request, database: Database
) -> None:
    ended = await at_work(linked, ENDED)
    for number in (request_.id, 77):
        await ended.sends(f"/start case-{number}")
        assert "рөліңіз жоқ" in ended.sees
        assert "Апелляциялық комиссия" not in ended.sees, "which desk answers would tell what kind of a case it is"
    await employ(
        database,
        (
            Recorded("T0030", Name("Басқа", "Институт"), Language.RU),
            RoleGrant("T0030", Role.APPEALS_MEMBER, scope="ARCH"),
        ),
    )
    other = await linked("T0030", 31)
    for number in (request_.id, 77):
        await other.sends(f"/start case-{number}")
        assert "Такого дела нет, или оно не для вашей роли" in other.sees
    async with database.read() as storage:
        tried = [each async for each in storage.changes.found(person_id="T0030")]
    assert [(each.act, each.object, each.key, each.why) for each in tried] == [
        (REFUSED, "request", ("1",), "other_institute")
    ], "what is not there is nothing tried"


async def test_the_lecturer_of_the_sheet_neither_reads_nor_signs_and_a_substitute_is_named(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    at = local(1, 14, 9)
    lines = [slot("MAT1", at), slot("MAT1", at + timedelta(hours=3))]
    mine = [
        type(line)(**{**{name: getattr(line, name) for name in line.__slots__}, "lecturer_id": who})
        for line, who in zip(lines, (CHAIR, DEPUTY), strict=True)
    ]
    await load(database, slots=mine)
    await file(database, profile)
    await telegram.sender.send_due()
    chair, secretary, admin = [await at_work(linked, each) for each in (CHAIR, SECRETARY, ADMIN)]
    await chair.sends("/start case-1")
    assert "Мүдделер қақтығысы" in chair.sees
    await secretary.sends("/start case-1")
    await secretary.taps("Істі алу")
    assert "Әкімшіден орынбасушы" in secretary.sees
    assert "У всех, кто мог бы подписать" in admin.sees
    await admin.taps("Назначить замещающего")
    assert not [label for label in admin.buttons if "Сейітов" in label or "Петрова" in label]
    await admin.taps("Цой В.")
    assert "подпишет замещающий" in admin.sees
    await secretary.sends("/start case-1")
    await propose(secretary)
    substitute = await at_work(linked, MEMBER)
    await substitute.sends("/start case-1")
    await substitute.taps("Подписать")
    assert await exam_of(database) == 65


async def test_the_registrar_enters_an_upheld_mark_without_reading_the_reason(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    registrar = await linked(REGISTRAR, 30)
    secretary, chair = await at_work(linked, SECRETARY), await at_work(linked, CHAIR)
    await secretary.sends("/start case-1")
    await propose(secretary)
    await chair.taps("Ашу")
    await chair.taps("✍️")
    assert "Нужно внести в систему университета" in registrar.sees
    await registrar.sends("/queue")
    assert "Оценок, которые нужно внести в систему университета: 1" in registrar.sees
    await registrar.taps("Внести")
    await registrar.taps("№ 1")
    assert "60 → 65" in registrar.sees
    assert "3-сұрақтың" not in registrar.sees
    await registrar.taps("✅ Внесено")
    assert "Отмечено" in registrar.sees
    request = await request_of(database, 1)
    assert request.entered_by == REGISTRAR
    await registrar.presses("enter:1")
    assert "уже внесена" in registrar.sees


async def test_an_upheld_appeal_that_makes_a_pass_of_an_fx_says_which_application_it_ends(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    await load(database, FX)
    retake = await file(database, profile, kind=Kind.RETAKE, code="PHY1", reason=None)
    appeal = await file(database, profile, code="PHY1")
    await telegram.sender.send_due()
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends(f"/start case-{appeal.id}")
    await secretary.taps("✅ Қанағаттандыру")
    await secretary.taps("+5")
    assert f"№ {retake.id}: қайта тапсыру өтініші күшін жояды" in secretary.sees
    assert "қайта тапсыру керек емес" in secretary.sees


async def test_the_service_desk_approves_a_retake_in_one_step_and_gives_moves_and_calls_off_its_seat(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    await load(database, FX, slots=[slot("PHY1", local(1, 20, 9))])
    await file(database, profile, kind=Kind.RETAKE, code="PHY1", reason=None)
    await telegram.sender.send_due()
    desk = await at_work(linked, DESK)
    await desk.sends("/start case-1")
    await desk.taps("Мақұлдау")
    assert "Негіздемесін жазыңыз: оны студент оқиды." in desk.sees  # no protocol is kept here
    await desk.sends("Негіз бар")
    await desk.taps("✅ Шешім қабылдау")
    assert (await request_of(database, 1)).state is RequestState.APPROVED
    await desk.taps("белгілеу")
    await desk.sends("ертең")
    assert "Осы ретпен керек" in desk.sees
    await desk.sends("25.01 10:00 305")
    assert "25 қаңтар, жексенбі, 10:00, аудитория: 305" in desk.sees
    await desk.taps("✅ Белгілеу")
    request = await request_of(database, 1)
    assert request.seat
    assert (request.seat.starts_at, request.seat.room) == (local(1, 25, 10), "305")
    await desk.taps("басқа уақытқа")
    await desk.taps("20 қаңтар, 09:00, 204")
    await desk.taps("✅ Белгілеу")
    await desk.taps("Емтиханды болдырмау")
    await desk.sends("Мұғалім ауырып қалды")
    await desk.taps("✅ Болдырмау")
    assert (await request_of(database, 1)).seat is None


async def test_a_seat_before_now_is_refused(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    await load(database, FX)
    await file(database, profile, kind=Kind.RETAKE, code="PHY1", reason=None)
    await telegram.sender.send_due()
    desk = await at_work(linked, DESK)
    await desk.sends("/start case-1")
    await desk.taps("Мақұлдау")
    await desk.sends("Негіз бар")
    await desk.taps("✅ Шешім қабылдау")
    await desk.taps("белгілеу")
    await desk.sends("15.01.2026 09:00 305")
    await desk.taps("✅ Белгілеу")
    assert "Бұл уақыт өтіп кеткен" in desk.sees


async def test_voices_too_long_texts_and_old_buttons_lose_nothing(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends("/start case-1")
    await secretary.taps("❌")
    first = secretary.last
    await secretary.sends_voice()
    assert "тек мәтін" in secretary.sees
    await secretary.sends("а" * 2001)
    assert "2001" in secretary.sees
    await secretary.sends("Негіз жоқ")
    confirm = secretary.last.data_of("Қол қоюға жіберу")
    await secretary.taps("« Артқа")
    await secretary.sends("Басқа негіз")
    await secretary.presses(confirm)
    assert "Басқа негіз" in secretary.sees
    assert (await request_of(database, 1)).proposal is None
    await secretary.taps("« Іс", on=first)
    assert "Күйі" in first.text
    await secretary.presses(confirm)
    assert "Бұл форма жабылған" in secretary.sees


async def test_the_card_says_that_the_student_blocked_the_bot(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    group, secretary = await group_of(telegram, database), await at_work(linked, SECRETARY)
    student = await linked("02500001", 1)
    await file(database, profile)
    await telegram.sender.send_due()
    student.blocks()
    await secretary.taps("Істі алу", in_=group)
    await telegram.sender.send_due()
    await telegram.sender.send_due()
    assert "ол ботты бұғаттаған" in group.last.text


async def test_a_press_under_a_card_by_somebody_unknown_is_let_go(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    group = await group_of(telegram, database)
    await file(database, profile)
    await telegram.sender.send_due()
    stranger = telegram.person(99, "x", language_code="ru")
    await stranger.taps("Істі алу", in_=group)
    assert stranger.toast == "У вас нет роли, которая даёт на это право."
    await stranger.follows("Ашу", in_=group)
    assert "№ 1" not in stranger.sees


async def test_ones_own_request_is_dealt_with_by_others(linked: Linked, request_: Request, database: Database) -> None:
    async with database.write() as storage:
        await storage.roles.grant([RoleGrant("02500001", Role.APPEALS_MEMBER)], at=NOW, by=None)
        await storage.commit()
    student = await linked("02500001", 1)
    await student.sends("/start case-1")
    assert "өзіңіздің өтінішіңіз" in student.sees


async def test_no_such_case_is_said(linked: Linked) -> None:
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends("/start case-77")
    assert "Мұндай іс жоқ немесе ол сіздің рөліңізге жатпайды" in secretary.sees


async def test_without_a_mark_yet_an_appeal_can_be_refused_but_not_upheld(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    test = course("INF1", form=ExamForm.COMPUTER_TEST, names=("Информатика", "Информатика"))
    await load(database, test, slots=[slot("INF1", local(1, 15, 9), form=ExamForm.COMPUTER_TEST)])
    request = await file(database, profile, code="INF1")
    await telegram.sender.send_due()
    member = await at_work(linked, MEMBER)
    await member.sends(f"/start case-{request.id}")
    await member.taps("✅ Удовлетворить")
    assert "Экзаменационной оценки, к которой можно добавить баллы, ещё нет" in member.sees
    await member.taps("❌")
    await member.sends("Нет оснований")
    await member.taps("на подпись")
    assert "Подготовлено" in member.sees


async def test_a_case_with_the_longest_reason_opens_in_several_messages_and_closes_again(
    telegram: Telegram, database: Database, linked: Linked, profile: Profile
) -> None:
    request = await file(database, profile, reason="Ұзақ мәтін. " * 340)
    await telegram.sender.send_due()
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends(f"/start case-{request.id}")
    assert len(secretary.stands) > 1
    assert all(shown.protected for shown in secretary.messages if shown.by_bot)
    await secretary.taps("Істі алу")
    assert "Істі алдыңыз" in secretary.sees


async def test_an_expired_button_of_a_decision_shows_the_case_as_it_is_now(
    telegram: Telegram, database: Database, linked: Linked, request_: Request
) -> None:
    secretary, member = await at_work(linked, SECRETARY), await at_work(linked, MEMBER)
    await secretary.sends("/start case-1")
    await member.sends("/start case-1")
    refuse = member.last
    await secretary.taps("Істі алу")
    await secretary.taps("Істі босату")
    await member.taps("❌", on=refuse)
    assert "Дело тем временем изменилось" in refuse.text
    await member.taps("❌", on=refuse)
    assert "Напишите обоснование" in refuse.text
