"""Two processes over one PostgreSQL: what one was loading when it was killed is gone on with by the other."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.records import fill
from bench.university import MARK_COLUMNS, mark_rows, write_csv
from bot.jobs.resuming import GONE_AFTER
from policy.people import Language, Name, Role, RoleGrant
from policy.profile import load_profile
from sandbox.cast import Person, World
from sandbox.files import Upload
from sandbox.state import Json
from storage.database import Database
from storage.records import Person as Registrar
from tests.whole.conftest import free_port
from tests.whole.crowd import FIRST_REGISTRAR, NOW
from tests.whole.scene import Scene, beside, buttons, scene

STUDENTS, COURSES = 400, 40  # so that a load takes some seconds
HOW_FAR = re.compile(r"⏳\D+\d+\D+\d+")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_load_that_a_kill_cut_short_is_gone_on_with_in_the_other_process(
    database_url: str, tmp_path: Path
) -> None:
    await _populate(database_url, tmp_path)
    path = tmp_path / "all-marks.csv"
    write_csv(path, MARK_COLUMNS, mark_rows(STUDENTS, courses=COURSES))
    called, spare = _called_at(free_port()), _called_at(free_port())
    world = World(people=(Person(id=FIRST_REGISTRAR, first_name="Ольга", started=True),), start=NOW)
    async with scene(world, database_url, tmp_path, **called) as stage, beside(stage, **spare) as other:
        await other.start()
        await other.until_it_polls()
        await stage.start()
        await stage.until_it_polls()  # where it is called is what was said last
        stage.people.upload(_act(do="upload"), [Upload(path.read_bytes(), path.name, "text/csv")])
        offered = await _shown(stage, lambda message: _sends(message, "load"))
        _press(stage, offered)
        _press(stage, await _shown(stage, lambda message: _sends(message, "loadk")), "loadk")
        await _shown(stage, lambda message: HOW_FAR.search(message["text"]) is not None)
        await stage.kill()
        assert stage.telegram.updates.webhook is not None
        stage.telegram.updates.webhook.url = spare["WEBHOOK_URL"]
        stage.telegram.clock.move_to(stage.telegram.clock.now() + GONE_AFTER)
        cut_short = await _shown(stage, lambda message: _sends(message, "load"))
        assert cut_short["message_id"] == offered["message_id"]
        assert cut_short["text"] != offered["text"]
        _press(stage, cut_short)  # what was asked before is asked again: hours may have gone by
        _press(stage, await _shown(stage, lambda message: _sends(message, "loadk")), "loadk")
        await _shown(stage, lambda message: _sends(message, "undo"))
        await other.stop()
    async with Database.open(database_url) as database, database.read() as storage:
        loaded = [each.file_name for each in await storage.imports.latest() if each.actor]
        waiting = await storage.uploads.size()
    assert loaded == [path.name]
    assert not waiting


async def _populate(database_url: str, folder: Path) -> None:
    async with Database.open(database_url) as database:
        await fill(database, folder, load_profile(None), students=STUDENTS, courses=0)
        async with database.write() as storage:
            await storage.people.save([Registrar("T0001", Name("Иванова", "Ольга"), Language.RU, None)])
            await storage.roles.grant([RoleGrant("T0001", Role.REGISTRAR)], at=NOW, by=None)
            await storage.accounts.link(FIRST_REGISTRAR, "T0001", at=NOW, consent_version="whole")
            await storage.commit()


def _called_at(port: int) -> dict[str, str]:
    """Return the settings of a process that is called at a port."""
    url = f"http://127.0.0.1:{port}/telegram"
    return {"WEBHOOK_URL": url, "WEBHOOK_PORT": str(port), "WEBHOOK_SECRET": "only-Telegram-knows"}


def _act(**act: object) -> Json:
    return {"as": FIRST_REGISTRAR, "chat": FIRST_REGISTRAR, **act}


def _press(stage: Scene, message: Json, prefix: str = "load") -> None:
    data = next(each for each in buttons(message) if each.startswith(f"{prefix}:"))
    stage.people.press(_act(message_id=message["message_id"], data=data))


async def _shown(stage: Scene, matches: Callable[[Json], bool]) -> Json:
    shown = await stage.seen(FIRST_REGISTRAR, matches)
    assert shown is not None, stage.log()
    return shown


def _sends(message: Json, prefix: str) -> bool:
    return any(data.startswith(f"{prefix}:") for data in buttons(message))
