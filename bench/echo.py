"""A bare aiogram bot with default polling: what Kenes is measured against."""

import asyncio
import os

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import CallbackQuery, Message


async def echo(message: Message) -> None:
    """Send back what came."""
    await message.answer(message.text or "")


async def edit(press: CallbackQuery) -> None:
    """Write into the message what its button sent."""
    await press.answer()
    if isinstance(press.message, Message):
        await press.message.edit_text(press.data or "")


def echoing() -> Dispatcher:
    """Return a dispatcher that does both."""
    dispatcher = Dispatcher()
    dispatcher.message.register(echo)
    dispatcher.callback_query.register(edit)
    return dispatcher


def bot() -> Bot:
    """Return a client of the server the environment names."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(os.environ["BOT_API_URL"]))
    return Bot(os.environ["BOT_TOKEN"], session=session)


if __name__ == "__main__":
    asyncio.run(echoing().start_polling(bot()))
