"""Personal data: everything stored about one person, to be seen and taken away."""

from dataclasses import dataclass
from datetime import datetime

from storage.unit import Storage


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything stored about one person, and nothing about anybody else: section -> rows of field -> value."""

    person_id: str
    taken_at: datetime
    sections: dict[str, list[dict[str, object]]]

    def as_json(self) -> bytes:
        """Write it all as a UTF-8 JSON file: instants in ISO 8601 with offset, exact numbers as text."""
        raise NotImplementedError


async def everything_about(storage: Storage, *, person_id: str, now: datetime) -> PersonalData:
    """Collect what is stored about a person, for `/me`."""
    raise NotImplementedError
