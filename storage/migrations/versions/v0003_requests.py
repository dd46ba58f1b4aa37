"""Requests: what students file, the decisions on it, its documents, and where the staff reads of it."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Exact, Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SAY = "a signed decision is never altered"
_NEVER_ALTERED = {
    "sqlite": [
        f"CREATE TRIGGER decisions_no_{act} BEFORE {act} ON decisions BEGIN SELECT RAISE(ABORT, '{_SAY}'); END"
        for act in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        """CREATE TRIGGER decisions_never_altered BEFORE UPDATE OR DELETE ON decisions
        FOR EACH ROW EXECUTE FUNCTION refuse_to_alter_history()""",
    ],
}


def upgrade() -> None:
    """Take the step."""
    op.create_index("ix_enrolments_sheet", "enrolments", ["period", "group_name", "course_code"])
    op.create_table(
        "protocols",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["people.person_id"], name=op.f("fk_protocols_made_by")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_protocols")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "queue_chats",
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("bound_by", sa.String(), nullable=False),
        sa.Column("bound_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["bound_by"], ["people.person_id"], name=op.f("fk_queue_chats_bound_by")),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_queue_chats")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reason_templates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("text_kk", sa.Text(), nullable=False),
        sa.Column("text_ru", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("retired_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["people.person_id"], name=op.f("fk_reason_templates_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reason_templates")),
    )
    with op.batch_alter_table("reason_templates", schema=None) as batch_op:
        batch_op.create_index("ix_reason_templates_queue", ["queue", "outcome"], unique=False)

    op.create_table(
        "requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("student_id", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("course_code", sa.String(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("choice", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("filed_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("registered_by", sa.String(), nullable=True),
        sa.Column("closes_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("paused_at", Instant(), nullable=True),
        sa.Column("inquiries", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("taken_at", Instant(), nullable=True),
        sa.Column("proposal", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("substitute", sa.String(), nullable=True),
        sa.Column("seat_starts_at", Instant(), nullable=True),
        sa.Column("seat_room", sa.String(), nullable=True),
        sa.Column("entered_at", Instant(), nullable=True),
        sa.Column("entered_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["entered_by"], ["people.person_id"], name=op.f("fk_requests_entered_by")),
        sa.ForeignKeyConstraint(["registered_by"], ["people.person_id"], name=op.f("fk_requests_registered_by")),
        sa.ForeignKeyConstraint(["student_id"], ["students.person_id"], name=op.f("fk_requests_student_id")),
        sa.ForeignKeyConstraint(["substitute"], ["people.person_id"], name=op.f("fk_requests_substitute")),
        sa.ForeignKeyConstraint(["taken_by"], ["people.person_id"], name=op.f("fk_requests_taken_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index("ix_requests_exam", ["period", "course_code"], unique=False)
        batch_op.create_index("ix_requests_filed_at", ["filed_at"], unique=False)
        batch_op.create_index("ix_requests_state", ["state", "kind", "due_at"], unique=False)
        batch_op.create_index("ix_requests_student_id", ["student_id"], unique=False)
        batch_op.create_index(
            "uq_requests_open",
            ["kind", "student_id", "period", "course_code", "attempt"],
            unique=True,
            sqlite_where=sa.text("state IN ('filed', 'in_review', 'proposed')"),
            postgresql_where=sa.text("state IN ('filed', 'in_review', 'proposed')"),
        )

    op.create_table(
        "cards",
        sa.Column("owed_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_cards_request_id")),
        sa.PrimaryKeyConstraint("owed_id", name=op.f("pk_cards")),
    )
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.create_index("ix_cards_queue_made_at", ["queue", "made_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_cards_request_id"), ["request_id"], unique=False)

    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("points", sa.SmallInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("prepared_by", sa.String(), nullable=False),
        sa.Column("prepared_at", Instant(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.Column("mark_before", Exact(), nullable=True),
        sa.Column("mark_after", Exact(), nullable=True),
        sa.ForeignKeyConstraint(["prepared_by"], ["people.person_id"], name=op.f("fk_decisions_prepared_by")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_decisions_request_id")),
        sa.ForeignKeyConstraint(["signed_by"], ["people.person_id"], name=op.f("fk_decisions_signed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_request_id"), ["request_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decisions_signed_at"), ["signed_at"], unique=False)

    op.create_table(
        "request_documents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("media", sa.String(), nullable=False),
        sa.Column("mime_type", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("file_unique_id", sa.String(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("stored_at", Instant(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["added_by"], ["people.person_id"], name=op.f("fk_request_documents_added_by")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_request_documents_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_documents")),
    )
    with op.batch_alter_table("request_documents", schema=None) as batch_op:
        batch_op.create_index(
            "ix_request_documents_unstored",
            ["id"],
            unique=False,
            sqlite_where=sa.text("stored_at IS NULL AND error IS NULL"),
            postgresql_where=sa.text("stored_at IS NULL AND error IS NULL"),
        )
        batch_op.create_index("uq_request_documents_file", ["request_id", "file_unique_id"], unique=True)

    for trigger in _NEVER_ALTERED[op.get_bind().dialect.name]:
        op.execute(trigger)
