"""What is stored about me: read, taken away, and the end of the link."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import fields
from decimal import Decimal

from bot.screens.me import FIELDS, PAGE, PARTS, SECTIONS
from bot.words.records import WORDS
from policy.gpa import Components
from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome
from policy.people import Funding, Level, Name, Role, RoleGrant, Sex, Status, Student, StudyForm
from services.corrections import Correction
from services.personal_data import everything_about
from storage import records
from storage.database import Database
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR
from tests.telegram import Person

Linked = Callable[..., Awaitable[Person]]


async def test_a_student_reads_what_is_stored_section_by_section(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/me")
    assert "Ахметова Айгерім Серікқызы" in aigerim.sees
    await aigerim.taps("Оқу · 1")
    assert "топ: IS-24-1" in aigerim.sees
    assert "деңгейі: бакалавриат" in aigerim.sees
    assert "тәртіптік жаза: жоқ" in aigerim.sees
    await aigerim.taps("« Мен туралы бәрі")
    await aigerim.taps("Telegram аккаунты")
    assert "байланысқан: 15.01.2026 10:00" in aigerim.sees


async def test_the_history_is_read_in_words(linked: Linked, database: Database) -> None:
    before = {"exam": "49.5", "posted_at": "2026-01-14T10:00:00+00:00", "outcome": "took"}
    change = records.Change(
        "attempt",
        (DMITRY, "2025-2026/1", "MAT1", "1"),
        before,
        {"exam": "94.5"},
        "import",
        NOW,
        about=DMITRY,
        cause_id=7,
    )
    async with database.write() as storage:
        await storage.changes.record([change])
        await storage.commit()
    dmitry = await linked(DMITRY)
    await dmitry.sends("/me")
    await dmitry.taps("История изменений")
    assert "что: оценки за попытку" in dmitry.sees
    assert "было: экзаменационная оценка 49,5, выставлена 14.01.2026 15:00, итог сдачи экзамен состоялся" in dmitry.sees
    assert "стало: экзаменационная оценка 94,5" in dmitry.sees
    assert "основание: загруженный файл" in dmitry.sees


async def test_a_registrar_reads_their_role_in_russian(linked: Linked) -> None:
    registrar = await linked(REGISTRAR)
    await registrar.sends("/me")
    await registrar.taps("Роли")
    assert "роль: регистратор" in registrar.sees


async def test_a_long_section_is_turned_page_by_page(linked: Linked, database: Database) -> None:
    courses = [Course(f"MAT{number}", f"Математика {number}", None) for number in range(40)]
    taken = Attempt(1, None, None, None, Outcome.DID_NOT_COME, NOW.date(), NOW)
    async with database.write() as storage:
        await storage.courses.save(courses)
        await storage.marks.save(
            Enrolment(AIGERIM, "2025-2026/1", course, Decimal(5), ExamForm.ORAL, "IS-24-1", attempts=(taken,))
            for course in courses
        )
        await storage.commit()
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/me")
    await aigerim.taps("Пәндер мен бағалар · 40")
    first = aigerim.sees
    assert len(first) <= PAGE + 100
    assert "нәтижесі келген жоқ" in first
    assert aigerim.buttons == ["›", "« Мен туралы бәрі"]
    await aigerim.taps("›")
    assert aigerim.sees != first
    assert "‹" in aigerim.buttons


async def test_a_forged_page_or_section_shows_what_there_is(linked: Linked) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/me")
    await aigerim.presses("kept:person:99")
    assert "тегі: Ахметова" in aigerim.sees
    await aigerim.presses("kept:passwords:7")
    assert aigerim.buttons == ["« Мен туралы бәрі"]
    await aigerim.presses("kept:person:-1")
    assert aigerim.toast
    assert "Не білгіңіз келеді" in aigerim.sees


async def test_everything_can_be_taken_away_as_a_file(linked: Linked) -> None:
    dmitry = await linked(DMITRY)
    await dmitry.sends("/me")
    await dmitry.taps("Получить всё файлом")
    assert dmitry.last.document
    name, content = dmitry.last.document
    assert name == f"kenes-{DMITRY}-2026-01-15.json"
    taken = json.loads(content)
    assert taken["person_id"] == DMITRY
    assert "Ахметова" not in content.decode()


async def test_unlinking_is_asked_twice_and_then_nothing_is_shown_any_more(linked: Linked, database: Database) -> None:
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/me")
    await aigerim.taps("Чат байланысын үзу")
    assert "Чат байланысын үзесіз бе?" in aigerim.sees
    await aigerim.taps("Жоқ, қалсын")
    await aigerim.taps("Чат байланысын үзу")
    question = aigerim.last
    await aigerim.taps("Иә, үзу")
    assert "Чат отвязан." in aigerim.sees
    async with database.read() as storage:
        known = await storage.accounts.acquaintance(1)
    assert known
    assert known.person is None
    await aigerim.presses("unlink", on=question)
    assert "чат для студентов и сотрудников" in aigerim.last.text


async def test_every_section_field_and_word_has_a_name(database: Database) -> None:
    async with database.read() as storage:
        data = await everything_about(storage, person_id=AIGERIM, now=NOW)
    assert set(data.sections) | {"wrong_codes", "drafts"} <= set(SECTIONS)
    shown = [Attempt, Components, Course, Enrolment, Name, RoleGrant, Student]
    kept = [records.Account, records.Change, records.CodeFailures, Correction, records.Draft]
    kept += [records.GrantedRole, records.Invitation, records.LinkOffer, records.Person]
    hidden = {"code_sha256", "student_id", "about", *PARTS}
    assert {field.name for kind in (*shown, *kept) for field in fields(kind)} - hidden <= set(FIELDS)
    words = [ExamForm, Funding, Level, Outcome, Role, Sex, Status, StudyForm, records.MotionState]
    assert {value for kind in words for value in kind} <= set(WORDS)
