"""Papers that are made when they are sent: laying one out takes long, and nobody who writes should wait for it.

How to add one: write an async function of a reader, what it is of, now and the profile, which asks again whether the
person it is for may read it (None: no longer) and returns what lays the paper out; name it in `PAPERS`; return a screen
with a `Paper` from a handler that writes.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from policy.decision import Refused
from policy.people import Language
from policy.profile import Profile
from policy.review import Act
from services.papers.application import application
from services.papers.protocol import protocol
from services.papers.register import register_of_requests
from services.requests.cases import asked_for
from services.requests.papers import application_paper, protocol_for, protocol_paper, register_rows
from storage.unit import Storage

APPLICATION = "application"
PROTOCOL = "protocol"
REGISTER = "register"
BY = "by"  # for whom a paper is
NOBODY = ""  # of an older version's papers it was not kept: they are asked for again

LayOut = Callable[[], Awaitable[bytes]]
MakePaper = Callable[[Storage, Mapping[str, Any], datetime, Profile], Awaitable[LayOut | None]]


async def _application(storage: Storage, of: Mapping[str, Any], now: datetime, profile: Profile) -> LayOut | None:
    by = of.get(BY, NOBODY)
    case = await asked_for(storage, Act.READ, request_id=of["request"], by=by, now=now, profile=profile)
    if isinstance(case, Refused):
        return None
    return partial(application, await application_paper(storage, case, now=now, profile=profile))


async def _protocol(storage: Storage, of: Mapping[str, Any], now: datetime, profile: Profile) -> LayOut | None:
    found = await protocol_for(storage, of["number"], by=of.get(BY, NOBODY), now=now, profile=profile)
    return partial(protocol, protocol_paper(*found, profile=profile)) if found else None


async def _register(storage: Storage, of: Mapping[str, Any], now: datetime, profile: Profile) -> LayOut | None:
    language, by = Language(of["language"]), of.get(BY, NOBODY)
    rows = await register_rows(storage, of["requests"], by=by, language=language, now=now, profile=profile)
    if not rows:
        return None
    return partial(register_of_requests, rows, title=of["title"], language=language, zone=profile.university.zone)


PAPERS: Mapping[str, MakePaper] = {APPLICATION: _application, PROTOCOL: _protocol, REGISTER: _register}
