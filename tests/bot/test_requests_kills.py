"""A filing that is killed wherever it waits: its request is there with its receipt owed, or the update still waits."""

from datetime import timedelta
from typing import Any

from services.requests.filing import withdraw
from storage.database import Database
from storage.inbox import Inbox
from storage.requests import Request
from tests.bot.applicants import REASON, Linked, begins, marked, requests_of
from tests.bot.conftest import AIGERIM, NOW, HandClock
from tests.bot.test_updates import CutUpdates, waiting
from tests.telegram import Telegram

FIRST = 50_000  # the numbers of these updates


def message(number: int) -> dict[str, Any]:
    chat, sender = {"id": 1, "type": "private"}, {"id": 1, "is_bot": False, "first_name": "x", "language_code": "kk"}
    date = int(NOW.timestamp())
    return {
        "update_id": number,
        "message": {"message_id": number, "date": date, "chat": chat, "from": sender, "text": REASON},
    }


async def receipts(database: Database, request: Request) -> int:
    async with database.read() as storage:
        owed = await storage.outbox.to_person(AIGERIM, 1)
    return len([each for each in owed if f"№ {request.id}" in each.content.get("text", "")])


async def test_wherever_the_filing_is_cut_the_request_has_its_receipt_or_is_filed_by_the_next_process(
    telegram: Telegram, linked: Linked, database: Database, inbox: Inbox, clock: HandClock
) -> None:
    aigerim = await marked(database, linked)
    more: dict[str, Any] = {"bot": telegram.bot, "dispatcher": telegram.dispatcher, "database": database}
    number, survived, kept = FIRST, False, 0
    while not survived:
        await begins(aigerim)
        process = CutUpdates(inbox=inbox, clock=clock, **more)
        process.at = number - FIRST + 1
        await process.take([message(number)])
        await process.idle()
        survived = process.survived
        filed = [each for each in await requests_of(database) if each.open]
        kept += bool(filed) and not survived
        assert [await receipts(database, each) for each in filed] == [1] * len(filed)
        assert filed or number in await waiting(inbox)

        restarted = CutUpdates(inbox=inbox, clock=clock, **more)
        await restarted.resume()
        await restarted.take([message(number)])  # it may come again, too
        await restarted.idle()

        (request,) = [each for each in await requests_of(database) if each.open]
        assert (request.reason, request.filed_at) == (REASON, NOW)
        assert await receipts(database, request) == 1
        assert number not in await waiting(inbox)
        await take_back(database, request)
        clock.move(timedelta(seconds=1))
        number += 1
    assert kept, "it was cut after the commit too, before anything was said"


async def take_back(database: Database, request: Request) -> None:
    """Withdraw, so that the same can be filed once more."""
    async with database.write() as storage:
        await withdraw(storage, request_id=request.id, version=request.version, student_id=AIGERIM, now=NOW)
