"""The instant a person acted: the only thing a deadline is measured against."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class MessageInstant:
    """Telegram's own date of the message that files something; a press, an edit or a forward has none.

    Raises ValueError when ``at`` carries no time zone.
    """

    at: datetime

    def __post_init__(self) -> None:
        """Refuse a naive date: nobody could say when it was."""
        if self.at.utcoffset() is None:
            raise ValueError(f"{self.at.isoformat()} has no time zone")
