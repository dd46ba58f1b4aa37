"""`python -m storage.migrations.check`: fail when a table was changed and no migration says so."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import create_async_engine

from storage.migrations import migrate
from storage.migrations.compare import differences


async def differences_of(url: str) -> list[Any]:
    """Compare the migrated database at `url` with the tables; empty when they are equal."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(differences)
    finally:
        await engine.dispose()


def main() -> None:
    """Migrate an empty SQLite database and compare it; exit 1 and name the differences when there are any."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'kenes.db'}"
        migrate(url)
        found = asyncio.run(differences_of(url))
    if found:
        sys.exit("The migrations do not make the tables:\n" + "\n".join(map(str, found)))


if __name__ == "__main__":
    main()
