"""Which chats, topics and messages the bot can reach, and what Telegram says when it cannot."""

from sandbox.methods.call import Call
from sandbox.refusal import ApiRefusal, bad_request, forbidden
from sandbox.state import PRESENT, Chat, Json, Telegram


class Reach:
    """What every method that names a chat needs."""

    def __init__(self, telegram: Telegram) -> None:
        """Act on this state."""
        self._telegram = telegram

    def _bot_user(self) -> Json:
        return self._telegram.bot

    def _chat(self, chat_id: int | str) -> Chat:
        """Return the chat when the bot can reach it; raises ApiRefusal."""
        telegram = self._telegram
        if chat_id == "":
            raise bad_request("chat_id is empty")
        chat = telegram.chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None:
            raise bad_request("chat not found")
        if chat.type == "private":
            if not chat.started and not any(
                group.bot in PRESENT and chat.id in group.members for group in telegram.chats.values()
            ):
                raise bad_request("chat not found")
            return chat
        if chat.migrated_to is not None:
            raise ApiRefusal(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": chat.migrated_to},
            )
        if chat.bot == "kicked":
            raise forbidden(f"bot was kicked from the {chat.type} chat")
        if chat.bot == "left":
            raise forbidden(f"bot is not a member of the {chat.type} chat")
        return chat

    def _writable(self, chat_id: int | str) -> Chat:
        """Return the chat when the bot may write there; raises ApiRefusal."""
        chat = self._chat(chat_id)
        if chat.type == "private":
            if self._telegram.accounts[chat.id].person.deactivated:
                raise forbidden("user is deactivated")
            if not chat.started:
                raise forbidden("bot can't initiate conversation with a user")
            if chat.blocked:
                raise forbidden("bot was blocked by the user")
        if chat.bot == "restricted":
            raise bad_request("not enough rights to send text messages to the chat")
        return chat

    def _thread(self, chat: Chat, call: Call) -> int | None:
        thread = call.get("message_thread_id")
        if thread is None:
            return None
        topic = chat.topics.get(thread)
        if topic is None:
            raise bad_request("message thread not found")
        if topic.closed and chat.bot != "administrator":
            raise bad_request("TOPIC_CLOSED")
        return int(thread)

    def _message(self, chat: Chat, message_id: int | None, what: str) -> Json:
        if message_id is None:
            raise bad_request("message identifier is not specified")
        message = chat.messages.get(message_id)
        if message is None:
            raise bad_request(f"message to {what} not found")
        return message
