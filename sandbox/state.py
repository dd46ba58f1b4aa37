"""Everything the sandbox knows: accounts, chats, messages, files, commands, and who is told when they change."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sandbox.cast import BotStatus, Group, Person, World
from sandbox.clock import SandboxClock
from sandbox.files import FileStore
from sandbox.trouble import Pacing, Trouble
from sandbox.updates import UpdateQueue

ANONYMOUS_ADMIN = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
PRESENT = {"administrator", "member", "restricted"}
QUERY_SECONDS = 60
"""How long a press can be answered. Telegram does not publish its limit: ours."""
QUERIES_KEPT = 10_000

Json = dict[str, Any]


@dataclass
class Topic:
    """A forum topic; its id is that of the service message that opened it."""

    id: int
    name: str
    icon_color: int
    closed: bool = False


@dataclass
class Query:
    """A press of a button that waits for its answer."""

    person: int
    chat: int
    at: float
    answer: "asyncio.Future[Json]"


@dataclass
class Account:
    """A person's account as it is now."""

    person: Person
    user: Json
    """The Bot API's User."""


@dataclass
class Chat:
    """One chat. Messages are Bot API objects as the bot sees them, oldest first."""

    id: int
    type: str
    title: str = ""
    members: dict[int, str] = field(default_factory=dict)
    """Of a group: person id -> "creator", "administrator" or "member"."""
    bot: BotStatus = "left"
    started: bool = False
    """Of a private chat: the person has spoken to the bot, so the bot may write."""
    is_forum: bool = False
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, Json] = field(default_factory=dict)
    last_id: int = 0
    reply_keyboards: dict[int, Json] = field(default_factory=dict)
    """By person: in a group a keyboard may be for some of them."""
    force_replies: dict[int, Json] = field(default_factory=dict)
    not_inline: set[int] = field(default_factory=set)
    """Messages sent with a reply keyboard or the like: Telegram lets nobody edit those."""
    pinned: list[int] = field(default_factory=list)
    read: dict[int, int] = field(default_factory=dict)
    action: Json | None = None
    migrated_to: int | None = None

    @property
    def people(self) -> list[int]:
        """Who is in the chat besides the bot."""
        return [self.id] if self.type == "private" else list(self.members)

    @property
    def blocked(self) -> bool:
        """Whether the person has stopped the bot."""
        return self.type == "private" and self.bot == "kicked"

    def sees(self, person: int) -> bool:
        """Whether this person sees the chat."""
        return person == self.id or (person in self.members and self.migrated_to is None)

    def is_admin(self, person: int) -> bool:
        """Whether this person is an administrator of the group."""
        return self.members.get(person) in {"creator", "administrator"}


