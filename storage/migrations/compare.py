"""The tables against what the migrations make of an empty database."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from storage.tables import metadata

OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "render_as_batch": True,  # SQLite cannot alter a table in place
    "compare_type": True,
    "compare_server_default": True,
    "user_module_prefix": "",
}


def configuration(connection: Connection | None) -> Config:
    """Tell Alembic where its steps are and over which connection to take them, if any; there is no alembic.ini."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    return config


def differences(connection: Connection) -> list[Any]:
    """Name every way in which a migrated database is not what `storage.tables` says; empty when it is."""
    return list(compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), metadata))
