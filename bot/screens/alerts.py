"""What administrators are told by the bot itself: something is wrong, and what."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.i18n import Html, Texts, bold, lines, paragraphs
from bot.screen import Screen
from services.watching import Alarm
from storage.trouble import Trouble
from storage.witness import Loss


def alert(texts: Texts, content: Mapping[str, Any]) -> Screen:
    """Say what is wrong, from the content of an owed message of kind `services.watching.ALERT`."""
    return Screen(
        paragraphs(
            bold(texts("⚠️ The bot needs an administrator")),
            _wrong(texts, Alarm(content["alarm"]), content),
            texts("What to do is told in <code>docs/operations.md</code>."),
        )
    )


def storage_alert(texts: Texts, trouble: Trouble, since: datetime, loss: Loss | None = None) -> Screen:
    """Say that storage does not work, and of which file what is known."""
    told = [_TROUBLES[trouble](texts), *(_of_file(texts, loss.file, loss.update_id, loss.at) if loss else ())]
    return Screen(
        paragraphs(
            bold(texts("⚠️ The bot needs an administrator")),
            lines(*told, texts("Since: {since}", since=since)),
            texts("What people send is kept meanwhile, and handled when storage works again."),
            texts("What to do is told in <code>docs/operations.md</code>."),
        )
    )


def cannot_start(texts: Texts, why: str) -> Screen:
    """Say that the bot does not start, in the words of its log."""
    return Screen(
        paragraphs(
            bold(texts("⚠️ The bot needs an administrator")),
            texts("It does not start: <code>{why}</code>", why=why),
            texts("What to do is told in <code>docs/operations.md</code>."),
        )
    )


def storage_back(texts: Texts, since: datetime, over: datetime) -> Screen:
    """Say that storage works again."""
    return Screen(
        paragraphs(
            texts("✅ Storage works again. It did not: {since} – {over}.", since=since, over=over),
            texts("What was sent meanwhile is being handled."),
        )
    )


_TROUBLES: Mapping[Trouble, Callable[[Texts], Html]] = {
    Trouble.FULL: lambda texts: texts("The disk of the records is full."),
    Trouble.READ_ONLY: lambda texts: texts("The records cannot be written to."),
    Trouble.LOST: lambda texts: texts("The records are not where they should be."),
    Trouble.BUSY: lambda texts: texts("Another program has the records to itself."),
    Trouble.SILENT: lambda texts: texts("The database server does not answer."),
    Trouble.BROKEN: lambda texts: texts("The disk of the records fails."),
    Trouble.DAMAGED: lambda texts: texts("The file of the records is damaged."),
}


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
        case Alarm.RECORDS_LOST:
            return _lost(texts, content["files"], content["held"])


def _lost(texts: Texts, files: Sequence[Mapping[str, Any]], held: int) -> Html:
    """Say which files are older than they were, and what waits because of it."""
    told = [texts("A part of the records is missing: what was written last is not there.")]
    for each in files:
        told += _of_file(texts, each["file"], each["update"], _instant(each["at"]))
    if held:
        told.append(texts("Messages held until somebody looks at them: {n} (<code>kenes held</code>)", n=held))
    return lines(*told)


def _of_file(texts: Texts, file: str, update: int | None, at: datetime | None) -> list[Html]:
    told = [texts("File: <code>{file}</code>", file=file)]
    return [*told, texts("The last update it knows: {number}, {at}", number=update, at=at)] if at else told


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
