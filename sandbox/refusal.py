"""How the sandbox says no to a bot: an error in the Bot API's own words."""

from typing import Any


class ApiRefusal(Exception):  # noqa: N818 - a refusal is an answer here, not a fault of ours
    """A Bot API error: `code` is also the HTTP status, `parameters` as in ResponseParameters."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        """Take what the answer will say."""
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad_request(what: str) -> ApiRefusal:
    """Return the refusal Telegram words as "Bad Request: ..."."""
    return ApiRefusal(400, f"Bad Request: {what}")


def forbidden(what: str) -> ApiRefusal:
    """Return the refusal Telegram words as "Forbidden: ..."."""
    return ApiRefusal(403, f"Forbidden: {what}")
