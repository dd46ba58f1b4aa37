"""The last minute before 13:00: students file faster than Telegram lets a bot answer, and each gets a receipt.

Everybody has chosen the exam and is asked for the reason. Telegram is the sandbox with its strict pacing; the staff's
group is bound, so that their cards are owed too.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic

from bench.records import FIRST_USER
from bench.serving import KENES, filled, people, serving
from bench.table import Table
from bot.delivery.pacing import OVERALL_A_SECOND
from bot.handlers.filing import FORM, Form
from policy.marks import Attempt, Course, Enrolment, ExamForm, Outcome
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import load_profile
from policy.requests import Kind, Queue
from sandbox.cast import Group, World
from sandbox.state import Json
from storage.database import Database
from storage.queues import QueueChat
from storage.records import Person as Staff
from storage.requests import ExamKey

CLOSES = datetime(2026, 9, 10, 13, tzinfo=load_profile(None).university.zone)  # a Thursday, posted the evening before
EXAM = ExamKey("2025-2026/2", "RUSH01", 1)
FILED_A_SECOND = 2000 / 60
SPARE = timedelta(seconds=5)  # so that nobody is late because the machine that measures stumbles
TELEGRAM_A_SECOND = 30
COMMISSION = -4_200_000_001
CHAIR = "T0001"
REASON = "Үшінші сұрақтың жауабы дұрыс: есептеу тәсілі оқулықтағыдай, нәтижесі де сәйкес келеді."


@dataclass
class Rush:
    """What came of it, by account; times in seconds from when the first could file."""

    sent: dict[int, tuple[float, datetime]] = field(default_factory=dict)
    receipts: dict[int, list[float]] = field(default_factory=dict)
    staff: list[float] = field(default_factory=list)
    filed: dict[int, list[datetime]] = field(default_factory=dict)
    refused: int = 0
    """How often the bot was answered 429."""

    @property
    def wrong_instants(self) -> int:
        """How many requests have another instant than the message that filed them."""
        return sum(self.sent[user][1] != instant for user, instants in self.filed.items() for instant in instants)

    @property
    def last_filing(self) -> float:
        """When the last one filed."""
        return max(at for at, _ in self.sent.values())

    @property
    def last_receipt(self) -> float:
        """When everybody had a receipt."""
        return max(times[0] for times in self.receipts.values())

    @property
    def waits(self) -> list[float]:
        """How long each waited for the receipt."""
        return [times[0] - self.sent[user][0] for user, times in self.receipts.items()]

    @property
    def staff_before(self) -> int:
        """How many messages the staff got before the last receipt."""
        return sum(at < self.last_receipt for at in self.staff)

    def soonest(self, a_second: float) -> float:
        """Return how long after the last filing the last receipt arrives at the soonest, at so many a second."""
        return max(0.0, len(self.sent) / a_second - self.last_filing)


async def measure_rush(folder: Path, *, students: int) -> Table:
    """Let so many file shortly before 13:00, at the rate of 2,000 in a minute."""
    rush = await rush_hour(folder, students=students)
    seconds = students / FILED_A_SECOND
    table = Table(
        f"{students} students file within {seconds:.0f} s before 13:00, strict pacing, SQLite",
        ("what", "measured", "goal"),
    )
    table.add("requests filed", f"{sum(map(len, rush.filed.values()))}", f"{students}")
    table.add("of them with a wrong instant", f"{rush.wrong_instants}", "0")
    table.add("receipts", f"{sum(map(len, rush.receipts.values()))}", f"{students}")
    after = rush.last_receipt - rush.last_filing
    paced = f"{rush.soonest(TELEGRAM_A_SECOND):.1f} s at {TELEGRAM_A_SECOND} a second"
    table.add("last receipt after the last filing", f"{after:.1f} s", paced)
    table.add("the same at the pace the bot keeps", "", f"{rush.soonest(OVERALL_A_SECOND):.1f} s")
    table.add("wait for a receipt, median", f"{median(rush.waits):.1f} s", "")
    table.add("wait for a receipt, longest", f"{max(rush.waits):.1f} s", "")
    table.add("messages to the staff before the last receipt", f"{rush.staff_before}", "")
    table.add("answered 429", f"{rush.refused}", "0")
    return table


async def rush_hour(folder: Path, *, students: int) -> Rush:
    """Fill a database, let everybody file, and wait until all have their receipts and the staff know."""
    url = await filled(folder, students)
    await _prepare(url)
    chance = Random(students)
    seconds = students / FILED_A_SECOND
    moments = sorted(chance.uniform(0, seconds) for _ in range(students))
    rush = Rush()
    commission = Group(COMMISSION, "Апелляция", bot="member")
    world = World(people=people(students), groups=(commission,), start=CLOSES - timedelta(minutes=5), history_limit=5)
    async with serving(KENES, url, world, KENES_MESSAGES_A_SECOND=str(OVERALL_A_SECOND)) as bot:
        telegram = bot.telegram
        telegram.trouble.change({"pacing": True})
        await bot.until(lambda: telegram.calls["getUpdates"] > 0)
        telegram.clock.move_to(CLOSES - timedelta(seconds=seconds) - SPARE)
        began = monotonic()

        def hear(kind: str, chat: int | None, news: Json) -> None:
            if kind == "message" and news["message"]["from"]["id"] == telegram.bot["id"] and chat is not None:
                times = rush.staff if chat == COMMISSION else rush.receipts.setdefault(chat, [])
                times.append(monotonic() - began)

        telegram.listeners.add(hear)
        for user, moment in zip(
            chance.sample(range(FIRST_USER, FIRST_USER + students), students), moments, strict=True
        ):
            await asyncio.sleep(max(0.0, began + moment - monotonic()))
            message = bot.says(user, REASON)
            rush.sent[user] = monotonic() - began, datetime.fromtimestamp(message["date"], UTC)
        await bot.until(lambda: len(rush.receipts) == students and bool(rush.staff))
        rush.refused = telegram.errors[429]
    await _read(url, rush)
    return rush


async def _prepare(url: str) -> None:
    """Post everybody's mark the evening before, open everybody's form, and bind the commission's group."""
    opened = CLOSES - timedelta(minutes=5)
    sitting = Attempt(
        EXAM.attempt,
        rating1=Decimal(80),
        rating2=Decimal(84),
        exam=Decimal(60),
        outcome=Outcome.TOOK,
        exam_date=CLOSES.date() - timedelta(days=2),
        posted_at=CLOSES - timedelta(hours=19),
    )
    course = Course(EXAM.course_code, "Математика", "Математика")
    form = {**Form(Kind.APPEAL, EXAM, None).kept(), "keyboard": False}
    async with Database.open(url) as database, database.write() as storage:
        student_ids = sorted(await storage.students.all_ids())
        await storage.courses.save([course])
        await storage.marks.save(
            Enrolment(each, EXAM.period, course, Decimal(5), ExamForm.WRITTEN, "ЭН-22-0", attempts=(sitting,))
            for each in student_ids
        )
        for user in range(FIRST_USER, FIRST_USER + len(student_ids)):
            await storage.drafts.keep(user, user, FORM, form, at=opened)
        await storage.people.save([Staff(CHAIR, Name("Сейітов", "Марат"), Language.KK)])
        await storage.roles.grant([RoleGrant(CHAIR, Role.APPEALS_CHAIR)], at=opened, by=None)
        await storage.queues.bind(QueueChat(Queue.APPEALS, COMMISSION, None, Language.KK, CHAIR, opened))
        await storage.commit()


async def _read(url: str, rush: Rush) -> None:
    """Take what was filed from the records."""
    async with Database.open(url) as database, database.read() as storage:
        for number, student_id in enumerate(sorted(await storage.students.all_ids())):
            filed = await storage.requests.of_student(student_id)
            rush.filed[FIRST_USER + number] = [request.filed_at for request in filed]
