"""Every shape of file gets its verdict in the chat and in the watched folder: never "try again", never left lying."""

from pathlib import Path

import pytest

from tests.bot.conftest import REGISTRAR
from tests.bot.test_folder import Linked, Night, night
from tests.bot.test_imports import send
from tests.telegram import Person, Telegram

__all__ = ["night"]

DATA = Path(__file__).parent.parent / "data"
FILES = sorted(path for folder in ("field", "broken") for path in (DATA / folder).iterdir())


@pytest.fixture
async def olga(linked: Linked) -> Person:
    return await linked(REGISTRAR, 1)


async def test_every_file_gets_its_verdict_in_the_chat(olga: Person, telegram: Telegram) -> None:
    work = telegram.dispatcher["work"]
    for path in FILES:
        before = len(olga.room.messages)
        await send(olga, path.read_bytes(), path.name)
        said = "\n".join(shown.text for shown in olga.room.messages[before:])
        assert any(word in said for word in ("Что в файле?", "Ничего не изменено", "не принят", "новых:")), path.name
        assert "Не получилось" not in said, path.name
        assert work.jobs == set()


async def test_every_file_gets_its_verdict_in_the_folder(night: Night, olga: Person, telegram: Telegram) -> None:
    for path in FILES:
        night.put(f"marks-{path.name}", path.read_bytes())
    await night.minutes(3)
    assert night.names() == []
    put_aside = {name[len("20260115-100200-marks-") :] for name in night.names("done") + night.names("refused")}
    assert put_aside >= {path.name for path in FILES}
    assert "no-cell-references.xlsx.refused.csv" in put_aside
