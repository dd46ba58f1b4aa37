"""The clock can be moved forward from outside, and by nothing else."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from services.clock import ClockError, FileClock, WallClock, clock_from

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)


def write(path: Path, text: str, *, turn: int) -> None:
    """Write a clock file whose time of change differs from the last one's."""
    path.write_text(text)
    os.utime(path, ns=(turn, turn))


@time_machine.travel(NOON, tick=False)
def test_without_a_setting_the_machine_tells_the_time() -> None:
    clock = clock_from(None)
    assert isinstance(clock, WallClock)
    assert clock.now() == NOON


@time_machine.travel(NOON, tick=False)
def test_a_clock_file_moves_the_clock_as_often_as_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    write(path, "-3600", turn=1)
    clock = clock_from(str(path))
    assert clock.now() == datetime(2026, 1, 12, 11, tzinfo=UTC)
    write(path, "86400.5", turn=2)
    assert clock.now() == datetime(2026, 1, 13, 12, 0, 0, 500_000, tzinfo=UTC)


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize("text", ["-5", "", "soon", "nan", "1e300"])
def test_nothing_turns_a_clock_back_and_nonsense_changes_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock"
    write(path, "60", turn=1)
    clock = FileClock(path)
    write(path, text, turn=2)
    assert clock.now() == datetime(2026, 1, 12, 12, 1, tzinfo=UTC)
    path.unlink()
    assert clock.now() == datetime(2026, 1, 12, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize("content", [None, "soon"])
def test_a_clock_that_cannot_be_read_at_the_start_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "clock"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ClockError, match=r"KENES_CLOCK=.*clock.*allowed: a file or http address"):
        clock_from(str(path))
