"""A PostgreSQL server of a test's own, which it may restart."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.whole.conftest import free_port

PROGRAMS = Path("/usr/lib/postgresql")  # where Debian has them


@dataclass(frozen=True)
class Server:
    """A server on loopback."""

    programs: Path
    data: Path
    port: int

    @property
    def url(self) -> str:
        """Name its database."""
        return f"postgresql+asyncpg://root@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of the server's, as somebody who is not root."""
        user = "postgres" if os.geteuid() == 0 else None
        command = [str(self.programs / program), "-D", str(self.data), *arguments]
        done = subprocess.run(
            command, user=user, cwd=self.data, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def control(self, *arguments: str) -> None:
        """Start, stop or restart it, and wait until that is done."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data}"
        self.run("pg_ctl", "-w", "-l", str(self.data / "log"), "-o", options, *arguments)

    def restart(self) -> None:
        """End every connection, stop, and start again."""
        self.control("restart", "-m", "fast")


@contextmanager
def server() -> Iterator[Server]:
    """Give a server that runs; the test is skipped where Debian's PostgreSQL is not installed."""
    found = sorted(PROGRAMS.glob("*/bin"))
    if not found:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL's programs are not installed")
        pytest.skip("PostgreSQL's programs are not installed")
    data = Path(tempfile.mkdtemp(prefix="kenes-server-"))
    made = Server(found[-1], data, free_port())
    if os.geteuid() == 0:
        shutil.chown(data, "postgres")
    try:
        made.run("initdb", "--auth=trust", "--username=root", "--no-sync")
        made.control("start")
        try:
            yield made
        finally:
            made.control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(data)
