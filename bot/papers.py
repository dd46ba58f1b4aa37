"""Papers that are made when they are sent: laying one out takes long, and nobody who writes should wait for it.

How to add one: write an async function of a reader, what it is of, now and the profile, which returns what lays the
paper out; name it in `PAPERS`; return a screen with a `Paper` from a handler that writes.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from policy.people import Language
from policy.profile import Profile
from services.papers.application import application
from services.papers.protocol import protocol
from services.papers.register import register_of_requests
from services.requests.cases import case_of
from services.requests.papers import application_paper, protocol_paper, register_rows
from storage.unit import Storage

APPLICATION = "application"
PROTOCOL = "protocol"
REGISTER = "register"

LayOut = Callable[[], Awaitable[bytes]]


async def _application(storage: Storage, of: Mapping[str, Any], now: datetime, profile: Profile) -> LayOut:
    request = await storage.requests.by_id(of["request"])
    if request is None:
        raise LookupError("an application of nothing")
    case = await case_of(storage, request, now=now, profile=profile)
    return partial(application, await application_paper(storage, case, now=now, profile=profile))


async def _protocol(storage: Storage, of: Mapping[str, Any], _: datetime, profile: Profile) -> LayOut:
    kept = await storage.queues.protocol(of["number"])
    if kept is None:
        raise LookupError("a protocol that was never made")
    return partial(protocol, protocol_paper(kept, profile=profile))


async def _register(storage: Storage, of: Mapping[str, Any], now: datetime, profile: Profile) -> LayOut:
    language = Language(of["language"])
    rows = await register_rows(storage, of["requests"], language=language, now=now, profile=profile)
    return partial(register_of_requests, rows, title=of["title"], language=language, zone=profile.university.zone)


PAPERS = {APPLICATION: _application, PROTOCOL: _protocol, REGISTER: _register}
