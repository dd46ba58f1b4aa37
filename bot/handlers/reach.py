"""Who can be reached: people who stop the bot and come back, groups that become supergroups."""

from datetime import datetime

from aiogram import F, Router
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.types import ChatMemberUpdated, Message

from bot.feature import Feature
from bot.filters import Where
from bot.middlewares.context import WRITES
from services.owing import Undelivered
from services.requests.binding import follow_chat
from storage.database import Database
from storage.unit import Storage


async def change(update: ChatMemberUpdated, database: Database, now: datetime) -> None:
    """Remember that somebody stopped the bot, or started it again."""
    async with database.write() as storage:
        if update.new_chat_member.status == ChatMemberStatus.KICKED:
            await storage.accounts.mark_unreachable(update.chat.id, since=now, why=Undelivered.BLOCKED)
        else:
            await storage.accounts.mark_reachable(update.chat.id)
        await storage.commit()


async def follow(message: Message, storage: Storage, now: datetime) -> None:
    """Follow a group to the supergroup it became: the old one tells of it, and the new one."""
    old, new = message.migrate_from_chat_id or message.chat.id, message.migrate_to_chat_id or message.chat.id
    await follow_chat(storage, old, new, now=now)
    await storage.commit()


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.my_chat_member.register(change, Where(F.chat.type == ChatType.PRIVATE))
    router.message.register(follow, Where(F.migrate_to_chat_id | F.migrate_from_chat_id), flags=WRITES)
    return router


FEATURE = Feature(router=router)
