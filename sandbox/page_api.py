"""What the page in the browser (and tests) may ask: be a person, look around, move the clock, make trouble.

All under ``/sandbox/api``, JSON in and out, UTF-8. Errors: ``{"ok": false, "error": "<plain English>"}`` with 400 (the
request makes no sense), 403 (foreign Host or Origin), 404 (no such file), 413 (too large). Instants are ISO 8601 with
an offset; dates inside messages are Bot API integers (Unix seconds by the sandbox's clock).

``GET /world`` ->
    ``{bot: {id, username, first_name, name: {lang: str}, description: {lang: str}, short_description: {lang: str},
    commands: {lang: [{command, description}]}}, people: [Person], groups: [Group], clock: Clock, zone: str}``.
    `lang` is "kk", "ru", ... or "" (the one without a language); commands are those of private chats.
    Person: ``{id, first_name, last_name|null, username|null, language_code|null, phone|null, note: {kk?, ru?},
    tag: "student"|"staff"|"officer"|"guest", start: str|null, started: bool, blocked: bool, deactivated: bool,
    unread: messages not read yet in all chats}``.
    Group: ``{id, title, type: "group"|"supergroup", is_forum, members: [id], admins: [id],
    bot: "administrator"|"member"|"restricted"|"left"|"kicked",
    topics: [{message_thread_id, name, closed}]}``.
    Clock: ``{now: ISO instant in `zone`, offset_seconds: number}``.

``GET /chats?as=<person id>`` -> ``{chats: [ChatCard]}``, newest first, the chat with the bot always among them.
    ChatCard: ``{id, type: "private"|"group"|"supergroup", title, is_forum, started, blocked, unread,
    last_message: Message|null}``. In the private chat with the bot `id` is the person's own, `title` the bot's name.

``GET /messages?as=&chat=[&before=<message_id>][&limit=50]`` -> oldest first; without `before` it also marks all read:
    ``{messages: [Message], has_more: bool, reply_keyboard: ReplyKeyboardMarkup|null,
    force_reply: {message_id, input_field_placeholder|null}|null, pinned: Message|null,
    actions: [{action, until: Unix seconds by the sandbox's clock}], commands: [{command, description}] (for this person
    in this chat and language), menu_button: object, topics: [...], started: bool, blocked: bool}``; `limit` up to 200.

Message: the Bot API's Message as the viewer sees it, plus ``outgoing: bool`` (the viewer wrote it) and, inside each
    PhotoSize, Document, Voice and Sticker, ``file_url`` (``/sandbox/api/file/<file_id>``; photos come inline, the
    rest as downloads). ``reply_markup`` is present only when it is an inline keyboard. Service messages carry
    ``new_chat_members``, ``left_chat_member``, ``pinned_message``, ``migrate_to_chat_id``, ``migrate_from_chat_id``,
    ``forum_topic_created`` {name, icon_color}, ``forum_topic_closed``, ``forum_topic_reopened``, ``group_chat_created``
    or ``new_chat_title``, and no text.

``GET /file/<file_id>`` -> the bytes.

``POST /act`` ``{as, chat, do, ...}`` -> ``{ok: true, ...}``. Forms of `do`:
    - ``send`` {text, reply_to?: message_id, thread?: message_thread_id, anonymous?: bool (as a group's nameless
      administrator)} -> {message}; the three last go with everything else that is sent, too
    - ``start`` {payload?} -> {message}: sends "/start payload" in the private chat (and unblocks)
    - ``press`` {message_id, data, forged?: bool} -> {answer: {text, show_alert, url}|null}: waits up to 10 s for the
      bot's answer, null when none came; `data` must be on a button of that message unless `forged`
    - ``contact`` {of?: person id} or {phone_number, first_name} -> {message}: own, another's, or of nobody here
    - ``upload``, as multipart/form-data: fields as, chat, do, caption?, as_photo? ("true"); one or more `file` parts
      (2-10 become an album) -> {messages: [Message]}. Photos: JPEG or PNG, 10 MB; documents 50 MB
    - ``voice`` -> {message}: a second of silence; ``sticker`` {emoji} -> {message}
    - ``edit`` {message_id, text} -> {message}: own text or caption
    - ``delete`` {message_id}: own message, for everybody
    - ``forward`` {from_chat, message_id} -> {message}: into `chat`; refused when the content is protected
    - ``read``: everything in the chat is read
    - ``block``, ``unblock``: the bot
    - ``delete_chat``: the private chat's history, for both sides
    - ``leave``: the group
``POST /acts`` ``[act, ...]`` -> ``{ok: true, results: [as /act]}``: many in order; a press does not wait (answer null).

``POST /clock`` ``{to: ISO instant}`` or ``{advance: seconds}`` -> Clock. Forward only.

``GET /trouble``, ``POST /trouble`` -> the whole state of faults; a POST changes the fields it names:
    ``{pacing: bool, hold_updates: bool, methods: [name]|null, seed: int,
    fail_percent: {"5xx": n, "429": n, "drop_before": n, "drop_after": n}}``: `pacing` answers 429 beyond Telegram's
    published rates; `hold_updates` keeps updates from being delivered; faults strike that many percent of Bot API
    requests, before or after their effect, for the named methods (null: all), drawn from `seed`.

``POST /groups`` -> {group: Group}. Without `id` it makes one: ``{title, members?, admins?, type?, is_forum?, bot?}``.
    With `id` it changes one: ``{id, title?, members?, admins?, bot?, migrate?: true, is_forum?: true (migrates a plain
    group), open_topic?: name, close_topic?: thread, reopen_topic?: thread, delete_topic?: thread, by?: who does it}``.

``GET /stats`` -> ``{calls: {method: n}, errors: {"429": n, ...}, updates: {last_id, pending}}``, since the start.

``GET /events[?as=<person id>]`` -> Server-Sent Events, each ``data: {type, chat, ...}``; with `as` only of chats that
    person sees, with `outgoing` as for them. Without it `outgoing` is right in private chats and null in groups
    (compare ``message.from.id``). Types:
    ``message`` {chat, message}; ``edited`` {chat, message}; ``deleted`` {chat, message_ids};
    ``chat`` {chat} (keyboard, pin, title, members, block, topics, read state changed: ask /chats and /messages anew);
    ``action`` {chat, action, until}; ``answer`` {chat, person, text, show_alert, url} (as `press` returns it);
    ``clock`` {now, offset_seconds}; ``commands`` {} (commands, descriptions, menu button).
    Nothing is replayed: after a reconnect ask anew.

Only loopback names are served, and a request with a foreign Origin is refused: another site open in the same browser
can neither read nor act.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp.web_request import FileField

from sandbox.acts import ActError, Given, Groups, People
from sandbox.clock import ClockWentBackError
from sandbox.files import Upload
from sandbox.state import Chat, Json, Telegram

ROOT = "/sandbox/api"
ANSWER_SECONDS = 10
LONGEST_PAGE = 200
ACTS_AT_ONCE = 10_000
EVENTS_BEHIND = 1_000
HEARTBEAT_SECONDS = 15
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def is_foreign(request: web.Request) -> bool:
    """Whether a request comes from another site or was led here by another site's name."""
    host = request.url.host if request.headers.get("Host") else None
    origin = request.headers.get("Origin")
    return host not in LOOPBACK or (origin is not None and origin != f"{request.scheme}://{request.host}")


