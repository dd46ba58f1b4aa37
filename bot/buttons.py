"""What a button carries: whoever presses one may have written it, so nothing unbounded comes out of it.

Every button's class stands on `CallbackData` here: its numbers fit the database's largest, its texts fit a button and
hold no control characters, its days are of our time. What does not fit is answered as a button from another time.
"""

from datetime import date
from typing import Annotated, Any, Self

from aiogram.filters.callback_data import MAX_CALLBACK_LENGTH
from aiogram.filters.callback_data import CallbackData as AnyCallbackData
from pydantic import Field, model_validator

LARGEST = 2**63 - 1
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2099, 12, 31)

Place = Annotated[int, Field(ge=0, le=9999)]
"""Of something in a list, or of a page: counted from 0."""


class CallbackData(AnyCallbackData, prefix="of ours"):
    """What a button carries; unpacking raises ValueError for values that no button of ours ever had."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for value in self.__dict__.values():
            if not _fits(value):
                raise ValueError("no button of ours carries this")
        return self

    def _encode_value(self, key: str, value: Any) -> str:
        return value.isoformat() if isinstance(value, date) else super()._encode_value(key, value)


def is_near(day: date) -> bool:
    """Tell whether a day is of our time: any calendar, zone or span reaches it."""
    return FIRST_DAY <= day <= LAST_DAY


def _fits(value: Any) -> bool:
    match value:
        case int():
            return -LARGEST <= value <= LARGEST
        case str():
            return value.isprintable() and len(value.encode()) <= MAX_CALLBACK_LENGTH
        case date():
            return is_near(value)
    return True
