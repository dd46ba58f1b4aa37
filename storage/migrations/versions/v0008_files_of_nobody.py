"""A file of the watched folder that waits for somebody's Confirm was sent by nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step. SQLite makes the table anew; that numbers it gave are not given again is carried over."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    last = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'uploads'")
    given = connection.execute(last).scalar() if sqlite else None
    with op.batch_alter_table("uploads", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("user_id", existing_type=sa.BigInteger(), nullable=True)
        batch.alter_column("person_id", existing_type=sa.String(), nullable=True)
    if given is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'uploads'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('uploads', :given)"), {"given": given}
        )
