"""A small university with something of every kind, in two institutes, for those who try what is not theirs."""

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from policy.decision import Refused
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import Profile
from policy.requests import Queue, RequestState
from policy.two_people import MotionKind
from services import invitations
from services.corrections import Proposed, Values, propose_correction
from services.importing.undoing import propose_undo
from services.requests.papers import make_protocol
from services.requests.reviewing import Acting, Verdict, propose, sign
from services.roles import Term, propose_role
from services.sheets import propose_unlock
from storage.database import Database
from storage.queues import QueueChat
from storage.records import REFUSED, Motion, Person
from storage.requests import SentFile
from tests.bot.conftest import AIGERIM, DMITRY, NOW, REGISTRAR, TWIN, HandClock
from tests.bot.staff import ACCOUNTS, ADMIN, CHAIR, DEPUTY, SECRETARY, employ, file
from tests.bot.studies import WINTER, change_student, course, load, local, slot
from tests.telegram import Group, Telegram
from tests.telegram import Person as TelegramPerson

LAW_REGISTRAR, LAW_SECRETARY, LAW_CHAIR, TEACHER = (f"T03{number:02}" for number in range(4))
OTHERS = (
    (Person(LAW_REGISTRAR, Name("Заңгеров", "Асан"), Language.RU), RoleGrant(LAW_REGISTRAR, Role.REGISTRAR, "LAW")),
    (
        Person(LAW_SECRETARY, Name("Құқықова", "Сара"), Language.KK),
        RoleGrant(LAW_SECRETARY, Role.APPEALS_SECRETARY, "LAW"),
    ),
    (Person(LAW_CHAIR, Name("Төрағаев", "Оқан"), Language.RU), RoleGrant(LAW_CHAIR, Role.APPEALS_CHAIR, "LAW")),
    (Person(TEACHER, Name("Дәрісбаев", "Нұрлан"), Language.KK), RoleGrant(TEACHER, Role.APPEALS_MEMBER)),
)
USERS = ACCOUNTS | {LAW_REGISTRAR: 300, LAW_SECRETARY: 301, LAW_CHAIR: 302, TEACHER: 303}
AUDIT = frozenset({"inbox", "handled", "outbox", "jobs", "drafts", "pulse", "code_failures", "cards"})
"""Tables that a refused act may write to, and where cards stand; of the history, what was read and tried."""
MARKS = (
    "student_id,period,course_code,course_kk,course_ru,credits,exam_form,rating1,rating2,exam,outcome,attempt,group\n"
    f"{AIGERIM},{WINTER},HIS1,Тарих,История,5,written,71.3,82.7,63.9,took,1,IS-24-1\n"
).encode()
STAFF_FILE = (
    "person_id,surname,given_name,patronymic,role,scope,phone,language,until\n"
    "T0100,Жаңабаев,Ерлан,,registrar,,77020000001,kk,\n"
).encode()
SECRETS = {
    AIGERIM: ("Ахметова", "Айгерім", "71,3", "82,7", "63,9", "57,7", "жасырын дәлел"),
    DMITRY: ("Ким", "68,1", "құпия себеп"),
    TWIN: ("Өмірзақ", "77,3"),
}
"""What only those may read who may read of these students: names, marks, words."""


@dataclass(frozen=True, slots=True)
class World:
    """What there is, by number."""

    appeal: int  # of Aigerim, open
    decided: int  # of Aigerim, refused, in the protocol
    own: int  # of Dmitry, open
    protocol: int
    document: int
    upload: int  # waits, sent by the registrar
    seen: str  # which preview of it was shown
    done: int  # an import of marks
    motions: tuple[int, ...]
    group: Group