class PageApi:
    """The routes under `/sandbox`."""

    def __init__(self, telegram: Telegram) -> None:
        """Serve this state."""
        self._telegram = telegram
        self._people = People(telegram)
        self._groups = Groups(telegram)
        self._zone = ZoneInfo(telegram.world.zone)
        self._streams: set[asyncio.Queue[str | None]] = set()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add what the module's docstring names."""
        router.add_get("/sandbox/clock", self._offset)
        router.add_get(f"{ROOT}/events", self._events)
        router.add_get(f"{ROOT}/file/{{file_id}}", self._file)
        for method, path, answer in (
            ("GET", "/world", self._world),
            ("GET", "/chats", self._chats),
            ("GET", "/messages", self._messages),
            ("POST", "/act", self._act),
            ("POST", "/acts", self._acts),
            ("POST", "/clock", self._clock),
            ("GET", "/trouble", self._trouble),
            ("POST", "/trouble", self._trouble),
            ("POST", "/groups", self._group),
            ("GET", "/stats", self._stats),
        ):
            router.add_route(method, ROOT + path, _answering(answer))

    def close(self) -> None:
        """End every stream of events."""
        for stream in self._streams:
            stream.put_nowait(None)

    # --- looking

    async def _offset(self, _: web.Request) -> web.Response:
        return web.Response(text=f"{self._telegram.clock.offset:.6f}\n")

    async def _world(self, _: web.Request) -> Json:
        telegram = self._telegram
        by_language: dict[str, list[Json]] = {}
        for scope in (("default", 0, 0), ("all_private_chats", 0, 0)):
            by_language |= {language: these for language, these in telegram.commands.get(scope, {}).items() if these}
        return {
            "bot": {
                **{name: telegram.bot[name] for name in ("id", "username", "first_name")},
                "name": telegram.names,
                "description": telegram.descriptions,
                "short_description": telegram.short_descriptions,
                "commands": by_language,
            },
            "people": [self._person(one) for one in telegram.accounts],
            "groups": [
                self._group_object(chat)
                for chat in telegram.chats.values()
                if chat.type != "private" and chat.migrated_to is None
            ],
            "clock": self._clock_object(),
            "zone": telegram.world.zone,
        }

    def _person(self, person_id: int) -> Json:
        person, chat = self._telegram.accounts[person_id].person, self._telegram.chats[person_id]
        return {
            "id": person.id,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "username": person.username,
            "language_code": person.language_code,
            "phone": person.phone,
            "note": dict(person.note),
            "tag": person.tag,
            "start": person.start,
            "started": chat.started,
            "blocked": chat.blocked,
            "deactivated": person.deactivated,
            "unread": sum(_unread(one, person_id) for one in self._telegram.chats.values() if one.sees(person_id)),
        }

    def _group_object(self, chat: Chat) -> Json:
        return {
            "id": chat.id,
            "title": chat.title,
            "type": chat.type,
            "is_forum": chat.is_forum,
            "members": list(chat.members),
            "admins": [one for one in chat.members if chat.is_admin(one)],
            "bot": chat.bot,
            "topics": _topics(chat),
        }

    def _clock_object(self) -> Json:
        clock = self._telegram.clock
        return {"now": clock.now().astimezone(self._zone).isoformat(), "offset_seconds": clock.offset}

    async def _chats(self, request: web.Request) -> Json:
        person = self._viewer(request)
        seen = [chat for chat in self._telegram.chats.values() if chat.sees(person)]
        seen.sort(key=lambda chat: next(reversed(chat.messages.values()), {"date": 0})["date"], reverse=True)
        return {"chats": [self._card(chat, person) for chat in seen]}

    def _card(self, chat: Chat, person: int) -> Json:
        last = next(reversed(chat.messages.values()), None)
        return {
            "id": chat.id,
            "type": chat.type,
            "title": chat.title,
            "is_forum": chat.is_forum,
            "started": chat.started or chat.type != "private",
            "blocked": chat.blocked,
            "unread": _unread(chat, person),
            "last_message": last and seen_by(person, last),
        }

    async def _messages(self, request: web.Request) -> Json:
        given = Given({**request.query})
        person, chat = self._people.at(given)
        before = given.optional_number("before")
        limit = min(max(given.optional_number("limit") or 50, 1), LONGEST_PAGE)
        page: list[Json] = []
        has_more = False
        for message in reversed(chat.messages.values()):
            if before is not None and message["message_id"] >= before:
                continue
            if len(page) == limit:
                has_more = True
                break
            page.append(seen_by(person, message))
        if before is None:
            self._people.mark_read(person, chat)
        telegram = self._telegram
        action = chat.action if chat.action and chat.action["until"] > telegram.now() else None
        return {
            "messages": page[::-1],
            "has_more": has_more,
            "reply_keyboard": chat.reply_keyboards.get(person),
            "force_reply": chat.force_replies.get(person),
            "pinned": seen_by(person, chat.messages[chat.pinned[-1]]) if chat.pinned else None,
            "actions": [action] if action else [],
            "commands": telegram.commands_for(chat, person),
            "menu_button": telegram.menu_buttons.get(chat.id, telegram.menu_buttons.get(None, {"type": "default"})),
            "topics": _topics(chat),
            "started": chat.started or chat.type != "private",
            "blocked": chat.blocked,
        }

    def _viewer(self, request: web.Request) -> int:
        person = Given({**request.query}).number("as")
        if person not in self._telegram.accounts:
            raise ActError(f"there is no person {person}")
        return person

    async def _file(self, request: web.Request) -> web.StreamResponse:
        stored = self._telegram.files.get(request.match_info["file_id"])
        if stored is None:
            return web.json_response({"ok": False, "error": "no such file"}, status=404)
        place = "inline" if stored.is_photo else "attachment"
        return web.FileResponse(
            stored.path,
            headers={
                "Content-Type": stored.mime_type if stored.is_photo else "application/octet-stream",
                "Content-Disposition": f"{place}; filename*=UTF-8''{quote(stored.name)}",
                "Cache-Control": "private, max-age=86400, immutable",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def _stats(self, _: web.Request) -> Json:
        telegram = self._telegram
        return {
            "calls": dict(telegram.calls),
            "errors": {str(code): count for code, count in telegram.errors.items()},
            "updates": {"last_id": telegram.updates.last_id, "pending": telegram.updates.count()},
        }

    # --- acting

    async def _act(self, request: web.Request) -> Json:
        if request.content_type == "multipart/form-data":
            return {"ok": True, **self._as_seen(*await self._upload(request))}
        fields = await _body(request)
        if fields.get("do") != "press":
            return {"ok": True, **self._as_seen(fields.get("as"), self._people.act(fields))}
        query = self._people.press(fields)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return {"ok": True, "answer": await query.answer}
        except TimeoutError:
            return {"ok": True, "answer": None}

    async def _upload(self, request: web.Request) -> tuple[object, Json]:
        form = await request.post()
        fields: Json = {}
        uploads: list[Upload] = []
        for name, part in form.items():
            if isinstance(part, FileField):
                with part.file as file:
                    uploads.append(Upload(file.read(), part.filename, part.content_type))
            else:
                fields[name] = part
        if fields.get("do") != "upload":
            raise ActError("multipart is for do=upload")
        return Given(fields).number("as"), self._people.upload(fields, uploads)

    async def _acts(self, request: web.Request) -> Json:
        acts = await _json(request)
        if not isinstance(acts, list) or len(acts) > ACTS_AT_ONCE:
            raise ActError(f"a list of at most {ACTS_AT_ONCE} acts")
        return {"ok": True, "results": [self._one_of_many(act) for act in acts]}

    def _one_of_many(self, fields: Any) -> Json:
        if not isinstance(fields, dict):
            return {"ok": False, "error": "an act is an object"}
        try:
            if fields.get("do") == "press":
                self._people.press(fields)
                return {"ok": True, "answer": None}
            return {"ok": True, **self._as_seen(fields.get("as"), self._people.act(fields))}
        except ActError as error:
            return {"ok": False, "error": str(error)}

    def _as_seen(self, person: object, result: Json) -> Json:
        if "message" in result:
            result["message"] = seen_by(person, result["message"])
        if "messages" in result:
            result["messages"] = [seen_by(person, message) for message in result["messages"]]
        return result

    async def _clock(self, request: web.Request) -> Json:
        fields = await _body(request)
        clock = self._telegram.clock
        try:
            if isinstance(fields.get("to"), str):
                instant = datetime.fromisoformat(fields["to"])
                if instant.tzinfo is None:
                    raise ActError("to: an ISO instant with an offset, as 2026-01-16T12:59:00+05:00")
                clock.move_to(instant)
            elif _is_number(fields.get("advance")):
                clock.advance(fields["advance"])
            else:
                raise ActError('{"to": an ISO instant} or {"advance": seconds}')
        except ClockWentBackError as error:
            raise ActError(str(error)) from None
        except (ValueError, OverflowError) as error:
            raise ActError(f"no such instant: {error}") from None
        self._telegram.updates.release()
        self._telegram.tell("clock", **self._clock_object())
        return self._clock_object()

    async def _trouble(self, request: web.Request) -> Json:
        trouble = self._telegram.trouble
        if request.method == "POST":
            try:
                trouble.change(await _body(request))
            except ValueError as error:
                raise ActError(str(error)) from None
            self._telegram.updates.release()
        return {
            "pacing": trouble.pacing,
            "hold_updates": trouble.hold_updates,
            "methods": trouble.methods,
            "seed": trouble.seed,
            "fail_percent": trouble.fail_percent,
        }

    async def _group(self, request: web.Request) -> Json:
        return {"group": self._group_object(self._groups.change(await _body(request)))}

    # --- news

    async def _events(self, request: web.Request) -> web.StreamResponse:
        viewer = None
        if "as" in request.query:
            try:
                viewer = self._viewer(request)
            except ActError as error:
                return web.json_response({"ok": False, "error": str(error)}, status=400)
        stream: asyncio.Queue[str | None] = asyncio.Queue()

        def listen(kind: str, chat_id: int | None, news: Json) -> None:
            if stream.qsize() > EVENTS_BEHIND:
                self._telegram.listeners.discard(listen)
                stream.put_nowait(None)
            elif event := self._event(viewer, kind, chat_id, news):
                stream.put_nowait(event)

        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        self._telegram.listeners.add(listen)
        self._streams.add(stream)
        try:
            await response.write(b"retry: 500\n\n")
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        event = await stream.get()
                except TimeoutError:
                    event = ": still here\n\n"
                if event is None:
                    break
                await response.write(event.encode())
        except ConnectionResetError:
            pass
        finally:
            self._telegram.listeners.discard(listen)
            self._streams.discard(stream)
        return response

    def _event(self, viewer: int | None, kind: str, chat_id: int | None, news: Json) -> str | None:
        event: Json = {"type": kind, **news}
        if chat_id is not None:
            event["chat"] = chat_id
            chat = self._telegram.chats[chat_id]
            if viewer is not None and not chat.sees(viewer):
                return None
            person = viewer if viewer is not None or chat.type != "private" else chat.id
            if "message" in event:
                event["message"] = seen_by(person, event["message"])
        return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"


def seen_by(person: object, message: Json) -> Json:
    """Return a message as the page shows it to a person (None: to nobody in particular)."""
    outgoing = None if person is None else message["from"]["id"] == person
    seen = {**message, "outgoing": outgoing}
    if "photo" in seen:
        seen["photo"] = [{**size, "file_url": f"{ROOT}/file/{size['file_id']}"} for size in seen["photo"]]
    for name in {"document", "voice", "sticker"} & seen.keys():
        seen[name] = {**seen[name], "file_url": f"{ROOT}/file/{seen[name]['file_id']}"}
    for name in ("reply_to_message", "pinned_message"):
        if name in seen:
            seen[name] = seen_by(person, seen[name])
    return seen


def _unread(chat: Chat, person: int) -> int:
    count, read = 0, chat.read.get(person, 0)
    for message in reversed(chat.messages.values()):
        if message["message_id"] <= read:
            break
        count += message["from"]["id"] != person
    return count


def _topics(chat: Chat) -> list[Json]:
    return [{"message_thread_id": one.id, "name": one.name, "closed": one.closed} for one in chat.topics.values()]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


async def _json(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        raise ActError("the body is not JSON") from None


async def _body(request: web.Request) -> Json:
    fields = await _json(request)
    if not isinstance(fields, dict):
        raise ActError("the body must be an object")
    return fields


def _answering(answer: Callable[[web.Request], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Turn what an answer returns or raises into a response."""

    async def respond(request: web.Request) -> web.Response:
        try:
            body, status = await answer(request), 200
        except ActError as error:
            body, status = {"ok": False, "error": str(error)}, 400
        except web.HTTPRequestEntityTooLarge:
            body, status = {"ok": False, "error": "that is too large"}, 413
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return web.Response(
            text=text, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    return respond
