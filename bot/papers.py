"""Papers that are made when they are sent: laying one out takes long, and nobody who writes should wait for it.

How to add one: write an async function of a reader, a number, now and the profile that returns what lays the paper
out, name it in `PAPERS`, and return a screen with a `Paper` from a handler that writes.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from policy.profile import Profile
from services.papers.application import application
from services.papers.protocol import protocol
from services.requests.cases import case_of
from services.requests.papers import application_paper, protocol_paper
from storage.unit import Storage

APPLICATION = "application"
PROTOCOL = "protocol"

LayOut = Callable[[], Awaitable[bytes]]


async def _application(storage: Storage, number: int, now: datetime, profile: Profile) -> LayOut | None:
    request = await storage.requests.by_id(number)
    if request is None:
        return None
    case = await case_of(storage, request, now=now, profile=profile)
    return partial(application, await application_paper(storage, case, now=now, profile=profile))


async def _protocol(storage: Storage, number: int, _: datetime, profile: Profile) -> LayOut | None:
    kept = await storage.queues.protocol(number)
    return partial(protocol, protocol_paper(kept, profile=profile)) if kept else None


PAPERS = {APPLICATION: _application, PROTOCOL: _protocol}