def dump(path: Path, *, but: Collection[str] = AUDIT) -> Mapping[str, list[Any]]:
    """Return all rows of all tables, but of these."""
    with sqlite3.connect(path) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            name: connection.execute(f"SELECT * FROM {name}" + (" WHERE act IS NULL" if name == "changes" else ""))
            for name in names
            if name not in but and not name.startswith("sqlite_")
        }
        return {name: sorted(rows.fetchall(), key=repr) for name, rows in found.items()}


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """Name the tables that are not as they were."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


async def tried(database: Database, person_id: str) -> list[tuple[str, tuple[str, ...], str | None]]:
    """Return what somebody tried in vain, oldest first: the thing, its key, why."""
    async with database.read() as storage:
        found = [each async for each in storage.changes.found(person_id=person_id)]
    return [(each.object, each.key, each.why) for each in reversed(found) if each.act == REFUSED]


async def settle(telegram: Telegram) -> None:
    """Let what goes on come to its end, and what is owed arrive."""
    await telegram.dispatcher["work"].finish()
    await telegram.sender.send_due()


async def build(
    telegram: Telegram, database: Database, profile: Profile, clock: HandClock, registrar: TelegramPerson
) -> World:
    """Have the registrar and the commission do one of everything; nobody else is linked yet."""
    await employ(database, *OTHERS)
    await change_student(database, TWIN, institute="LAW", group="LAW-24-1", degree_programme="7M04201")
    taught = replace(slot("MAT1", local(1, 14, 9)), lecturer_id=TEACHER)
    of_law = replace(course("CIV1", "66", ratings=("77.3", "80"), posted=local(1, 14, 18)), student_id=TWIN)
    mine = replace(course("MAT1", "60", ratings=("68.1", "70"), posted=local(1, 14, 18)), student_id=DMITRY)
    await load(
        database,
        course("MAT1", "57.7", ratings=("71.3", "82.7"), posted=local(1, 14, 18)),
        course("PHY1", "63.9", ratings=("71.3", "82.7"), posted=local(1, 14, 18), names=("Физика", "Физика")),
        mine,
        replace(of_law, group="LAW-24-1"),
        slots=[taught, replace(slot("PHY1", local(1, 14, 12)), lecturer_id=TEACHER)],
    )
    group = telegram.group("Комиссия")
    async with database.write() as storage:
        await storage.queues.bind(QueueChat(Queue.APPEALS, group.id, None, Language.KK, ADMIN, NOW))
        await storage.commit()
    appeal = (await file(database, profile, reason="жасырын дәлел бар")).id
    decided = (await file(database, profile, code="PHY1", reason="жасырын дәлел екі")).id
    own = (await file(database, profile, student_id=DMITRY, reason="құпия себеп менде")).id
    kept = telegram.keep("document", "scan.pdf", b"%PDF-1.4")
    acting = [Acting(by, clock.now(), profile) for by in (SECRETARY, DEPUTY)]
    async with database.write() as storage:
        await propose(storage, decided, Verdict(RequestState.REFUSED, "жасырын дәлел жоқ", None), acting[0])
    async with database.write() as storage:
        assert not isinstance(await sign(storage, decided, acting[1]), Refused)
    async with database.write() as storage:
        scan = SentFile("scan.pdf", "document", "application/pdf", 10, kept, "u1")
        document = await storage.requests.add_document(appeal, scan, sent_at=NOW, by=AIGERIM)
        protocol = await make_protocol(
            storage,
            day=NOW.date(),
            numbers=[decided],
            present=[DEPUTY, SECRETARY],
            by=SECRETARY,
            now=clock.now(),
            profile=profile,
        )
        assert protocol
        assert document
        await storage.commit()
    await registrar.uploads("marks.csv", MARKS)
    await telegram.dispatcher["work"].finish()
    await registrar.taps("Загрузить")
    await telegram.dispatcher["work"].finish()
    async with database.read() as storage:
        (done,) = await storage.imports.latest()
    clock.move(timedelta(minutes=11))
    await registrar.uploads("more.csv", MARKS.replace(b"HIS1", b"GEO1"))
    await telegram.dispatcher["work"].finish()
    seen = registrar.last.data_of("Загрузить").split(":")[2]
    motions = await _moved(database, profile, clock, done.id)
    async with database.write() as storage:
        await storage.queues.add_template(
            Queue.APPEALS, RequestState.REFUSED, text_kk="Баға дұрыс", text_ru="Оценка верна", by=None, at=NOW
        )
        await invitations.invite(storage, person_ids=[CHAIR], actor=ADMIN, now=clock.now(), profile=profile)
        await storage.commit()
    await registrar.uploads("staff.csv", STAFF_FILE)
    await telegram.dispatcher["work"].finish()
    await registrar.taps("Предложить…")
    await registrar.sends("Приказ № 12 от 14 января")
    await settle(telegram)
    async with database.read() as storage:
        (loading,) = [each for each in await storage.motions.open() if each.kind is MotionKind.LOAD]
    return World(appeal, decided, own, protocol.number, document.id, 2, seen, done.id, (*motions, loading.id), group)


async def _moved(database: Database, profile: Profile, clock: HandClock, done: int) -> tuple[int, ...]:
    """Have the registrar propose a correction, an undo, a role and the opening of a printed sheet."""
    by: Mapping[str, Any] = {"by": REGISTRAR, "now": clock.now(), "profile": profile, "reason": "Ведомость № 12"}
    async with database.write() as storage:
        corrected = await propose_correction(
            storage,
            student_id=AIGERIM,
            period=WINTER,
            course_code="MAT1",
            attempt=1,
            values=Values(rating1=Decimal(72)),
            **by,
        )
        assert isinstance(corrected, Proposed), corrected
    async with database.write() as storage:
        undone = await propose_undo(storage, done, **by)
        assert isinstance(undone, Motion), undone
    async with database.write() as storage:
        role = await propose_role(
            storage, person_id=DMITRY, role=Role.OFFICER, scope="IT", term=Term(endless=True), **by
        )
        assert isinstance(role, Motion), role
    async with database.write() as storage:
        await storage.sheets.lock("PHY1", WINTER, "IS-24-1", at=NOW, by=REGISTRAR)
        await storage.commit()
    async with database.write() as storage:
        unlocked = await propose_unlock(storage, period=WINTER, course_code="PHY1", group="IS-24-1", **by)
        assert isinstance(unlocked, Motion), unlocked
    return tuple(each.id for each in (corrected.motion, undone, role, unlocked))
