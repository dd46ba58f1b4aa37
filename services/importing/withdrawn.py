"""What was withdrawn: marks of undone imports are compared with what files post later, as if they stood (M9)."""

from collections.abc import Iterable

from policy.marks import Attempt
from services.objects import Key, restored
from storage.unit import Storage

WITHDRAWN = "withdrawn_otherwise"
"""The reason of a refusal that two people may overrule together: see `services.importing.loading`."""


async def withdrawn_attempts(storage: Storage, student_ids: Iterable[str]) -> dict[Key, Attempt]:
    """Return the attempts of these students that were posted and taken back with their import, the latest of each."""
    found: dict[Key, Attempt] = {}
    async for change in storage.changes.taken_back("attempt", student_ids):
        attempt = restored(Attempt, change.before, change.key) if change.before else None
        if attempt and attempt.outcome is not None:
            found[change.key] = attempt
    return found
