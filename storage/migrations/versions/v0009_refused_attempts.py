"""What somebody tried in vain is found by who and when: there is at most so much of it a day."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.create_index(
        "ix_changes_refused",
        "changes",
        ["actor", "at"],
        sqlite_where=sa.text("act = 'refused'"),
        postgresql_where=sa.text("act = 'refused'"),
    )
