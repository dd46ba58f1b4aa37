"""Who looks after the outbox finds leases, failures and what was sent last without looking through all of it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    for name, column, where in (
        ("ix_outbox_failed", "made_at", "state = 'failed'"),
        ("ix_outbox_leased_by", "leased_by", "leased_by IS NOT NULL"),
        ("ix_outbox_sent_at", "sent_at", "sent_at IS NOT NULL"),
    ):
        op.create_index(name, "outbox", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))
