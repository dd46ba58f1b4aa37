"""Databases for tests: every test that asks for one runs on SQLite and on PostgreSQL, each time on an empty one."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
import structlog
from sqlalchemy import make_url

from storage.database import Database
from storage.migrations import migrate
from storage.tables import metadata

structlog.configure(  # a traceback with everybody's variables takes structlog seconds
    processors=[
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

POSTGRES = os.environ.get("KENES_TEST_POSTGRES", "postgresql+asyncpg://root@127.0.0.1:5432/test")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one empty SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "kenes.db"
    migrate(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Migrate one PostgreSQL database, to be emptied for each test; skip when no server answers, unless in CI."""
    name = f"kenes_test_{os.getpid()}"
    try:
        asyncio.run(_on_postgres(POSTGRES, f"CREATE DATABASE {name}"))
    except (OSError, asyncpg.PostgresError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"PostgreSQL does not answer at KENES_TEST_POSTGRES: {error}")
    url = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    migrate(url)
    yield url
    asyncio.run(_on_postgres(POSTGRES, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty migrated database of each kind."""
    if request.param == "sqlite":
        file = tmp_path / "kenes.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite+aiosqlite:///{file}"
    url: str = request.getfixturevalue("postgres_url")
    asyncio.run(emptied(url))
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give an empty migrated database of each kind, open."""
    async with Database.open(database_url) as opened:
        yield opened


async def emptied(postgres_url: str) -> None:
    """Empty a migrated PostgreSQL database."""
    await _on_postgres(postgres_url, f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")


async def _on_postgres(url: str, command: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)
    try:
        await connection.execute(command)
    finally:
        await connection.close()
