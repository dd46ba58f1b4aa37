"""One process to a SQLite file, for as long as that process lives and not a moment longer."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.holding import HeldError, holding

ROOT = Path(__file__).parents[2]
HOLDS = """
import os, sys
from storage.holding import holding
with holding(sys.argv[1]) as held:
    held.note(pid=os.getpid())
    if sys.argv[2] == "and forks" and os.fork() == 0:
        sys.stdin.read()  # lives on after its parent, without the lock
        os._exit(0)
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another(url: str, how: str = "") -> Iterator[subprocess.Popen[str]]:
    """Have another process hold a database."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, url, how],
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.communicate()


def url_of(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'kenes.db'}"


def test_a_second_process_is_refused_and_told_which_is_the_first(tmp_path: Path) -> None:
    with another(url_of(tmp_path)) as first:
        with (
            pytest.raises(HeldError, match=f"process {first.pid} runs over .*kenes.db") as refused,
            holding(url_of(tmp_path)),
        ):
            pass
        assert refused.value.pid == first.pid
    with holding(url_of(tmp_path)):
        pass


@pytest.mark.parametrize("how", ["", "and forks"])
def test_what_a_process_held_is_free_when_it_is_killed_though_a_child_of_it_lives_on(tmp_path: Path, how: str) -> None:
    with another(url_of(tmp_path), how) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
        with holding(url_of(tmp_path)) as held:
            assert held.notes["pid"] == first.pid


def test_the_file_is_the_same_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(tmp_path)
    with another(url_of(tmp_path)), pytest.raises(HeldError), holding(url_of(tmp_path / "other")):
        pass


def test_a_copy_is_held_by_nobody_and_knows_what_was_noted(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    with another(url_of(tmp_path)) as first:
        shutil.copy(tmp_path / "kenes.db-run", there)
        with holding(url_of(there)) as held:
            assert held.notes == {"pid": first.pid}


def test_notes_last_and_are_their_owner_s_only(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with holding(url_of(folder)) as held:
        held.note(pid=1, administrators={"7": "kk"})
        held.note(ended=True)
    with holding(url_of(folder)) as held:
        assert held.lasting
        assert held.notes == {"pid": 1, "administrators": {"7": "kk"}, "ended": True}
    assert (folder / "kenes.db-run").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    (folder / "kenes.db-run").write_text("nonsense")
    with holding(url_of(folder)) as held:
        assert held.notes == {}


def test_postgresql_is_held_by_as_many_as_want_to(postgres_url: str) -> None:
    with holding(postgres_url) as one, holding(postgres_url) as other:
        one.note(pid=1)
        assert not one.lasting
        assert other.notes == {}
