"""`kenes doctor`: what it finds, and that it finds what it should."""

import asyncio
import shutil
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kenes.commands.doctor import CHECKS, Health, Patient
from kenes.settings import Settings
from policy.marks import Course
from policy.profile import load_profile
from services.clock import WallClock
from storage.database import Database
from storage.witness import losses, settle
from tests.storage.faults import on_postgres, read_only
from tests.storage.test_witness import put_back, url_of, work


def checked(name: str, settings: Settings) -> tuple[Health, str]:
    found = CHECKS[name](Patient(settings, load_profile(None), WallClock()))
    return found.health, found.says


def finding(folder: Path) -> tuple[Health, str]:
    settings = Settings.model_construct(kenes_documents=folder, database_url="sqlite+aiosqlite:///var/kenes.db")
    return checked("documents", settings)


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path) -> Path:
    made = tmp_path / "running"
    made.mkdir(mode=0o700)
    shutil.copy(sqlite_template, made / "kenes.db")
    (made / "kenes.db").chmod(0o600)
    return made


def of(folder: Path, **more: object) -> Settings:
    return Settings.model_construct(database_url=url_of(folder), **more)  # type: ignore[arg-type]


def test_an_open_dotenv_file_and_records_that_others_may_read_are_findings(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert checked("privacy", of(folder))[0] is Health.GOOD
    (tmp_path / ".env").write_text("BOT_TOKEN=x")
    (tmp_path / ".env").chmod(0o640)
    assert checked("privacy", of(folder)) == (
        Health.BAD,
        "others on this machine may read .env: chmod go= .env",
    )
    (tmp_path / ".env").chmod(0o600)
    assert checked("privacy", of(folder))[0] is Health.GOOD
    for each in (folder / "kenes.db", folder / "kenes.db-inbox", folder, folder / "documents"):
        if each.name == "documents":
            each.mkdir()
        each.touch()
        before = each.stat().st_mode
        each.chmod(0o755)
        health, says = checked("privacy", of(folder))
        assert (health, str(each) in says) == (Health.BAD, True)
        each.chmod(before & 0o700)
    monkeypatch.chdir(folder)
    folder.chmod(0o755)
    assert checked("privacy", of(folder))[0] is Health.GOOD, "a working directory is not the records' alone"


def test_records_that_are_gone_or_cannot_be_written_to_are_findings(folder: Path, sqlite_template: Path) -> None:
    assert checked("database", of(folder))[0] is Health.GOOD
    with TemporaryDirectory() as name:
        shutil.copy(sqlite_template, Path(name) / "kenes.db")
        with read_only(Path(name) / "kenes.db"):
            health, says = checked("database", of(Path(name)))
            assert (health, "cannot be written to" in says) == (Health.BAD, True)
    (folder / "kenes.db-inbox").touch()
    (folder / "kenes.db").unlink()
    health, says = checked("database", of(folder))
    assert (health, "is not there, and" in says) == (Health.BAD, True)
    (folder / "kenes.db").write_bytes(b"nonsense" * 1000)
    assert checked("database", of(folder)) == (
        Health.BAD,
        "the database is damaged. Is DATABASE_URL right, does the server run?",
    )


def test_a_server_that_is_gone_or_takes_no_writes_is_a_finding(postgres_url: str) -> None:
    settings = Settings.model_construct(database_url=postgres_url)
    assert checked("database", settings)[0] is Health.GOOD
    name = postgres_url.rpartition("/")[2]
    asyncio.run(on_postgres(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    try:
        assert checked("database", settings) == (
            Health.BAD,
            "the server takes no writes: it is a standby, or was told so.",
        )
    finally:
        reset = f"SET default_transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only"
        for command in reset.split("; "):
            asyncio.run(on_postgres(postgres_url.replace(name, "postgres"), command))
    away = Settings.model_construct(database_url="postgresql+asyncpg://root@127.0.0.1:9/test")
    assert checked("database", away)[0] is Health.BAD


def test_what_is_missing_in_the_records_is_a_finding_before_and_after_the_bot_starts(
    folder: Path, tmp_path: Path
) -> None:
    asyncio.run(work(folder, 1, 2))
    assert checked("records", of(folder))[0] is Health.GOOD
    shutil.copytree(folder, tmp_path / "older")
    asyncio.run(work(folder, 3))
    put_back(folder, tmp_path / "older", "kenes.db")
    told = checked("records", of(folder))
    assert told[0] is Health.BAD
    assert "kenes.db is older than it was, the last update it knows is 2 of 2026-01-1" in told[1]
    settle(url_of(folder), losses(url_of(folder)), at=WallClock().now())
    assert checked("records", of(folder)) == told


def test_a_port_that_is_taken_is_a_finding(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        health, says = checked("ports", of(folder, kenes_metrics_port=port))
        assert health is Health.DOUBTFUL
        assert says.startswith(f"KENES_METRICS_PORT={port}: Address already in use")
    assert checked("ports", of(folder, kenes_metrics_port=port))[0] is Health.GOOD


def test_the_folder_of_documents_need_not_be_there_but_its_place_must_take_it(tmp_path: Path) -> None:
    assert finding(tmp_path / "var" / "documents") == (Health.GOOD, f"kept in {tmp_path / 'var' / 'documents'}")
    (tmp_path / "file").touch()
    health, says = finding(tmp_path / "file" / "documents")
    assert health is Health.BAD
    assert "KENES_DOCUMENTS" in says


def test_documents_are_kept_beside_the_database_unless_told_otherwise(tmp_path: Path) -> None:
    beside = Settings.model_construct(database_url=f"sqlite+aiosqlite:///{tmp_path}/kenes.db")
    assert beside.documents_folder == tmp_path / "documents"
    elsewhere = Settings.model_construct(database_url="postgresql+asyncpg://x@y/z")
    assert elsewhere.documents_folder == Path("var/documents")


def test_a_course_written_in_two_ways_is_told(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "kenes.db"
    shutil.copy(sqlite_template, file)
    patient = Patient(
        Settings.model_construct(database_url=f"sqlite+aiosqlite:///{file}"), load_profile(None), WallClock()
    )

    async def save(*codes: str) -> None:
        async with Database.open(patient.settings.database_url) as database, database.write() as storage:
            await storage.courses.save(Course(code, None, None) for code in codes)
            await storage.commit()

    asyncio.run(save("MAT1105", "INF2304"))
    assert CHECKS["spellings"](patient).health is Health.GOOD

    asyncio.run(save("МАТ1105"))
    found = CHECKS["spellings"](patient)
    assert found.health is Health.DOUBTFUL
    assert "MAT1105 = МАТ1105" in found.says
