"""Methods about chats: who is in them, their files and topics, leaving."""

from sandbox.entities import utf16_length
from sandbox.files import FETCHED_BYTES
from sandbox.methods.call import Call, Handler
from sandbox.methods.reach import Reach
from sandbox.refusal import bad_request
from sandbox.state import Chat, Json, Topic


class Chats(Reach):
    """What the bot may ask about a chat, and do to it."""

    def handlers(self) -> dict[str, Handler]:
        """Return what answers each method."""
        return {
            "getFile": self._get_file,
            "getChat": self._get_chat,
            "getChatMember": self._get_chat_member,
            "getChatMemberCount": self._get_chat_member_count,
            "getChatAdministrators": self._get_chat_administrators,
            "leaveChat": self._leave_chat,
            "createForumTopic": self._create_topic,
            "closeForumTopic": lambda call: self._close_topic(call, closed=True),
            "reopenForumTopic": lambda call: self._close_topic(call, closed=False),
            "deleteForumTopic": self._delete_topic,
        }

    def _get_file(self, call: Call) -> Json:
        stored = self._telegram.files.get(call["file_id"])
        if stored is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if stored.size > FETCHED_BYTES:
            raise bad_request("file is too big")
        path = self._telegram.files.link(stored, self._telegram.clock.timestamp())
        return {**stored.reference(), "file_path": path}

    def _get_chat(self, call: Call) -> Json:
        chat = self._chat(call["chat_id"])
        body = self._telegram.chat_object(chat)
        body |= {"accent_color_id": 0, "max_reaction_count": 11, "permissions": {"can_send_messages": True}}
        gifts = ["unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"]
        body["accepted_gift_types"] = dict.fromkeys(gifts, False)
        if chat.type == "private":
            del body["permissions"]
        if chat.pinned:
            body["pinned_message"] = chat.messages[chat.pinned[-1]]
        return body

    def _get_chat_member(self, call: Call) -> Json:
        chat = self._chat(call["chat_id"])
        user = call["user_id"]
        if user != self._bot_user()["id"] and user not in self._telegram.accounts:
            raise bad_request("user not found")
        if chat.type == "private":
            person = user in {chat.id, self._bot_user()["id"]}
            return {**self._telegram.member_object(chat, user), "status": "member" if person else "left"}
        return self._telegram.member_object(chat, user)

    def _get_chat_member_count(self, call: Call) -> int:
        chat = self._chat(call["chat_id"])
        return 2 if chat.type == "private" else len(chat.members) + 1

    def _get_chat_administrators(self, call: Call) -> list[Json]:
        chat = self._chat(call["chat_id"])
        if chat.type == "private":
            raise bad_request("there are no administrators in the private chat")
        admins = [person for person in chat.members if chat.is_admin(person)]
        if chat.bot == "administrator":
            admins.append(self._bot_user()["id"])
        return [self._telegram.member_object(chat, one) for one in admins]

    def _leave_chat(self, call: Call) -> bool:
        chat = self._chat(call["chat_id"])
        if chat.type == "private":
            raise bad_request("chat member status can't be changed in private chats")
        self._telegram.change_bot(chat, "left", self._bot_user())
        return True

    def _forum(self, call: Call) -> Chat:
        chat = self._chat(call["chat_id"])
        if not chat.is_forum:
            raise bad_request("the chat is not a forum")
        if chat.bot != "administrator":
            raise bad_request("not enough rights to manage topics")
        return chat

    def _topic(self, chat: Chat, call: Call) -> Topic:
        topic = chat.topics.get(call["message_thread_id"])
        if topic is None:
            raise bad_request("message thread not found")
        return topic

    def _create_topic(self, call: Call) -> Json:
        chat = self._forum(call)
        if not 1 <= utf16_length(call["name"]) <= 128:
            raise bad_request("topic name must be 1 to 128 characters")
        topic = self._telegram.open_topic(chat, call["name"], self._bot_user(), call.get("icon_color", 0x6FB9F0))
        return {"message_thread_id": topic.id, "name": topic.name, "icon_color": topic.icon_color}

    def _close_topic(self, call: Call, *, closed: bool) -> bool:
        chat = self._forum(call)
        topic = self._topic(chat, call)
        if topic.closed == closed:
            raise bad_request("TOPIC_NOT_MODIFIED")
        self._telegram.close_topic(chat, topic, self._bot_user(), closed=closed)
        return True

    def _delete_topic(self, call: Call) -> bool:
        chat = self._forum(call)
        self._telegram.delete_topic(chat, self._topic(chat, call))
        return True
