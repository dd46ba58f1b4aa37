"""What administrators are told by the bot itself: something is wrong, and what."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.i18n import Html, Texts, bold, paragraphs
from bot.screen import Screen
from services.watching import Alarm


def alert(texts: Texts, content: Mapping[str, Any]) -> Screen:
    """Say what is wrong, from the content of an owed message of kind `services.watching.ALERT`."""
    return Screen(
        paragraphs(
            bold(texts("⚠️ The bot needs an administrator")),
            _wrong(texts, Alarm(content["alarm"]), content),
            texts("What to do is told in <code>docs/operations.md</code>."),
        )
    )


def _wrong(texts: Texts, alarm: Alarm, content: Mapping[str, Any]) -> Html:
    last = _instant(content.get("last"))
    match alarm:
        case Alarm.CANNOT_SEND:
            since, at = _instant(content["since"]), _instant(content["at"])
            return texts.many(
                "No message has gone out since {since}; at {at}, {n} was waiting.",
                "No message has gone out since {since}; at {at}, {n} were waiting.",
                content["waiting"],
                since=since,
                at=at,
            )
        case Alarm.REFUSED:
            return texts.many(
                "{n} message of the bot will not arrive: Telegram refuses it. The log says why.",
                "{n} messages of the bot will not arrive: Telegram refuses them. The log says why.",
                content["number"],
            )
        case Alarm.DISK_FILLING:
            megabytes = content["bytes"] // 1024**2
            return texts(
                "The disk of the records is filling: {n} MB are free. When it is full, nothing is kept.", n=megabytes
            )
        case Alarm.BACKUP_FAILED:
            return texts("The backup failed: {at}.", at=_instant(content["at"]))
        case Alarm.BACKUP_OVERDUE if last is None:
            return texts("No backup was ever made.")
        case Alarm.BACKUP_OVERDUE:
            return texts("The last backup is of {last}. The next one is overdue.", last=last)
        case Alarm.IMPORT_OVERDUE if last is None:
            return texts("No file of the university's systems was ever loaded.")
        case Alarm.IMPORT_OVERDUE:
            return texts(
                "The last file of the university's systems came on {last}. The next one is overdue.", last=last
            )


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
