"""The instant a person acted: the only thing a deadline is measured against."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class _Instant:
    at: datetime

    def __post_init__(self) -> None:
        """Refuse a naive date: nobody could say when it was."""
        if self.at.utcoffset() is None:
            raise ValueError(f"{self.at.isoformat()} has no time zone")


class MessageInstant(_Instant):
    """Telegram's own date of the message that files something; a press, an edit or a forward has none.

    Raises ValueError when ``at`` carries no time zone.
    """

    __slots__ = ()


class CounterInstant(_Instant):
    """When staff took a request on paper, as they state it and answer for it.

    Raises ValueError when ``at`` carries no time zone.
    """

    __slots__ = ()


FilingInstant: TypeAlias = MessageInstant | CounterInstant
"""When a request was filed, in the chat or at the counter."""
