"""What the process counts about itself: called where it happens, read by whoever watches the bot (Prometheus).

Who counts is given a `Meter` and calls it; `Uncounted` is the one to default to.
"""

from collections.abc import Callable
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
