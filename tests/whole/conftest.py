"""The program as processes: started as people start it, spoken to over HTTP, stopped by its own id."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from bench.measurements import record
from bench.table import Table
from tests.whole.hatchery import hatchery

PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Demo:
    """A running `kenes demo`: its page, and the folder it was started in."""

    url: str
    folder: Path


Show = Callable[[str, Table], None]


@pytest.fixture
def show(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Show:
    """Give a way to print a table past pytest, and into docs/measurements.md when the whole of it was measured."""

    def shown(title: str, table: Table) -> None:
        with capsys.disabled():
            print(f"\n{table}", flush=True)  # noqa: T201 - the figures are what the test is for
        if request.node.get_closest_marker("soak"):
            record(title, [table])

    return shown


@pytest.fixture(scope="session", autouse=True)
def _no_hatchery_is_left() -> Iterator[None]:
    yield
    if hatchery.cache_info().currsize:
        hatchery().close()


def engine(database_url: str) -> str:
    """Return a database's name as people know it."""
    return "SQLite" if database_url.startswith("sqlite") else "PostgreSQL"


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(true: Callable[[], bool], what: str, process: subprocess.Popen[str]) -> None:
    """Wait for something outside this process; fails when the process ends or patience does."""
    for _ in range(PATIENCE_SECONDS * 10):
        if true():
            return
        assert process.poll() is None, f"ended while waiting until {what}: {process.communicate()[0]}"
        time.sleep(0.1)
    pytest.fail(f"waited {PATIENCE_SECONDS} s in vain until {what}")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "kenes", "demo", "--port", str(port), "--no-browser"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: "getUpdates" in answer(f"{url}/sandbox/api/stats"), "the bot polls", process)
        yield Demo(url, folder)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def answer(url: str) -> str:
    """Return what an address answers, nothing while nobody does."""
    try:
        with urlopen(url, timeout=5) as response:
            text: str = response.read().decode()
            return text
    except URLError:
        return ""