class Telegram:
    """A small local Telegram with one bot. Not thread-safe: everything happens in one event loop."""

    def __init__(
        self,
        world: World,
        *,
        token: str,
        clock: SandboxClock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Set the scene; `monotonic` times the pacing, `sleep` the webhook's redeliveries, both in real seconds."""
        self.token = token
        self.world = world
        self.clock = clock
        self.trouble = Trouble()
        self.pacing = Pacing(monotonic)
        self.files = FileStore()
        self.updates = UpdateQueue(clock, sleep=sleep, held=lambda: self.trouble.hold_updates)
        self.bot: Json = {"id": world.bot.id, "is_bot": True, "first_name": world.bot.first_name}
        self.bot["username"] = world.bot.username
        self.accounts = {person.id: _account(person) for person in world.people}
        self.chats: dict[int, Chat] = {}
        for person in world.people:
            status: BotStatus = "kicked" if person.blocked else "member"
            started = person.started or person.blocked
            self.chats[person.id] = Chat(person.id, "private", world.bot.first_name, bot=status, started=started)
        for group in world.groups:
            self.add_group(group)
        self.names: dict[str, str] = {}
        self.descriptions: dict[str, str] = {}
        self.short_descriptions: dict[str, str] = {}
        self.commands: dict[tuple[str, int, int], dict[str, list[Json]]] = {}
        self.menu_buttons: dict[int | None, Json] = {}
        self.queries: dict[str, Query] = {}
        self.calls: Counter[str] = Counter()
        self.errors: Counter[int] = Counter()
        self.listeners: set[Callable[[str, int | None, Json], None]] = set()
        self._query_ids = count(int(self.clock.timestamp()) << 20)
        self._album_ids = count(int(self.clock.timestamp()) << 10)

    # --- time, numbers, news

    def now(self) -> int:
        """Return Telegram's date of this instant: whole Unix seconds."""
        return int(self.clock.timestamp())

    def album_id(self) -> str:
        """Return a fresh media_group_id."""
        return str(next(self._album_ids))

    def tell(self, kind: str, chat: int | None = None, **news: Any) -> None:
        """Tell whoever listens what changed; shapes as in page_api's events."""
        for listener in tuple(self.listeners):
            listener(kind, chat, news)

    # --- chats as Bot API objects

    def chat_object(self, chat: Chat) -> Json:
        """Return the Bot API's Chat."""
        if chat.type == "private":
            user = self.accounts[chat.id].user
            named: Json = {name: user[name] for name in ("first_name", "last_name", "username") if name in user}
            return {"id": chat.id, **named, "type": "private"}
        body = {"id": chat.id, "title": chat.title, "type": chat.type}
        if chat.is_forum:
            body["is_forum"] = True
        return body

    def member_object(self, chat: Chat, user_id: int) -> Json:
        """Return the Bot API's ChatMember of a person or of the bot."""
        if user_id == self.bot["id"]:
            return _member(self.bot, chat.bot)
        return _member(self.accounts[user_id].user, chat.members.get(user_id, "left"))

    # --- messages

    def append(self, chat: Chat, sender: Json, content: Json, *, thread: int | None = None) -> Json:
        """Add a message to a chat and tell the listeners; returns the Bot API's Message."""
        chat.last_id += 1
        message: Json = {"message_id": chat.last_id, "from": sender, "chat": self.chat_object(chat), "date": self.now()}
        if thread is not None:
            message["message_thread_id"] = thread
            message["is_topic_message"] = True
        message.update(content)
        chat.messages[chat.last_id] = message
        limit = self.world.history_limit
        if limit is not None and len(chat.messages) > limit:
            oldest = next(iter(chat.messages))
            del chat.messages[oldest]
            chat.not_inline.discard(oldest)
            if oldest in chat.pinned:
                chat.pinned.remove(oldest)
        chat.action = None
        self.tell("message", chat.id, message=message)
        return message

    def reply_object(self, message: Json) -> Json:
        """Return a message as `reply_to_message` or `pinned_message` shows it: without its own reply."""
        return {name: value for name, value in message.items() if name not in {"reply_to_message", "pinned_message"}}

    def delete(self, chat: Chat, message_ids: Iterable[int]) -> None:
        """Remove messages for everybody."""
        gone = [one for one in message_ids if chat.messages.pop(one, None) is not None]
        chat.pinned = [one for one in chat.pinned if one in chat.messages]
        chat.force_replies = {
            one: asked for one, asked in chat.force_replies.items() if asked["message_id"] not in gone
        }
        if gone:
            self.tell("deleted", chat.id, message_ids=gone)

    def service(self, chat: Chat, sender: Json, content: Json, *, thread: int | None = None) -> Json:
        """Add a service message, which the bot hears of too unless it is its own doing."""
        message = self.append(chat, sender, content, thread=thread)
        if chat.bot in PRESENT and sender["id"] != self.bot["id"]:
            self.updates.add("message", chat.id, message)
        return message

    def hears(self, chat: Chat, message: Json) -> bool:
        """Whether the bot gets this message of a person: privacy mode hides what is not meant for it."""
        if chat.type == "private":
            return not chat.blocked
        if chat.bot not in PRESENT:
            return False
        if chat.bot == "administrator" or self.world.bot.reads_all_group_messages:
            return True
        if message.get("reply_to_message", {}).get("from", {}).get("id") == self.bot["id"]:
            return True
        for entity in message.get("entities", ()):
            if entity["type"] == "bot_command":
                units = message["text"].encode("utf-16-le")
                command = units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
                _, _, addressee = command.partition("@")
                if not addressee or addressee.lower() == self.bot["username"].lower():
                    return True
        return False

    # --- membership

    def add_group(self, group: Group) -> Chat:
        """Add a group as it is, telling nobody."""
        members = dict.fromkeys(group.members, "member") | dict.fromkeys(group.admins, "administrator")
        chat = Chat(group.id, group.type, group.title, members, group.bot, is_forum=group.is_forum)
        self.chats[group.id] = chat
        return chat

    def change_bot(self, chat: Chat, status: BotStatus, by: Json) -> None:
        """Give the bot another place in a chat; it hears of it by `my_chat_member`."""
        if chat.bot == status:
            return
        old = self.member_object(chat, self.bot["id"])
        was_present = chat.bot in PRESENT
        chat.bot = status
        body = {
            "chat": self.chat_object(chat),
            "from": by,
            "date": self.now(),
            "old_chat_member": old,
            "new_chat_member": self.member_object(chat, self.bot["id"]),
        }
        self.updates.add("my_chat_member", chat.id, body)
        if chat.type != "private" and was_present != (status in PRESENT):
            content = {"left_chat_member": self.bot} if was_present else {"new_chat_members": [self.bot]}
            self.service(chat, by, content)
        self.tell("chat", chat.id)

    def change_member(self, chat: Chat, person: int, status: str, by: Json) -> None:
        """Give a person another place in a group ("left" takes them out); the bot hears of it when it asked to."""
        was = chat.members.get(person, "left")
        if was == status:
            return
        old = self.member_object(chat, person)
        if status == "left":
            user = self.accounts[person].user
            self.service(chat, by, {"left_chat_member": user})
            del chat.members[person]
        else:
            chat.members[person] = status
            if was == "left":
                self.service(chat, by, {"new_chat_members": [self.accounts[person].user]})
        if chat.bot == "administrator":
            new = self.member_object(chat, person)
            body = {"chat": self.chat_object(chat), "from": by, "date": self.now()}
            self.updates.add("chat_member", chat.id, {**body, "old_chat_member": old, "new_chat_member": new})
        self.tell("chat", chat.id)

    def migrate(self, chat: Chat, by: Json) -> Chat:
        """Turn a group into a supergroup: a new id, the old chat closed, a service message in each."""
        new_id = -1_000_000_000_000 + chat.id
        supergroup = Chat(new_id, "supergroup", chat.title, dict(chat.members), chat.bot)
        self.chats[new_id] = supergroup
        self.service(chat, by, {"migrate_to_chat_id": new_id})
        chat.migrated_to = new_id
        itself = self.chat_object(supergroup)
        self.service(supergroup, ANONYMOUS_ADMIN, {"sender_chat": itself, "migrate_from_chat_id": chat.id})
        self.tell("chat", chat.id)
        self.tell("chat", new_id)
        return supergroup

    # --- topics

    def open_topic(self, chat: Chat, name: str, by: Json, icon_color: int = 0x6FB9F0) -> Topic:
        """Open a forum topic."""
        thread = chat.last_id + 1
        topic = Topic(thread, name, icon_color)
        chat.topics[thread] = topic
        content = {"forum_topic_created": {"name": name, "icon_color": icon_color}}
        self.service(chat, by, content, thread=thread)
        self.tell("chat", chat.id)
        return topic

    def close_topic(self, chat: Chat, topic: Topic, by: Json, *, closed: bool) -> None:
        """Close a topic, or open it again."""
        topic.closed = closed
        kind = "forum_topic_closed" if closed else "forum_topic_reopened"
        self.service(chat, by, {kind: {}}, thread=topic.id)
        self.tell("chat", chat.id)

    def delete_topic(self, chat: Chat, topic: Topic) -> None:
        """Delete a topic with all its messages."""
        del chat.topics[topic.id]
        self.delete(chat, [one for one, body in chat.messages.items() if body.get("message_thread_id") == topic.id])
        self.tell("chat", chat.id)

    # --- presses

    def press(self, person: int, chat: Chat, message: Json, data: str) -> Query:
        """Send the bot a press of a button; the returned query's future gets the answer."""
        query_id = str(next(self._query_ids))
        query = Query(person, chat.id, self.clock.timestamp(), asyncio.get_running_loop().create_future())
        self.queries[query_id] = query
        if len(self.queries) > QUERIES_KEPT:
            del self.queries[next(iter(self.queries))]
        body = {"id": query_id, "from": self.accounts[person].user, "message": message}
        body |= {"chat_instance": str(chat.id), "data": data}
        self.updates.add("callback_query", chat.id, body)
        return query

    def answer(self, query_id: str, answer: Json) -> bool:
        """Take the bot's answer to a press; False when the press is unknown, answered or too old."""
        query = self.queries.pop(query_id, None)
        if query is None or self.clock.timestamp() - query.at > QUERY_SECONDS:
            return False
        if not query.answer.done():
            query.answer.set_result(answer)
        self.tell("answer", query.chat, person=query.person, **answer)
        return True

    # --- what the bot says about itself

    def commands_for(self, chat: Chat, person: int) -> list[Json]:
        """Return the commands this person sees in this chat: the narrowest scope that has any, own language first."""
        admin = chat.is_admin(person)
        scopes: list[tuple[str, int, int]] = [("chat_member", chat.id, person)]
        if admin:
            scopes.append(("chat_administrators", chat.id, 0))
        scopes.append(("chat", chat.id, 0))
        if chat.type == "private":
            scopes.append(("all_private_chats", 0, 0))
        else:
            if admin:
                scopes.append(("all_chat_administrators", 0, 0))
            scopes.append(("all_group_chats", 0, 0))
        scopes.append(("default", 0, 0))
        language = self.accounts[person].person.language_code or ""
        for scope in scopes:
            by_language = self.commands.get(scope, {})
            for code in (language, ""):
                if by_language.get(code):
                    return by_language[code]
        return []


def user_object(person: Person) -> Json:
    """Return the Bot API's User of a person."""
    body: Json = {"id": person.id, "is_bot": False, "first_name": person.first_name}
    for name in ("last_name", "username", "language_code"):
        if value := getattr(person, name):
            body[name] = value
    return body


def _account(person: Person) -> Account:
    return Account(person, user_object(person))


RIGHTS = [
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
    "can_send_welcome_messages",
]
PERMISSIONS = [
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
    "can_react_to_messages",
    "can_edit_tag",
]


def _member(user: Json, status: str) -> Json:
    member = {"user": user, "status": status}
    match status:
        case "administrator":
            return {**member, "can_be_edited": False, "is_anonymous": False, **dict.fromkeys(RIGHTS, True)}
        case "creator":
            return {**member, "is_anonymous": False}
        case "kicked":
            return {**member, "until_date": 0}
        case "restricted":
            return {**member, "is_member": True, "until_date": 0, **dict.fromkeys(PERMISSIONS, False)}
    return member
