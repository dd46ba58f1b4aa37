"""The bot as a process, watched and backed up by an operator while it works."""

import asyncio
import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from click.testing import CliRunner

from bench.records import FIRST_USER, fill
from kenes.__main__ import main
from policy.profile import load_profile
from sandbox.cast import Person, World
from storage.database import Database
from tests.whole.conftest import free_port
from tests.whole.scene import Scene, scene


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


async def test_an_operator_sees_how_it_is_and_takes_a_backup_while_it_works(database_url: str, tmp_path: Path) -> None:
    async with Database.open(database_url) as database:
        await fill(database, tmp_path, load_profile(None), students=1, courses=0)
    port = free_port()
    person = Person(id=FIRST_USER, first_name="Нұрлан", started=True)
    async with scene(World(people=(person,)), database_url, tmp_path, KENES_METRICS_PORT=str(port)) as stage:
        await stage.start()
        await ask(stage, "/marks")
        status, told = await asyncio.to_thread(asked, port, "healthz")
        assert (status, json.loads(told)) == (200, {"healthy": True, "problems": []})
        status, numbers = await asyncio.to_thread(asked, port, "metrics")
        assert status == 200
        assert "kenes_update_seconds_count 1.0" in numbers
        assert 'kenes_sweep_lag_seconds{sweep="records"} 0.0' in numbers
        assert 'kenes_outbox_messages{priority="0"} 0.0' in numbers
        file = tmp_path / "kenes.zip"
        outcome = await asyncio.to_thread(
            CliRunner(env={"DATABASE_URL": database_url, "KENES_CLOCK": None}).invoke, main, ["backup", str(file)]
        )
        assert outcome.exit_code == 0, outcome.output
        assert file.stat().st_size > 0
        await ask(stage, "/help")
        await stage.stop()


async def ask(stage: Scene, text: str) -> None:
    """Say something and wait for an answer."""
    before = len(stage.by_bot(FIRST_USER))
    stage.people.act({"as": FIRST_USER, "chat": FIRST_USER, "do": "send", "text": text})
    await stage.until(lambda: len(stage.by_bot(FIRST_USER)) > before, f"{text} is answered")
    await stage.until_nothing_is_left()
