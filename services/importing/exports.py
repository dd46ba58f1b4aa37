"""Files the university's systems leave in a folder: loaded without anybody's Confirm, the registrars are told.


A file may hold anybody: of one that was loaded hears who reaches all of it, of one that was refused, whose values are
told, the registrars of the whole university; where there are none, its administrators.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from policy.people import Language, Role, RoleGrant
from policy.profile import Profile
from policy.reading import Scope, covers
from services.importing.applying import apply
from services.importing.freshness import agreed
from services.importing.guarding import scopes_of
from services.importing.previews import Imported, Preview, Stale
from services.importing.problems import Refusal
from services.owing import owe
from storage.unit import Storage

LOADED_EXPORT = "loaded export"  # kinds of messages
REFUSED_EXPORT = "refused export"
PASSED_EXPORT = "passed export"
_LEFT_OUT = ("sheets_left_out", "hidden_sheets")
FIRST_REFUSALS = 5


async def load_export(storage: Storage, preview: Preview, *, now: datetime, profile: Profile) -> Imported | Stale:
    """Apply the preview of a file and owe the registrars its result, in one transaction; Stale as for `apply`."""
    storage.put_off_commits()
    done = await apply(storage, preview, now=now, actor=None)
    if isinstance(done, Imported):
        await tell_loaded(storage, preview, done, now=now, profile=profile)
        await storage.commit_at_last()
    return done


async def tell_loaded(storage: Storage, preview: Preview, done: Imported, *, now: datetime, profile: Profile) -> None:
    """Owe the registrars the result of a file of the folder. The caller commits."""
    content = {
        "kind": preview.kind,
        "file": preview.file_name,
        "import": done.import_id,
        "rows": asdict(done.rows),
        **said_of(preview, profile),
    }
    scopes = await scopes_of(storage, preview.plan.steps)
    told = await _office(storage, scopes, now=now, profile=profile)
    await _tell(storage, told, LOADED_EXPORT, content, f"import:{done.import_id}", now=now)


async def pass_export(storage: Storage, preview: Preview, *, mark: str, now: datetime, profile: Profile) -> None:
    """Keep that a file says nothing new; owe the registrars what of it was left out unread, if anything; commits."""
    await agreed(storage, preview.kind, at=now)
    if any(notice.reason in _LEFT_OUT for notice in preview.notices):
        content = {"file": preview.file_name, **said_of(preview, profile)}
        told = await _office(storage, {None}, now=now, profile=profile)
        await _tell(storage, told, PASSED_EXPORT, content, mark, now=now)
    await storage.commit()


async def refuse_export(
    storage: Storage,
    file_name: str,
    refusals: Sequence[Refusal],
    *,
    lacks: Collection[str] = (),
    mark: str,
    now: datetime,
    profile: Profile,
) -> None:
    """Owe the registrars what is wrong with a file, all of it as a table, none: nobody knows what it holds; commits.

    `lacks` is what its name could say. `mark` tells this file from any other, so that they are told once.
    """
    written = [asdict(refusal) for refusal in refusals]
    number = await storage.refused_exports.keep(file_name, written, at=now) if refusals else None
    first = written[:FIRST_REFUSALS]
    content = {"file": file_name, "number": len(refusals), "first": first, "all": number, "lacks": sorted(lacks)}
    told = await _office(storage, {None}, now=now, profile=profile)
    await _tell(storage, told, REFUSED_EXPORT, content, mark, now=now)
    await storage.commit()


async def refusals_of(storage: Storage, number: int | None) -> tuple[Refusal, ...]:
    """Return all that was wrong with a refused file; nothing once it is forgotten."""
    kept = None if number is None else await storage.refused_exports.refusals_of(number)
    return tuple(Refusal(**each) for each in kept[1]) if kept else ()


def said_of(preview: Preview, profile: Profile) -> dict[str, Any]:
    """Return what somebody at the screen would have been told before confirming, as JSON values."""
    zone, marks = profile.university.zone, preview.marks
    notices = (*preview.notices, *(marks.warnings(zone) if marks else ()))
    return {
        "facts": [asdict(fact) for fact in (marks.facts(zone) if marks else ())],
        "notices": [asdict(notice) for notice in notices],
    }


async def office_language(storage: Storage, *, now: datetime, profile: Profile) -> Language:
    """Return the language of the first registrar, in which something for all of them is written."""
    registrars = await _office(storage, {None}, now=now, profile=profile)
    people = await storage.people.by_ids(registrars)
    return people[registrars[0]].language if registrars else Language.KK


async def _tell(
    storage: Storage, people: Sequence[str], kind: str, content: Mapping[str, Any], mark: str, *, now: datetime
) -> None:
    for person_id in people:
        await owe(storage, to=person_id, kind=kind, content=content, now=now, dedupe_key=f"{kind}:{mark}:{person_id}")


async def _office(storage: Storage, scopes: Collection[Scope], *, now: datetime, profile: Profile) -> list[str]:
    """Name the registrars who reach all of these scopes today; where there are none, the administrators who do."""
    today = now.astimezone(profile.university.zone).date()
    for role in (Role.REGISTRAR, Role.ADMIN):
        held: dict[str, tuple[RoleGrant, ...]] = {}
        for grant in await storage.roles.holders(role):
            held[grant.person_id] = (*held.get(grant.person_id, ()), grant)
        if found := sorted(each for each, grants in held.items() if covers(grants, {role}, scopes, on=today)):
            return found
    return []
