"""Invitations: one-time codes, of which only the hash is kept."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select

from storage.columns import Instant
from storage.connection import Connection
from storage.records import Invitation
from storage.tables import invitations


class Invitations:
    """Invitations by the SHA-256 of their code, in hexadecimal digits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def make(
        self, hashes: Iterable[tuple[str, str]], *, made_at: datetime, made_by: str | None, expires_at: datetime
    ) -> None:
        """Keep new invitations, each (person id, SHA-256 of the code); open ones of the same people are withdrawn."""
        rows = [
            {
                "code_sha256": code_sha256,
                "person_id": person_id,
                "made_at": made_at,
                "made_by": made_by,
                "expires_at": expires_at,
            }
            for person_id, code_sha256 in hashes
        ]
        if rows:
            await self._connection.execute(
                _WITHDRAW, [{"of_person": row["person_id"], "new_withdrawn_at": made_at} for row in rows]
            )
            await self._connection.execute(invitations.insert(), rows)

    async def by_hash(self, code_sha256: str) -> Invitation | None:
        """Give the invitation whose code has this hash, whatever became of it."""
        row = (await self._connection.execute(_BY_HASH, {"code_sha256": code_sha256})).first()
        return Invitation(*row) if row else None

    async def of_person(self, person_id: str) -> tuple[Invitation, ...]:
        """Give every invitation of a person, oldest first."""
        rows = await self._connection.execute(_OF_PERSON, {"person_id": person_id})
        return tuple(Invitation(*row) for row in rows)

    async def open(self, invitation_id: int, *, user_id: int, at: datetime) -> bool:
        """Give an invitation to the first account that opens it; False when another has it, or it is used or withdrawn.

        Opened again by the same account it stays open, since the first time.
        """
        key = {"of_id": invitation_id, "of_user": user_id, "new_opened_at": at}
        return (await self._connection.execute(_OPEN, key)).rowcount > 0

    async def use(self, invitation_id: int, *, user_id: int, at: datetime) -> bool:
        """Use an invitation up; True once only, and only for the account that opened it."""
        key = {"of_id": invitation_id, "of_user": user_id, "new_used_at": at}
        return (await self._connection.execute(_USE, key)).rowcount > 0


_BY_HASH = select(invitations).where(invitations.c.code_sha256 == bindparam("code_sha256"))
_OF_PERSON = select(invitations).where(invitations.c.person_id == bindparam("person_id")).order_by(invitations.c.id)
_OPEN_ONES = invitations.update().where(invitations.c.used_at.is_(None), invitations.c.withdrawn_at.is_(None))
_WITHDRAW = _OPEN_ONES.where(invitations.c.person_id == bindparam("of_person")).values(
    withdrawn_at=bindparam("new_withdrawn_at")
)
_OPEN = _OPEN_ONES.where(
    invitations.c.id == bindparam("of_id"),
    or_(invitations.c.opened_by.is_(None), invitations.c.opened_by == bindparam("of_user")),
).values(
    opened_by=bindparam("of_user"),
    opened_at=func.coalesce(invitations.c.opened_at, bindparam("new_opened_at", type_=Instant())),
)
_USE = _OPEN_ONES.where(invitations.c.id == bindparam("of_id"), invitations.c.opened_by == bindparam("of_user")).values(
    used_at=bindparam("new_used_at")
)
