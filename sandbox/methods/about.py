"""Methods about the bot itself: who it is, its commands, names, descriptions and menu button."""

import re

from sandbox.entities import utf16_length
from sandbox.methods.call import Call, Handler
from sandbox.methods.reach import Reach
from sandbox.refusal import bad_request
from sandbox.state import Json


class About(Reach):
    """What the bot says about itself."""

    def handlers(self) -> dict[str, Handler]:
        """Return what answers each method."""
        return {
            "getMe": self._get_me,
            "logOut": lambda _: True,
            "close": lambda _: True,
            "setMyCommands": self._set_commands,
            "getMyCommands": self._get_commands,
            "deleteMyCommands": self._delete_commands,
            "setMyName": lambda call: self._set_about(call, "name", 64),
            "getMyName": lambda call: self._get_about(call, "name"),
            "setMyDescription": lambda call: self._set_about(call, "description", 512),
            "getMyDescription": lambda call: self._get_about(call, "description"),
            "setMyShortDescription": lambda call: self._set_about(call, "short_description", 120),
            "getMyShortDescription": lambda call: self._get_about(call, "short_description"),
            "setChatMenuButton": self._set_menu_button,
            "getChatMenuButton": self._get_menu_button,
        }

    def _get_me(self, _: Call) -> Json:
        account = self._telegram.world.bot
        return {
            **self._bot_user(),
            "can_join_groups": True,
            "can_read_all_group_messages": account.reads_all_group_messages,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _scope(self, call: Call) -> tuple[str, int, int]:
        scope = call.get("scope") or {"type": "default"}
        chat = scope.get("chat_id", 0)
        if chat:
            self._chat(chat)
        return str(scope["type"]), chat, scope.get("user_id", 0)

    def _language(self, call: Call) -> str:
        language = call.get("language_code") or ""
        if language and not re.fullmatch("[a-z]{2}", language):
            raise bad_request("invalid language code specified")
        return str(language)

    def _set_commands(self, call: Call) -> bool:
        commands = call["commands"]
        if len(commands) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for one in commands:
            if not re.fullmatch("[a-z0-9_]{1,32}", one["command"].removeprefix("/")):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= utf16_length(one["description"]) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        kept = [{**one, "command": one["command"].removeprefix("/")} for one in commands]
        self._telegram.commands.setdefault(self._scope(call), {})[self._language(call)] = kept
        self._telegram.tell("commands")
        return True

    def _get_commands(self, call: Call) -> list[Json]:
        return self._telegram.commands.get(self._scope(call), {}).get(self._language(call), [])

    def _delete_commands(self, call: Call) -> bool:
        self._telegram.commands.get(self._scope(call), {}).pop(self._language(call), None)
        self._telegram.tell("commands")
        return True

    def _about(self, what: str) -> dict[str, str]:
        telegram = self._telegram
        return {
            "name": telegram.names,
            "description": telegram.descriptions,
            "short_description": telegram.short_descriptions,
        }[what]

    def _set_about(self, call: Call, what: str, limit: int) -> bool:
        text = call.get(what) or ""
        if utf16_length(text) > limit:
            raise bad_request(f"bot {what.replace('_', ' ')} is too long")
        if text:
            self._about(what)[self._language(call)] = text
        else:
            self._about(what).pop(self._language(call), None)
        self._telegram.tell("commands")
        return True

    def _get_about(self, call: Call, what: str) -> Json:
        texts = self._about(what)
        first_name = self._bot_user()["first_name"] if what == "name" else ""
        return {what: texts.get(self._language(call)) or texts.get("") or first_name}

    def _set_menu_button(self, call: Call) -> bool:
        chat = call.get("chat_id")
        if chat is not None:
            self._chat(chat)
        self._telegram.menu_buttons[chat] = call.get("menu_button") or {"type": "default"}
        self._telegram.tell("commands")
        return True

    def _get_menu_button(self, call: Call) -> Json:
        buttons = self._telegram.menu_buttons
        return buttons.get(call.get("chat_id")) or buttons.get(None) or {"type": "default"}
