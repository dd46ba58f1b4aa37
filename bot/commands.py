"""The command menu, as Telegram shows it beside the text field."""

from collections.abc import Mapping

from aiogram import Bot
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats

from bot.i18n import Texts, msgid
from policy.people import Language

COMMANDS = {
    "start": msgid("Begin"),
    "menu": msgid("Everything I can do here"),
    "marks": msgid("My marks"),
    "gpa": msgid("My GPA and iGPA"),
    "need": msgid("What I need on the exam"),
    "language": msgid("Change the language"),
    "me": msgid("What is stored about me"),
    "help": msgid("How this works and whom to ask"),
    "cancel": msgid("Leave what I was writing"),
}
SCOPE = BotCommandScopeAllPrivateChats()


async def register_commands(bot: Bot, voices: Mapping[Language, Texts]) -> None:
    """Tell Telegram the commands in both languages, Kazakh for everybody else; asks first, tells only what changed."""
    for code, language in (("", Language.KK), ("kk", Language.KK), ("ru", Language.RU)):
        texts = voices[language]
        wanted = [BotCommand(command=name, description=texts.plain(says)) for name, says in COMMANDS.items()]
        if await bot.get_my_commands(scope=SCOPE, language_code=code or None) != wanted:
            await bot.set_my_commands(wanted, scope=SCOPE, language_code=code or None)
