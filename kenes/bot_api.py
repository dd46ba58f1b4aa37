"""One plain call of the Bot API, for commands that need no bot and should not pay for one."""

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from kenes.settings import Settings

TIMEOUT_SECONDS = 10


class BotApiError(Exception):
    """The server did not answer, or refused; the text says which, without the token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method returned, and the server's own time when it said it."""

    result: Any
    date: datetime | None


def call(settings: Settings, method: str) -> Answer:
    """Call a method without arguments; raises BotApiError, SettingsError without a token."""
    request = Request(f"{settings.bot_api_url}/bot{settings.token}/{method}")  # noqa: S310 - the operator's own setting
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            date = response.headers.get("Date")
            answer = json.load(response)
    except HTTPError as error:
        raise BotApiError(f"{settings.bot_api_url} refused {method}: {error.code} {error.reason}") from None
    except (OSError, ValueError, HTTPException) as error:
        raise BotApiError(f"{settings.bot_api_url} did not answer {method}: {type(error).__name__}") from None
    if not isinstance(answer, dict) or not answer.get("ok"):
        raise BotApiError(f"{settings.bot_api_url} answered {method} with no result")
    return Answer(answer["result"], parsedate_to_datetime(date) if date else None)
