"""Who hears of it when roles are given or taken: all administrators, the heads concerned, and the person."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from policy.people import Role
from policy.reading import covers
from policy.two_people import RoleChange
from services.owing import owe
from storage.outbox import Priority
from storage.unit import Storage

ROLE_NEWS = "role news"  # `content`: by whom, who agreed, the first changes that concern the reader, and how many
CHANGES_TOLD = 15
_HEADS = {"appeals": Role.APPEALS_CHAIR, "election": Role.ELECTION_CHAIR}


async def owe_role_news(
    storage: Storage,
    changes: Iterable[RoleChange],
    *,
    by: str | None,
    second: str | None,
    mark: str,
    now: datetime,
    today: date,
) -> None:
    """Owe the news of roles that changed; `by` None: the command line acted. `mark` tells this change from any other.

    An administrator hears of all, the chair of a commission of that commission's roles, everybody of their own, but for
    who proposed it and who agreed. The caller commits.
    """
    changes = tuple(changes)
    if not changes:
        return
    told: dict[str, dict[RoleChange, None]] = {}
    for grant in await storage.roles.holders(Role.ADMIN):
        if grant.holds_on(today):
            told.setdefault(grant.person_id, {}).update(dict.fromkeys(changes))
    for commission, head in _HEADS.items():
        for grant in await storage.roles.holders(head):
            for change in changes:
                of_it = change.grant.role.startswith(f"{commission}.")
                if of_it and covers([grant], {head}, [change.grant.scope], on=today):
                    told.setdefault(grant.person_id, {})[change] = None
    for change in changes:
        told.setdefault(change.grant.person_id, {})[change] = None
    for person_id, those in told.items():
        if person_id in {by, second}:
            continue
        await owe(
            storage,
            to=person_id,
            kind=ROLE_NEWS,
            content={
                "by": by,
                "second": second,
                "changes": [written_change(change) for change in list(those)[:CHANGES_TOLD]],
                "number": len(those),
            },
            now=now,
            priority=Priority.DEADLINE,
            dedupe_key=f"roles:{mark}:{person_id}",
        )


def written_change(change: RoleChange) -> dict[str, Any]:
    """Return a change as JSON values, to be told."""
    grant = change.grant
    return {
        "person": grant.person_id,
        "role": grant.role,
        "scope": grant.scope,
        "until": grant.until and grant.until.isoformat(),
        "held": change.before is not None,
        "holds": change.after is not None,
    }
