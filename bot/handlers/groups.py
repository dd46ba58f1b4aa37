"""Groups: nothing about anybody is said there; a command is answered with the way to the private chat."""

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.commands import COMMANDS
from bot.filters import Where
from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screens.groups import pointer


async def point(_: Message, bot: Bot, texts: Texts) -> Said:
    """Show the way to the private chat."""
    return pointer(texts, (await bot.me()).username or "")


async def keep_silent(_: Message) -> None:
    """Leave what people say to each other alone."""


async def answer_press(press: CallbackQuery) -> None:
    """Let go of a button that has no business here."""
    await press.answer()


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.filter(Where(F.chat.type != "private"))
    router.callback_query.filter(Where(F.message.chat.type != "private"))
    router.message.register(point, Command(*COMMANDS))
    router.message.register(keep_silent)
    router.callback_query.register(answer_press)
    return router
