"""A retake that was granted shows as used once its mark has come."""

from dataclasses import replace
from decimal import Decimal

from policy.marks import Attempt, Outcome
from policy.profile import Profile
from policy.requests import Kind, RequestState
from services.requests.reviewing import Acting, Verdict, decide
from storage.database import Database
from tests.bot.conftest import AIGERIM, NOW
from tests.bot.staff import DESK, Linked, employ, file
from tests.bot.studies import course, load, local


async def test_a_granted_retake_says_that_its_mark_has_come(
    database: Database, profile: Profile, linked: Linked
) -> None:
    failed = course("MAT1", "45", posted=local(1, 14, 18))
    await employ(database)
    await load(database, failed)
    request = await file(database, profile, kind=Kind.RETAKE)
    async with database.write() as storage:
        await decide(storage, request.id, Verdict(RequestState.APPROVED, "Мерзімінде"), Acting(DESK, NOW, profile))
    aigerim = await linked(AIGERIM)
    await aigerim.sends("/requests")
    await aigerim.taps(f"№ {request.id}")
    assert "Емтихан өтті" not in aigerim.sees

    second = Attempt(2, Decimal(80), Decimal(84), Decimal(60), Outcome.TOOK, NOW.date(), NOW)
    await load(database, replace(failed, attempts=(*failed.attempts, second)))
    await aigerim.sends("/requests")
    await aigerim.taps(f"№ {request.id}")
    assert "Емтихан өтті" in aigerim.sees
