"""Updates on their way to the bot: kept a day, confirmed by offset, or pushed to a webhook until it answers 200."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from sandbox.clock import SandboxClock
from sandbox.refusal import ApiRefusal

KEPT_SECONDS = 24 * 3600
QUIET_SECONDS = 7 * 24 * 3600
NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
LONGEST_PAUSE_SECONDS = 60
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Update:
    """One update: its body as JSON text, the chat it belongs to, when it came (Unix seconds by the sandbox's clock)."""

    id: int
    chat: int
    at: float
    text: str


@dataclass
class Lane:
    """One chat's updates for the webhook, and how often the first of them has failed."""

    updates: deque[Update] = field(default_factory=deque)
    failures: int = 0
    delay: int = 1

    def pause(self, random: Random) -> int:
        """Return how long to wait before the next try: none, then 2, 4, 8 ... seconds, at most one to two minutes."""
        self.failures += 1
        if self.failures == 1:
            return 0
        self.delay = min(random.randint(LONGEST_PAUSE_SECONDS, 2 * LONGEST_PAUSE_SECONDS), self.delay * 2)
        return self.delay

    def succeeded(self) -> None:
        """Go on to the next update."""
        self.updates.popleft()
        self.failures, self.delay = 0, 1


@dataclass
class Webhook:
    """Where updates are pushed, and how the last pushes went."""

    url: str
    secret_token: str | None = None
    max_connections: int = 40
    last_error_at: int | None = None
    last_error: str | None = None
    lanes: dict[int, Lane] = field(default_factory=dict)
    ready: "asyncio.Queue[int]" = field(default_factory=asyncio.Queue)
    workers: set["asyncio.Task[None]"] = field(default_factory=set)


class UpdateQueue:
    """The bot's updates in order; one poller or one webhook takes them."""

    def __init__(
        self,
        clock: SandboxClock,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        held: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin with none, at a random number: a bot that remembers numbers must not take a new sandbox for an old one.

        `sleep` waits between redeliveries, `held` tells whether updates are kept back for now.
        """
        self.allowed: list[str] = []
        self.webhook: Webhook | None = None
        self._clock = clock
        self._random = Random()  # noqa: S311 - numbers, not secrets
        self._sleep = sleep
        self._held = held
        self._pending: dict[int, Update] = {}
        self._last_id = self._random.randint(100_000_000, 900_000_000)
        self._last_at = clock.timestamp()
        self._arrived = asyncio.Event()
        self._poll = 0
        self._session: aiohttp.ClientSession | None = None

    @property
    def last_id(self) -> int:
        """The newest update's id."""
        return self._last_id

    def add(self, kind: str, chat: int, body: dict[str, Any]) -> None:
        """Put an update in the queue, unless the bot did not ask for its kind."""
        if kind not in self.allowed if self.allowed else kind in NOT_BY_DEFAULT:
            return
        now = self._clock.timestamp()
        if now - self._last_at >= QUIET_SECONDS:
            self._last_id = self._random.randint(100_000_000, 900_000_000)
        self._last_id += 1
        self._last_at = now
        text = json.dumps({"update_id": self._last_id, kind: body}, ensure_ascii=False, separators=(",", ":"))
        update = Update(self._last_id, chat, now, text)
        self._pending[update.id] = update
        if self.webhook is not None:
            self._enqueue(self.webhook, update)
        self._arrived.set()

    def count(self) -> int:
        """Return how many wait for confirmation."""
        self._forget_old()
        return len(self._pending)

    def drop(self) -> None:
        """Forget all that wait."""
        self._pending.clear()
        if self.webhook is not None:
            self.webhook.lanes.clear()

    def release(self) -> None:
        """Look again whether updates are held back."""
        self._arrived.set()

    async def poll(self, offset: int, limit: int, timeout: float) -> list[str]:  # noqa: ASYNC109 - Telegram's field
        """Return updates from `offset` on as JSON texts, waiting up to `timeout` seconds of real time for the first.

        An offset confirms all before it. Negative: from the end, forgetting the rest. An offset beyond the next
        update's id is taken for one from before the ids began anew, and ignored. Raises ApiRefusal 409 when a webhook
        is set, or when another poll begins meanwhile: the newer one wins, as with Telegram.
        """
        if self.webhook is not None:
            raise ApiRefusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._poll += 1
        mine = self._poll
        self._arrived.set()
        self._confirm(offset)
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            self._forget_old()
            if self._pending and not self._held():
                texts = []
                for update in self._pending.values():
                    texts.append(update.text)
                    if len(texts) == limit:
                        break
                return texts
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._arrived.wait()
            except TimeoutError:
                return []
            if mine != self._poll:
                raise ApiRefusal(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            for update_id in list(self._pending)[:offset]:
                del self._pending[update_id]
        elif 0 < offset <= self._last_id + 1:
            for update_id in list(self._pending):
                if update_id >= offset:
                    break
                del self._pending[update_id]

    def _forget_old(self) -> None:
        oldest = self._clock.timestamp() - KEPT_SECONDS
        while self._pending:
            first = next(iter(self._pending.values()))
            if first.at >= oldest:
                return
            del self._pending[first.id]

    async def set_webhook(self, webhook: Webhook | None) -> None:
        """Push to this address from now on (None: to none), what waits first."""
        if self.webhook is not None:
            workers = list(self.webhook.workers)
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        self.webhook = webhook
        if webhook is None:
            return
        self._poll += 1
        self._arrived.set()
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS))
        for update in self._pending.values():
            self._enqueue(webhook, update)
        for _ in range(webhook.max_connections):
            webhook.workers.add(asyncio.create_task(self._push(webhook)))

    async def close(self) -> None:
        """Stop pushing and end every poll."""
        await self.set_webhook(None)
        self._poll += 1
        self._arrived.set()
        if self._session is not None:
            await self._session.close()

    def _enqueue(self, webhook: Webhook, update: Update) -> None:
        lane = webhook.lanes.setdefault(update.chat, Lane())
        lane.updates.append(update)
        if len(lane.updates) == 1:
            webhook.ready.put_nowait(update.chat)

    async def _push(self, webhook: Webhook) -> None:
        """Deliver chat by chat: chats side by side, one chat's updates strictly in order, as Telegram does."""
        while True:
            chat = await webhook.ready.get()
            while self._held():
                self._arrived.clear()
                await self._arrived.wait()
            lane = webhook.lanes.get(chat)
            if lane is None:
                continue
            update = lane.updates[0]
            fresh = update.id in self._pending and update.at >= self._clock.timestamp() - KEPT_SECONDS
            error = await self._post(webhook, update) if fresh else None
            if error is not None:
                webhook.last_error, webhook.last_error_at = error, int(self._clock.timestamp())
                again = asyncio.create_task(self._again(webhook, chat, lane.pause(self._random)))
                webhook.workers.add(again)
                again.add_done_callback(webhook.workers.discard)
                continue
            self._pending.pop(update.id, None)
            lane.succeeded()
            if lane.updates:
                webhook.ready.put_nowait(chat)
            elif webhook.lanes.get(chat) is lane:
                del webhook.lanes[chat]

    async def _again(self, webhook: Webhook, chat: int, pause: float) -> None:
        await self._sleep(pause)
        webhook.ready.put_nowait(chat)

    async def _post(self, webhook: Webhook, update: Update) -> str | None:
        if self._session is None:
            return "Connection closed"
        headers = {"Content-Type": "application/json"}
        if webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret_token
        try:
            async with self._session.post(webhook.url, data=update.text.encode(), headers=headers) as answer:
                if 200 <= answer.status < 300:
                    return None
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientError as error:
            return f"Connection failed: {type(error).__name__}"
