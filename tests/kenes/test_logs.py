"""A log line is JSON and says nothing about anybody."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from kenes.logs import configure_logs

TOKEN = "123456789:" + "Ab_-" * 9


@pytest.fixture
def lines() -> Iterator[Any]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    structlog.reset_defaults()


def test_our_lines_and_the_libraries_are_one_json_object_each(lines: Any) -> None:
    structlog.get_logger("ours").info("update handled", update_id=7)
    logging.getLogger("theirs").warning("slow: %s", 3)
    ours, theirs = lines()
    assert (ours["event"], ours["update_id"], ours["level"], ours["logger"]) == ("update handled", 7, "info", "ours")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow: 3", "warning", "theirs")
    assert ours["at"].endswith("Z")


@pytest.mark.parametrize("ours", [True, False])
def test_an_exception_tells_where_it_passed_and_not_what_it_quoted(lines: Any, ours: bool) -> None:
    log = structlog.get_logger("ours") if ours else logging.getLogger("theirs")
    try:
        raise ValueError("Ахметова 49.5")
    except ValueError:
        log.exception("update failed")
    (line,) = lines()
    assert line["error"] == "builtins.ValueError"
    assert line["where"][-1].startswith("tests/kenes/test_logs.py:")
    assert "Ахметова" not in json.dumps(line, ensure_ascii=False)


def test_an_error_of_the_network_keeps_its_message_without_the_token(lines: Any) -> None:
    try:
        raise ConnectionRefusedError(f"http://127.0.0.1/bot{TOKEN}/getUpdates refused")
    except ConnectionRefusedError:
        logging.getLogger("theirs").exception("failed for %s", TOKEN)
    (line,) = lines()
    assert "refused" in line["message"]
    assert TOKEN not in json.dumps(line)
