"""Logs as JSON lines that carry ids and never a name, a mark, a text or a token.

An exception is logged as its type and the places it passed through. Its message is left out, because messages quote
what people wrote, unless it comes from the network or from Telegram, where nothing else tells what happened.
"""

import logging
import re
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

_TOKEN = re.compile(r"(?<!\d)\d{3,}:[A-Za-z0-9_-]{20,}")
_ROOT = Path(__file__).resolve().parent.parent
_Error = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logs(stream: TextIO = sys.stderr, level: str = "INFO") -> None:
    """Send every log line, ours and the libraries', as one JSON object to `stream`."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _error,
        _redact,
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("aiogram.event").setLevel(logging.WARNING)  # one line per update tells nothing new
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("sqlalchemy.pool").setLevel(
        logging.CRITICAL
    )  # that a connection broke is said by bot.delivery.troubles
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its type, the places it passed through and, from the network only, its message."""
    given = event.pop("exc_info", None)
    record = event.get("_record")
    if isinstance(record, logging.LogRecord) and record.exc_info:
        given, record.exc_info, record.exc_text = record.exc_info, None, None
    error = _as_error(given)
    if error is None:
        return event
    kind, value, trace = error
    event["error"] = f"{kind.__module__}.{kind.__qualname__}"
    event["where"] = [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-8:]
    ]
    if kind.__module__.partition(".")[0] in {"aiohttp", "aiogram"} or isinstance(value, OSError):
        event["message"] = str(value)
    return event


def _as_error(given: object) -> _Error | None:
    if given is True:
        given = sys.exc_info()
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    if isinstance(given, tuple) and given[0] is not None:
        return given
    return None


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else path.name


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blot out anything that looks like a bot's token."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _TOKEN.sub("***", value)
    return event
