"""Documents of requests: photos, files and albums, in time and too late, for one request or for one of several."""

from datetime import timedelta

from services.requests.reviewing import ask, take
from storage.database import Database
from tests.bot.applicants import (
    REASON,
    SECRETARY,
    Linked,
    acting,
    appealed,
    begins,
    documents_of,
    employ,
    marked,
    requests_of,
    to,
)
from tests.bot.conftest import DMITRY, HandClock
from tests.bot.studies import course, local
from tests.telegram import Person, Telegram

PHYSICS = ("Физика", "Физика")


async def comes(telegram: Telegram, clock: HandClock) -> None:
    """Let what is owed a little later come."""
    clock.move(timedelta(seconds=3))
    await telegram.sender.send_due()


async def two_appeals(database: Database, linked: Linked) -> Person:
    posted = local(1, 14, 15)
    both = course("MAT1", "60", posted=posted), course("PHY1", "60", posted=posted, names=PHYSICS)
    aigerim = await marked(database, linked, *both)
    for name in ("Математика", "Физика"):
        await begins(aigerim, name=name)
        await aigerim.sends(REASON)
    return aigerim


async def test_a_photo_goes_with_the_request_that_was_just_filed(linked: Linked, database: Database) -> None:
    dmitry = await appealed(database, linked, student=DMITRY)
    await dmitry.sends_photo(b"page")
    assert "Документы к заявлению № 1: 1" in dmitry.sees
    (kept,) = await documents_of(database)
    assert (kept.file.media, kept.file.size, kept.sent_at) == ("photo", 4, local(1, 15, 10))


async def test_an_album_is_answered_once(
    linked: Linked, database: Database, telegram: Telegram, clock: HandClock
) -> None:
    aigerim = await appealed(database, linked)
    await aigerim.sends_album([b"1", b"2", b"3"], apart=True)
    assert aigerim.sees == ""
    await comes(telegram, clock)
    assert aigerim.sees.count("№ 1 өтінішіндегі құжаттар: 3") == 1
    assert len(await documents_of(database)) == 3


async def test_an_album_with_the_reason_as_its_caption_files_with_all_of_it(
    linked: Linked, database: Database, telegram: Telegram, clock: HandClock
) -> None:
    aigerim = await marked(database, linked)
    await begins(aigerim)
    await aigerim.sends_album([("a.pdf", b"1"), ("b.pdf", b"2")], caption=REASON)
    assert "✅ Берілді: № 1" in aigerim.sees
    await comes(telegram, clock)
    assert [each.file.file_name for each in await documents_of(database)] == ["a.pdf", "b.pdf"]
    assert [each.reason for each in await requests_of(database)] == [REASON]


async def test_a_photo_before_the_reason_is_kept_for_it(linked: Linked, database: Database) -> None:
    aigerim = await marked(database, linked)
    await begins(aigerim)
    await aigerim.sends_photo(b"page")
    assert "Құжат сақталды, енді себебін жазыңыз" in aigerim.sees
    await aigerim.sends(REASON)
    assert "Құжаттар: 1" in aigerim.sees
    assert len(await documents_of(database)) == 1


async def test_of_several_requests_the_student_says_which(
    linked: Linked, database: Database, telegram: Telegram, clock: HandClock
) -> None:
    aigerim = await two_appeals(database, linked)
    await aigerim.sends("/menu")
    await aigerim.sends(REASON)  # some other text, which ends the following of № 2
    await aigerim.sends_album([b"1", b"2"])
    await comes(telegram, clock)
    assert "Бұл құжаттар қай өтінішке?" in aigerim.last.text
    assert "Әлі қосылған жоқ: 2" in aigerim.last.text
    await aigerim.taps("№ 1")
    assert "№ 1 өтінішіндегі құжаттар: 2" in aigerim.last.text
    assert len(await documents_of(database, 1)) == 2
    assert await documents_of(database, 2) == ()


