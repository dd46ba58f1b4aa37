"""${message}."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Exact, Instant

revision = "${up_revision}"
down_revision = ${'"' + down_revision + '"' if down_revision else None}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    ${upgrades if upgrades else "pass"}
