"""Groups: nothing about anybody is said there; a command is answered with the way to the private chat."""

from typing import Any

from aiogram import Bot, F, Router
from aiogram.filters import Command, Filter
from aiogram.types import CallbackQuery, Message

from bot.feature import Audience, Commands, Feature
from bot.filters import Where
from bot.i18n import Texts
from bot.middlewares.context import Said
from bot.screens.groups import pointer


class AnyCommand(Filter):
    """Passes the commands that everybody has."""

    async def __call__(self, message: Message, bot: Bot, commands: Commands) -> Any:
        """Return what aiogram makes of one."""
        return await Command(*commands[Audience.EVERYBODY])(message, bot)


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
    router.message.register(point, AnyCommand())
    router.message.register(keep_silent)
    router.callback_query.register(answer_press)
    return router


FEATURE = Feature(router=router)
