"""What the process counts about itself: called where it happens, read by whoever watches the bot (Prometheus).

Who counts is given a `Meter` and calls it; `Uncounted` is the one to default to, `Metrics` the one that is read.
"""

import math
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol


class Meter(Protocol):
    """What is counted; every call returns at once and never fails."""

    def polled(self) -> None:
        """Count an answered getUpdates, empty or not, or a call of the webhook."""

    def update_handled(self, seconds: float) -> None:
        """Count an update that was handled to its end, and how long that took."""

    def update_failed(self) -> None:
        """Count an update that was given up."""

    def ask_for_waiting(self, waiting: Callable[[], int], oldest: Callable[[], float]) -> None:
        """Say how to ask how many stored updates wait, and for how many seconds the oldest has (0: none does)."""

    def message_sent(self, priority: int) -> None:
        """Count an owed message that arrived, by its priority (`storage.outbox.Priority`)."""

    def message_failed(self, reason: str) -> None:
        """Count an owed message that will not arrive, by a reason out of a small set ("blocked", "BadRequest")."""

    def rate_limited(self) -> None:
        """Count an answer 429 to any call."""

    def swept(self, name: str, seconds_between: float) -> None:
        """Count a sweep that ended well, and say how long it is meant to be until its next."""


class Uncounted:
    """Counts nothing."""

    def polled(self) -> None:
        """Do nothing."""

    def update_handled(self, seconds: float) -> None:
        """Do nothing."""

    def update_failed(self) -> None:
        """Do nothing."""

    def ask_for_waiting(self, waiting: Callable[[], int], oldest: Callable[[], float]) -> None:
        """Do nothing."""

    def message_sent(self, priority: int) -> None:
        """Do nothing."""

    def message_failed(self, reason: str) -> None:
        """Do nothing."""

    def rate_limited(self) -> None:
        """Do nothing."""

    def swept(self, name: str, seconds_between: float) -> None:
        """Do nothing."""


class Metrics:
    """Counts for Prometheus, each process for itself; what is kept in the database is asked for when it is read."""

    def __init__(self, real: Callable[[], float] = monotonic) -> None:
        """Count by this clock (seconds, real time)."""
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

        self._real = real
        self._polled_at = real()
        self._oldest: Callable[[], float] = lambda: 0.0
        self._swept: dict[str, tuple[float, float]] = {}
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._handled = Histogram(
            "kenes_update_seconds",
            "Updates handled to their end, and how long it took",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30),
            registry=registry,
        )
        self._failed = Counter("kenes_updates_failed", "Updates given up", registry=registry)
        self._waiting = Gauge("kenes_updates_waiting", "Updates stored and not handled yet", registry=registry)
        self._age = Gauge("kenes_oldest_update_seconds", "How long the oldest of them has waited", registry=registry)
        poll = Gauge("kenes_since_poll_seconds", "Since Telegram last answered getUpdates or called", registry=registry)
        poll.set_function(lambda: self.since_poll)
        self._sent = Counter("kenes_messages_sent", "Owed messages that arrived", ["priority"], registry=registry)
        self._lost = Counter(
            "kenes_messages_failed", "Owed messages that will not arrive", ["reason"], registry=registry
        )
        self._limited = Counter("kenes_rate_limited", "Answers 429 to any call", registry=registry)
        self._outbox = Gauge("kenes_outbox_messages", "Messages due and not sent", ["priority"], registry=registry)
        self._unreachable = Gauge("kenes_unreachable_accounts", "Accounts no message reaches", registry=registry)
        self._lag = Gauge(
            "kenes_sweep_lag_seconds", "How late the next sweep of each kind is", ["sweep"], registry=registry
        )

    def polled(self) -> None:
        """Remember when Telegram last spoke to us."""
        self._polled_at = self._real()

    @property
    def since_poll(self) -> float:
        """Seconds since Telegram last spoke to us, or since the start."""
        return self._real() - self._polled_at

    @property
    def oldest(self) -> float:
        """How many seconds the oldest stored update has waited; 0 when none does."""
        return self._oldest()

    def update_handled(self, seconds: float) -> None:
        """Count an update and its time."""
        self._handled.observe(seconds)

    def update_failed(self) -> None:
        """Count an update that was given up."""
        self._failed.inc()

    def ask_for_waiting(self, waiting: Callable[[], int], oldest: Callable[[], float]) -> None:
        """Ask these whenever the numbers are read."""
        self._oldest = oldest
        self._waiting.set_function(waiting)
        self._age.set_function(oldest)

    def message_sent(self, priority: int) -> None:
        """Count a message that arrived."""
        self._sent.labels(str(int(priority))).inc()

    def message_failed(self, reason: str) -> None:
        """Count a message that will not."""
        self._lost.labels(reason).inc()

    def rate_limited(self) -> None:
        """Count a 429."""
        self._limited.inc()

    def swept(self, name: str, seconds_between: float) -> None:
        """Remember when a sweep ended and when its next is due."""
        self._swept[name] = self._real(), seconds_between

    def text(self, *, owed: Mapping[int, int] | None = None, unreachable: int | None = None) -> bytes:
        """Return everything in the text format of Prometheus, with what the database knows.

        `owed` counts the messages that are due by priority, `unreachable` the accounts; NaN where it does not say.
        """
        from prometheus_client import generate_latest

        self._outbox.clear()
        for priority, number in (owed or {}).items():
            self._outbox.labels(str(int(priority))).set(number)
        self._unreachable.set(math.nan if unreachable is None else unreachable)
        for name, (ended, seconds_between) in self._swept.items():
            self._lag.labels(name).set(max(0.0, self._real() - ended - seconds_between))
        return generate_latest(self._registry)
