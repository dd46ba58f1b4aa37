"""What is said of files: by whoever sent one, and by us of those in the watched folder that were refused."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("uploads", sa.Column("period", sa.String(), nullable=True))
    op.add_column("uploads", sa.Column("course_code", sa.String(), nullable=True))
    op.create_table(
        "refused_exports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("refusals", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_exports")),
    )
    op.create_index("ix_refused_exports_at", "refused_exports", ["at"])
