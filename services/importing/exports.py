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
from services.importing.guarding import scopes_of
from services.importing.previews import Imported, Preview, Stale
from services.importing.problems import Refusal
from services.owing import owe
from storage.unit import Storage

LOADED_EXPORT = "loaded export"  # kinds of messages
REFUSED_EXPORT = "refused export"
FIRST_REFUSALS = 5


async def load_export(storage: Storage, preview: Preview, *, now: datetime, profile: Profile) -> Imported | Stale:
    """Apply the preview of a file and owe the registrars its result, in one transaction; Stale as for `apply`."""
    storage.put_off_commits()
    done = await apply(storage, preview, now=now, actor=None)
    if isinstance(done, Imported):
        content = {"kind": preview.kind, "file": preview.file_name, "import": done.import_id, "rows": asdict(done.rows)}
        scopes = await scopes_of(storage, preview.plan.steps)
        told = await _office(storage, scopes, now=now, profile=profile)
        await _tell(storage, told, LOADED_EXPORT, content, f"import:{done.import_id}", now=now)
        await storage.commit_at_last()
    return done


async def refuse_export(
    storage: Storage, file_name: str, refusals: Sequence[Refusal], *, mark: str, now: datetime, profile: Profile
) -> None:
    """Owe the registrars what is wrong with a file, none: nobody knows what it holds; commits.

    `mark` tells this file from any other, so that they are told once.
    """
    first = [asdict(refusal) for refusal in refusals[:FIRST_REFUSALS]]
    content = {"file": file_name, "number": len(refusals), "first": first}
    told = await _office(storage, {None}, now=now, profile=profile)
    await _tell(storage, told, REFUSED_EXPORT, content, mark, now=now)
    await storage.commit()


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
