"""A request to the Bot API, decoded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.files import Upload

Fields = Mapping[str, Any]
Uploads = Mapping[str, Upload]


@dataclass(frozen=True)
class Call:
    """One request: the decoded fields and the files that came with it."""

    fields: Fields
    uploads: Uploads

    def __getitem__(self, name: str) -> Any:
        """Return a field; raises KeyError."""
        return self.fields[name]

    def get(self, name: str, otherwise: Any = None) -> Any:
        """Return a field, if given."""
        return self.fields.get(name, otherwise)


Handler = Callable[[Call], Any]
"""Answers a call with the method's result, or an awaitable of it; raises ApiRefusal."""


class RawJson(str):
    """A result that is JSON text already."""

    __slots__ = ()
