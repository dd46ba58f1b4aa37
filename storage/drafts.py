"""Drafts: where somebody is in a form that asks for text, so that a restart in the middle loses nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from storage.connection import Connection
from storage.records import Draft
from storage.tables import drafts
from storage.upsert import upsert


class Drafts:
    """At most one draft for each (chat, user)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, chat_id: int, user_id: int) -> Draft | None:
        """Give the draft this user has in this chat."""
        row = (await self._connection.execute(_OF, {"chat_id": chat_id, "user_id": user_id})).first()
        return Draft(*row) if row else None

    async def keep(self, chat_id: int, user_id: int, form: str, content: Mapping[str, Any], *, at: datetime) -> None:
        """Keep what was said in a form so far, over any draft before; `content` are JSON values."""
        row = {"chat_id": chat_id, "user_id": user_id, "form": form, "content": content, "updated_at": at}
        await upsert(self._connection, drafts, [row])

    async def drop(self, chat_id: int, user_id: int) -> bool:
        """Forget the draft; False when there was none."""
        return (await self._connection.execute(_DROP, {"of_chat": chat_id, "of_user": user_id})).rowcount > 0

    async def drop_older_than(self, instant: datetime) -> int:
        """Forget forms nobody went on with since this instant; return how many."""
        return (await self._connection.execute(_DROP_OLDER, {"before": instant})).rowcount


_OF = select(drafts).where(drafts.c.chat_id == bindparam("chat_id"), drafts.c.user_id == bindparam("user_id"))
_DROP = drafts.delete().where(drafts.c.chat_id == bindparam("of_chat"), drafts.c.user_id == bindparam("of_user"))
_DROP_OLDER = drafts.delete().where(drafts.c.updated_at < bindparam("before"))
