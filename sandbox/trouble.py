"""What goes wrong on purpose: Telegram's pacing answered with 429, and faults before or after the effect."""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from sandbox.refusal import ApiRefusal

Fault = Literal["5xx", "429", "drop_before", "drop_after"]
FAULTS: tuple[Fault, ...] = ("5xx", "429", "drop_before", "drop_after")

OVERALL_A_SECOND = 30  # core.telegram.org/bots/faq: about 30 messages a second to different chats
CHAT_A_SECOND = 1  # one a second to one chat, short bursts allowed
CHAT_BURST = 3  # how short a burst is, Telegram does not say: ours
GROUP_A_MINUTE = 20


def too_many_requests(retry_after: int) -> ApiRefusal:
    """Return Telegram's 429; `retry_after` in seconds."""
    return ApiRefusal(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


class _Bucket:
    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = now

    def wait(self, now: float, count: int) -> float:
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (min(count, self._burst) - self._left) / self._rate)

    def take(self, count: int) -> None:
        self._left -= count


class Pacing:
    """Telegram's published rates, strictly: 30 messages a second, 1 a second a chat, 20 a minute a group."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Count by this clock (seconds, real time)."""
        self._monotonic = monotonic
        self._overall = _Bucket(OVERALL_A_SECOND, OVERALL_A_SECOND, monotonic())
        self._chats: dict[int, _Bucket] = {}
        self._groups: defaultdict[int, deque[float]] = defaultdict(deque)

    def admit(self, chat_id: int, count: int) -> None:
        """Count so many messages to a chat; raises ApiRefusal 429, and then counts none of them."""
        now = self._monotonic()
        chat = self._chats.setdefault(chat_id, _Bucket(CHAT_A_SECOND, CHAT_BURST, now))
        wait = max(self._overall.wait(now, count), chat.wait(now, count))
        if chat_id < 0:
            sent = self._groups[chat_id]
            while sent and sent[0] <= now - 60:
                sent.popleft()
            if (excess := len(sent) + count - GROUP_A_MINUTE) > 0 and sent:
                wait = max(wait, sent[min(excess, len(sent)) - 1] + 60 - now)
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))
        self._overall.take(count)
        chat.take(count)
        if chat_id < 0:
            self._groups[chat_id].extend([now] * count)


@dataclass
class Trouble:
    """The faults asked for; JSON form in page_api. Percentages are of Bot API requests, each drawn from `seed`."""

    pacing: bool = False
    hold_updates: bool = False
    methods: list[str] | None = None
    seed: int = 0
    fail_percent: dict[Fault, float] = field(default_factory=lambda: dict.fromkeys(FAULTS, 0.0))

    def __post_init__(self) -> None:
        """Begin the draw."""
        self._random = Random(self.seed)  # noqa: S311 - chance that can be repeated, not a secret

    def change(self, given: dict[str, Any]) -> None:
        """Take the fields that are named; raises ValueError, and then changes nothing."""
        if unknown := set(given) - {"pacing", "hold_updates", "methods", "seed", "fail_percent"}:
            raise ValueError(f"trouble has no {', '.join(sorted(unknown))}")
        for name, kind in (("pacing", bool), ("hold_updates", bool), ("seed", int)):
            if name in given and type(given[name]) is not kind:
                raise ValueError(f"{name} must be {kind.__name__}")
        methods = given.get("methods")
        if methods is not None and not (isinstance(methods, list) and all(isinstance(one, str) for one in methods)):
            raise ValueError("methods must be a list of names or null")
        percent = given.get("fail_percent", {})
        if not isinstance(percent, dict) or not all(
            name in FAULTS and isinstance(share, int | float) and 0 <= share <= 100 for name, share in percent.items()
        ):
            raise ValueError(f"fail_percent gives a number from 0 to 100 for each of {', '.join(FAULTS)}")
        if sum({**self.fail_percent, **percent}.values()) > 100:
            raise ValueError("fail_percent adds up to more than 100")
        for name in ("pacing", "hold_updates", "methods", "seed"):
            if name in given:
                setattr(self, name, given[name])
        self.fail_percent.update(percent)
        if "seed" in given:
            self._random.seed(self.seed)

    def draw(self, method: str) -> Fault | None:
        """Tell which fault strikes this request, if any."""
        if not any(self.fail_percent.values()) or (self.methods is not None and method not in self.methods):
            return None
        point = self._random.uniform(0, 100)
        for fault, share in self.fail_percent.items():
            point -= share
            if point < 0:
                return fault
        return None
