"""What the staff see of other people, kept in the history beside the changes."""

from collections.abc import Iterable
from datetime import datetime

from storage.records import READ, Change
from storage.unit import Storage


async def record_read(
    storage: Storage, *, of: Iterable[str], what: str, cause: str, by: str | None, now: datetime
) -> None:
    """Keep that somebody was shown `what` ("person", "marks", "link") of these people; the caller commits.

    `cause` is where ("search", "correction", "link"), `by` a person's id, None for the command line. What is one's own
    is nobody's business.
    """
    await storage.changes.record(
        Change(what, (person_id,), None, None, cause, now, about=person_id, actor=by, act=READ)
        for person_id in dict.fromkeys(of)
        if person_id != by
    )
