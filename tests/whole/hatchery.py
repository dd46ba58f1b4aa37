"""Bots that start in an instant: a process that has imported everything forks one whenever it is asked to.

Importing aiogram takes a bot several times as long as all else it does before it is at work, and these tests start
hundreds. What is forked is a process of its own that runs `kenes run`; a cold start is shown by test_any_server.py.
"""

import asyncio
import gc
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

NEEDED = (  # besides what it imports itself, what `kenes run` imports when it is run
    "kenes.commands.run",
    "storage.migrations",
    "bot.app",
    "bot.commands",
    "bot.delivery.health",
    "bot.jobs.documents",
    "bot.jobs.folder",
    "bot.jobs.overdue",
    "bot.jobs.resuming",
    "bot.jobs.sweeps",
    "bot.delivery.touch",
    "bot.jobs.watch",
    "bot.delivery.metrics",
    "bot.delivery.polling",
    "bot.delivery.sender",
    "bot.delivery.webhook",
)


class Hatched:
    """A process that was forked, with what asyncio's processes have."""

    def __init__(self, hatchery: "Hatchery", pid: int) -> None:
        self.pid = pid
        self._hatchery = hatchery
        self._ended = os.pidfd_open(pid)  # readable once it has ended
        self._code: int | None = None

    @property
    def returncode(self) -> int | None:
        """What it ended with, None while it runs; minus the number of the signal that ended it."""
        if self._code is None and select.select([self._ended], [], [], 0)[0]:
            self._code = self._hatchery.code_of(self.pid)
            os.close(self._ended)
        return self._code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            signal.pidfd_send_signal(self._ended, number)

    async def wait(self) -> int:
        """Wait for its end."""
        if self.returncode is None:
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(self._ended, ended.set)
            try:
                await ended.wait()
            finally:
                asyncio.get_running_loop().remove_reader(self._ended)
        code = self.returncode
        assert code is not None
        return code


class Hatchery:
    """The process that forks, spoken to in lines of JSON."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.whole.hatchery"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *command: str, folder: Path, environment: Mapping[str, str], log: Path) -> Hatched:
        """Start `kenes` with these arguments; what it prints is added to `log`."""
        asked = {"command": command, "folder": str(folder), "environment": dict(environment), "log": str(log)}
        return Hatched(self, self._ask(asked))

    def code_of(self, pid: int) -> int:
        """Return what a process ended with, waiting for its end."""
        return self._ask({"ended": pid})

    def close(self) -> None:
        """End it; the bots are their tests' to end."""
        self._process.communicate(timeout=30)

    def _ask(self, question: Mapping[str, Any]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@cache
def hatchery() -> Hatchery:
    """Return the one of this test run."""
    return Hatchery()


def _hatch() -> None:
    """Import everything, then fork whenever asked."""
    gc.disable()
    for name in NEEDED:
        import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        if "ended" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["ended"], 0)[1])
        elif (answer := os.fork()) == 0:
            _run(asked)
        print(answer, flush=True)  # noqa: T201 - into the pipe


def _run(asked: Mapping[str, Any]) -> None:
    """Become what was asked for; never returns."""
    code = 1
    try:
        log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for given, place in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(given, place)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        command: Any = import_module("kenes.__main__").main
        command(asked["command"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _hatch()
