"""Motions: whatever nobody does alone waits in one table; corrections move there under their numbers."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATES = {"proposed": "open", "confirmed": "carried"}


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "motions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("student_id", sa.String(), nullable=True),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.String(), nullable=True),
        sa.Column("moved_at", Instant(), nullable=False),
        sa.Column("agreed_by", sa.String(), nullable=True),
        sa.Column("agreed_at", Instant(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_motions_decided")),
        sa.CheckConstraint("state <> 'carried' OR decided_by <> moved_by", name=op.f("ck_motions_second_person")),
        sa.ForeignKeyConstraint(["agreed_by"], ["people.person_id"], name=op.f("fk_motions_agreed_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["people.person_id"], name=op.f("fk_motions_decided_by")),
        sa.ForeignKeyConstraint(["moved_by"], ["people.person_id"], name=op.f("fk_motions_moved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_motions")),
    )
    _carry_over()
    op.create_index("ix_motions_student_id", "motions", ["student_id"])
    op.create_index(
        "uq_motions_open",
        "motions",
        ["about"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_table("corrections")


def _carry_over() -> None:
    """Bring the corrections, in whatever state, under the numbers that buttons and the history know them by."""
    connection = op.get_bind()
    corrections, motions = (
        sa.Table(name, sa.MetaData(), autoload_with=connection) for name in ("corrections", "motions")
    )
    for table in (corrections, motions):
        for column in table.columns:
            if isinstance(column.type, sa.JSON):
                column.type = sa.JSON(none_as_null=True)
            elif column.name.endswith("_at"):
                column.type = Instant()
    for row in connection.execute(sa.select(corrections).order_by(corrections.c.id)).all():
        connection.execute(
            motions.insert(),
            {
                "id": row.id,
                "kind": "correction",
                "about": f"attempt:{row.student_id}:{row.period}:{row.course_code}:{row.attempt}",
                "student_id": row.student_id,
                "content": {
                    "period": row.period,
                    "course_code": row.course_code,
                    "attempt": row.attempt,
                    "before": row.before,
                    "after": row.after,
                },
                "reason": row.reason,
                "moved_by": row.proposed_by,
                "moved_at": row.proposed_at,
                "state": _STATES.get(row.state, row.state),
                "decided_by": row.decided_by,
                "decided_at": row.decided_at,
                "decision_reason": row.decision_reason,
            },
        )
    if connection.dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('motions', 'id'), max(id)) FROM motions HAVING max(id) > 0")