async def test_add_documents_names_the_request_they_are_for(linked: Linked, database: Database) -> None:
    aigerim = await two_appeals(database, linked)
    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    await aigerim.taps("Құжат қосу")
    assert "№ 1 өтінішіне қосылады" in aigerim.last.text
    await aigerim.sends_photo(b"page")
    assert len(await documents_of(database, 1)) == 1


async def test_documents_are_taken_until_the_window_closes(
    linked: Linked, database: Database, clock: HandClock
) -> None:
    aigerim = await appealed(database, linked)
    to(clock, local(1, 15, 13, 10))
    await aigerim.sends_photo(b"page", late=timedelta(minutes=11))
    assert "№ 1 өтінішіндегі құжаттар: 1" in aigerim.sees
    await aigerim.sends_photo(b"late")
    assert "❌ Құжат сақталған жоқ" in aigerim.sees
    assert "№ 1 өтінішіне құжат қабылдау мерзімі өтті: 15 қаңтар, 13:00." in aigerim.sees
    assert len(await documents_of(database)) == 1


async def test_a_file_that_is_too_large_is_named_so(linked: Linked, database: Database) -> None:
    aigerim = await appealed(database, linked)
    large = {"file_id": "big", "file_unique_id": "big", "file_size": 21 * 1024 * 1024, "file_name": "x.mp4"}
    await aigerim.sends(document=large)
    assert "Файл тым үлкен." in aigerim.sees
    assert await documents_of(database) == ()


async def test_there_is_a_most_of_documents_and_each_counts_once(linked: Linked, database: Database) -> None:
    aigerim = await appealed(database, linked)
    for number in range(10):
        shown = await aigerim.uploads(f"{number}.pdf", b"%PDF")
    await aigerim.forwards(shown)
    assert "Бұл құжат бұрын тіркелген." in aigerim.sees
    await aigerim.uploads("11.pdf", b"%PDF")
    assert "тіркелетін құжат саны толды" in aigerim.sees
    assert len(await documents_of(database)) == 10


async def test_a_voice_is_no_document(linked: Linked, database: Database) -> None:
    aigerim = await appealed(database, linked)
    await aigerim.sends_voice()
    assert "Құжат фото не файл түрінде қабылданады" in aigerim.sees


async def test_a_document_without_a_request_is_not_kept_silently(linked: Linked, database: Database) -> None:
    dmitry = await marked(database, linked, student=DMITRY)
    await dmitry.sends_photo(b"page")
    assert "Сначала подайте заявление, потом пришлите документы." in dmitry.sees


async def test_documents_answer_a_question_without_words(
    linked: Linked, database: Database, clock: HandClock, telegram: Telegram
) -> None:
    aigerim = await appealed(database, linked)
    await employ(database)
    to(clock, local(1, 16, 10))
    async with database.write() as storage:
        await take(storage, 1, acting(SECRETARY, clock))
    async with database.write() as storage:
        await ask(storage, 1, "Жұмыстың көшірмесі бар ма?", acting(SECRETARY, clock))
    await telegram.sender.send_due()
    assert "Жұмыстың көшірмесі бар ма?" in aigerim.last.text
    await aigerim.taps("Жауап беру")
    await aigerim.sends_photo(b"copy")
    await aigerim.taps("сөзсіз жіберу")
    assert "Жауабыңыз № 1 өтінішіне қосылды." in aigerim.last.text
    (answered,) = await requests_of(database)
    assert (answered.paused_at, answered.inquiries[0].answered_at) == (None, local(1, 16, 10))
    assert answered.inquiries[0].answer == "Жауап құжаттарда."


async def test_a_document_with_words_is_the_answer(linked: Linked, database: Database, clock: HandClock) -> None:
    aigerim = await appealed(database, linked)
    await employ(database)
    async with database.write() as storage:
        await ask(storage, 1, "Жұмыстың көшірмесі бар ма?", acting(SECRETARY, clock))
    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    await aigerim.taps("Жауап беру")
    await aigerim.sends_photo(b"copy", caption="Міне, көшірмесі")
    assert [each.inquiries[0].answer for each in await requests_of(database)] == ["Міне, көшірмесі"]
    assert len(await documents_of(database)) == 1
