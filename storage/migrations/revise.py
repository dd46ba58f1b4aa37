"""`python -m storage.migrations.revise MESSAGE`: write the next step from what changed in the tables."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from storage.migrations import migrate
from storage.migrations.compare import configuration


def _write(connection: Connection, message: str) -> None:
    config = configuration(connection)
    last = ScriptDirectory.from_config(config).get_current_head()
    command.revision(config, message, autogenerate=True, rev_id=f"{int(last or 0) + 1:04}")


async def _revise(url: str, message: str) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_write, message)
    finally:
        await engine.dispose()


def main() -> None:
    """Migrate an empty SQLite database to the last step and write the next from the difference."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'kenes.db'}"
        migrate(url)
        asyncio.run(_revise(url, sys.argv[1]))


if __name__ == "__main__":
    main()
