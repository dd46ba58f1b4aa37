"""Who is who: invitations, shared contacts, consent, and a link that moves."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, PHONES, TWIN, HandClock
from tests.telegram import Person, Telegram

Linked = Callable[..., Awaitable[Person]]
Code = Callable[[str], Awaitable[str]]


async def owner(database: Database, user_id: int) -> str | None:
    """Return whose an account is, read apart from the bot."""
    async with database.read() as storage:
        known = await storage.accounts.acquaintance(user_id)
    return known.account.person_id if known else None


async def test_somebody_not_linked_reads_in_both_languages_what_this_is_and_how_to_get_a_link(
    telegram: Telegram,
) -> None:
    guest = telegram.person(1, "John", language_code="en")
    await guest.sends("/start")
    assert "студенттер мен қызметкерлерге арналған чат" in guest.sees
    assert "чат для студентов и сотрудников" in guest.sees
    assert "Центр обслуживания студентов" in guest.sees
    assert guest.room.reply_keyboard
    assert guest.room.reply_keyboard.keyboard[0][0].request_contact


@pytest.mark.parametrize(
    "sent",
    [
        {"text": "/menu"},
        {"text": "/me"},
        {"text": "сәлем"},
        {"text": "/start menu"},
        {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}},
    ],
)
async def test_whatever_somebody_not_linked_sends_they_read_nothing_else(
    telegram: Telegram, sent: dict[str, object]
) -> None:
    guest = telegram.person(1, "John")
    await guest.sends("/start")
    welcome = guest.sees
    await guest.sends(**sent)  # type: ignore[arg-type]
    assert guest.sees == welcome


async def test_a_forged_press_of_somebody_not_linked_shows_what_this_is(telegram: Telegram) -> None:
    guest = telegram.person(1, "John")
    await guest.sends("/start")
    await guest.presses("me")
    assert "студенттер мен қызметкерлерге арналған чат" in guest.last.text


async def test_an_invitation_links_only_after_consent(telegram: Telegram, database: Database, code: Code) -> None:
    aigerim = telegram.person(1, "A", language_code="ru")
    await aigerim.sends(f"/start {await code(AIGERIM)}")
    assert "Ахметова А. С., это вы?" in aigerim.sees
    assert "Что здесь хранится" in aigerim.sees
    assert "365 дней" in aigerim.sees
    assert await owner(database, 1) is None
    await aigerim.taps("Даю согласие")
    assert await owner(database, 1) == AIGERIM
    assert "Чат сізге байланыстырылды" in aigerim.sees  # the records' language, once linked
    assert "Не білгіңіз келеді, Айгерім?" in aigerim.sees


async def test_consent_can_be_read_in_the_other_language_before_answering(
    telegram: Telegram, database: Database, code: Code
) -> None:
    dmitry = telegram.person(1, "D", language_code="en")
    await dmitry.sends(f"/start {await code(DMITRY)}")
    assert "бұл сізсіз бе?" in dmitry.sees
    await dmitry.taps("Читать по-русски")
    assert "Ким Д., это вы?" in dmitry.last.text
    assert await owner(database, 1) is None


async def test_who_does_not_consent_is_not_linked_and_may_come_back(
    telegram: Telegram, database: Database, code: Code
) -> None:
    invitation = await code(AIGERIM)
    aigerim = telegram.person(1, "A", language_code="ru")
    await aigerim.sends(f"/start {invitation}")
    await aigerim.taps("Не даю согласия")
    assert "Чат не привязан." in aigerim.sees
    assert await owner(database, 1) is None
    await aigerim.presses("yes")
    assert "Этот вопрос больше не действует" in aigerim.last.text
    assert await owner(database, 1) is None
    await aigerim.sends(f"/start {invitation}")
    await aigerim.taps("Даю согласие")
    assert await owner(database, 1) == AIGERIM


async def test_a_double_tap_on_consent_links_once_and_ends_in_the_menu(
    telegram: Telegram, database: Database, code: Code
) -> None:
    aigerim = telegram.person(1, "A")
    await aigerim.sends(f"/start {await code(AIGERIM)}")
    consent = aigerim.last
    await aigerim.taps("Келісемін")
    await aigerim.presses("yes", on=consent)
    assert await owner(database, 1) == AIGERIM
    assert "Не білгіңіз келеді" in aigerim.last.text


async def test_a_wrong_code_is_refused_in_both_languages_and_repeated_ones_have_to_wait(
    telegram: Telegram, clock: HandClock, code: Code
) -> None:
    guest = telegram.person(1, "x")
    await guest.sends("/start " + "A" * 32)
    assert "Бұл шақыру танылмады" in guest.sees
    assert "Такого приглашения нет" in guest.sees
    for _ in range(4):
        await guest.sends("/start " + "A" * 32)
    assert "Слишком много неверных приглашений. Следующее будет принято после 15 января, 10:01." in guest.sees
    invitation = await code(AIGERIM)
    await guest.sends(f"/start {invitation}")
    assert "Слишком много неверных приглашений" in guest.sees
    clock.move(timedelta(minutes=6))
    await guest.sends(f"/start {invitation}")
    assert "бұл сізсіз бе?" in guest.sees


async def test_an_invitation_that_is_over_replaced_or_used_says_so(
    telegram: Telegram, clock: HandClock, code: Code
) -> None:
    replaced, used = await code(AIGERIM), await code(AIGERIM)
    aigerim, other = telegram.person(1, "A"), telegram.person(2, "x")
    await other.sends(f"/start {replaced}")
    assert "это больше не действует" in other.sees
    await aigerim.sends(f"/start {used}")
    await other.sends(f"/start {used}")
    assert "Это приглашение уже использовано." in other.sees
    late = await code(DMITRY)
    clock.move(timedelta(days=32))
    await other.sends(f"/start {late}")
    assert "Срок этого приглашения истёк." in other.sees


async def test_somebody_linked_who_opens_their_own_invitation_again_is_told_so(linked: Linked, code: Code) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends(f"/start {await code(AIGERIM)}")
    assert "бұрыннан байланысқан" in aigerim.sees
    assert "Не білгіңіз келеді" in aigerim.sees


async def test_an_account_cannot_become_another_persons(linked: Linked, database: Database, code: Code) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends(f"/start {await code(DMITRY)}")
    assert "басқа адамға байланысқан" in aigerim.sees
    assert await owner(database, 1) == AIGERIM


async def test_ones_own_number_links_after_consent(telegram: Telegram, database: Database) -> None:
    aigerim = telegram.person(1, "A")
    await aigerim.sends("/start")
    await aigerim.shares_contact("+" + PHONES[AIGERIM])
    assert aigerim.room.reply_keyboard is None
    await aigerim.taps("Келісемін")
    assert await owner(database, 1) == AIGERIM


async def test_the_contact_of_somebody_else_links_nobody(telegram: Telegram, database: Database) -> None:
    guest = telegram.person(1, "x", language_code="ru")
    await guest.shares_contact(PHONES[AIGERIM], of=2)
    assert "не пересланный и не чужой" in guest.sees
    assert "бөтен нөмір жарамайды" in guest.sees
    assert guest.buttons == []
    await guest.presses("yes")
    assert await owner(database, 1) is None


async def test_a_forwarded_contact_links_nobody(telegram: Telegram, database: Database) -> None:
    guest = telegram.person(1, "x")
    origin = {"type": "user", "date": 1, "sender_user": {"id": 2, "is_bot": False, "first_name": "y"}}
    await guest.shares_contact(PHONES[AIGERIM], forward_origin=origin)
    assert "не пересланный и не чужой" in guest.sees
    await guest.presses("yes")
    assert await owner(database, 1) is None


async def test_a_number_of_two_people_links_neither(telegram: Telegram, database: Database) -> None:
    guest = telegram.person(1, "x")
    await guest.shares_contact(PHONES[TWIN])
    assert "у нескольких людей" in guest.sees
    assert "бірнеше адамға жазылған" in guest.sees
    await guest.presses("yes")
    assert await owner(database, 1) is None


async def test_a_number_nobody_has_is_refused_with_a_place_to_ask(telegram: Telegram) -> None:
    guest = telegram.person(1, "x")
    await guest.shares_contact("+77779998877")
    assert "Бұл нөмір университет базасында жоқ." in guest.sees
    assert "Студенттерге қызмет көрсету орталығы" in guest.sees


async def test_a_code_moves_a_link_only_with_the_old_accounts_consent(
    telegram: Telegram, linked: Linked, database: Database, code: Code
) -> None:
    old = await linked(AIGERIM, 1)
    new = telegram.person(2, "A")
    await new.sends(f"/start {await code(AIGERIM)}")
    assert "сол жерден рұқсат сұралады" in new.sees
    consent = new.last
    await new.taps("Келісемін")
    await new.presses("yes", on=consent)
    assert "сұрау жіберілді" in new.sees
    assert len(old.room.messages) == 1  # asked once, however often it is pressed
    assert await owner(database, 1) == AIGERIM
    assert "басқа Telegram аккаунтынан оқымақшы" in old.sees
    await old.taps("Иә, көшіру")
    assert "Бұл аккаунттың байланысы үзілді." in old.last.text
    assert (await owner(database, 1), await owner(database, 2)) == (None, AIGERIM)
    assert "Чат сізге байланыстырылды" in new.last.text
    assert new.room.reply_keyboard is None


async def test_the_old_account_may_keep_the_link(
    telegram: Telegram, linked: Linked, database: Database, code: Code
) -> None:
    old = await linked(DMITRY, 1)
    new = telegram.person(2, "x")
    await new.sends(f"/start {await code(DMITRY)}")
    await new.taps("Келісемін")
    question = old.last
    await old.taps("Нет, это не я")
    assert "Привязка остаётся здесь." in old.last.text
    assert "оставил привязку за собой" in new.last.text
    assert await owner(database, 1) == DMITRY
    await old.presses("move:2:1", on=question)
    assert "Этот вопрос закрыт" in old.last.text
    assert await owner(database, 1) == DMITRY


async def test_a_question_about_moving_is_answered_by_the_old_account_only(
    telegram: Telegram, linked: Linked, database: Database, code: Code
) -> None:
    await linked(AIGERIM, 1)
    dmitry = await linked(DMITRY, 3)
    new = telegram.person(2, "x")
    await new.sends(f"/start {await code(AIGERIM)}")
    await new.taps("Келісемін")
    await dmitry.sends("/menu")
    await dmitry.presses("move:2:1")
    assert "отвечает другой человек" in dmitry.last.text
    assert await owner(database, 1) == AIGERIM


async def test_an_old_account_that_blocked_the_bot_leaves_the_number_or_the_registrar(
    telegram: Telegram, linked: Linked, database: Database, code: Code
) -> None:
    old = await linked(AIGERIM, 1)
    old.blocks()
    new = telegram.person(2, "A")
    await new.sends(f"/start {await code(AIGERIM)}")
    await new.taps("Келісемін")
    assert "хабар жетпеді" in new.sees
    assert "Офис регистратора" in new.sees
    await new.shares_contact(PHONES[AIGERIM])
    await new.taps("Келісемін")
    assert (await owner(database, 1), await owner(database, 2)) == (None, AIGERIM)


async def test_ones_own_number_moves_the_link_and_the_old_account_is_told(
    telegram: Telegram, linked: Linked, database: Database
) -> None:
    old = await linked(AIGERIM, 1)
    new = telegram.person(2, "A")
    await new.shares_contact(PHONES[AIGERIM])
    assert "ол байланыс үзіледі" in new.sees
    await new.taps("Келісемін")
    assert await owner(database, 2) == AIGERIM
    assert "Бұл аккаунттың байланысы үзілді." in old.sees
    await old.sends("/menu")
    assert "чат для студентов и сотрудников" in old.sees
