"""How often the work of a job was begun: what ended the process twice is not tried a third time."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("jobs", sa.Column("begun", sa.SmallInteger(), server_default="0", nullable=False))
