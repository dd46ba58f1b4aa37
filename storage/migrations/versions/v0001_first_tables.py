"""First tables."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Exact, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SAY = "the history is never altered"
_NEVER_ALTERED = {
    "sqlite": [
        f"CREATE TRIGGER changes_no_{act} BEFORE {act} ON changes BEGIN SELECT RAISE(ABORT, '{_SAY}'); END"
        for act in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        f"""CREATE FUNCTION refuse_to_alter_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_SAY}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        """CREATE TRIGGER changes_never_altered BEFORE UPDATE OR DELETE ON changes
        FOR EACH ROW EXECUTE FUNCTION refuse_to_alter_history()""",
    ],
}


def upgrade() -> None:
    """Take the step."""
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("cause_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    with op.batch_alter_table("changes", schema=None) as batch_op:
        batch_op.create_index("ix_changes_about", ["about"], unique=False)
        batch_op.create_index("ix_changes_key", ["object", "key"], unique=False)
        batch_op.create_index("ix_changes_cause", ["cause", "cause_id"], unique=False)

    op.create_table(
        "code_failures",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("wait_until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_code_failures")),
    )
    op.create_table(
        "courses",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_kk", sa.String(), nullable=True),
        sa.Column("name_ru", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_courses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "degree_programmes",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_kk", sa.String(), nullable=True),
        sa.Column("name_ru", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_degree_programmes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "drafts",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "user_id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "exams",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("course_code", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("exam_form", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=True),
        sa.Column("lecturer_id", sa.String(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_exams_order")),
        sa.PrimaryKeyConstraint("period", "course_code", "group_name", "starts_at", name=op.f("pk_exams")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("counts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("undone_at", Instant(), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("surname", sa.String(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("patronymic", sa.String(), nullable=True),
        sa.Column("sex", sa.String(), nullable=True),
        sa.Column("birth_year", sa.SmallInteger(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("phone_digits", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("sort_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_people_phone_digits"), ["phone_digits"], unique=False)
        batch_op.create_index(batch_op.f("ix_people_sort_key"), ["sort_key"], unique=False)

    op.create_table(
        "period_dates",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.CheckConstraint("starts <= ends", name=op.f("ck_period_dates_order")),
        sa.PrimaryKeyConstraint("period", "kind", name=op.f("pk_period_dates")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "special_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("name_kk", sa.String(), nullable=False),
        sa.Column("name_ru", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("day", "source", name=op.f("pk_special_days")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "accounts",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("linked_at", Instant(), nullable=True),
        sa.Column("consent_version", sa.String(), nullable=True),
        sa.Column("consented_at", Instant(), nullable=True),
        sa.CheckConstraint("(person_id IS NULL) = (linked_at IS NULL)", name=op.f("ck_accounts_linked")),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_accounts_person_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("person_id", name=op.f("uq_accounts_person_id")),
    )
    op.create_table(
        "corrections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("student_id", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("course_code", sa.String(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name=op.f("ck_corrections_decided")),
        sa.CheckConstraint(
            "state <> 'confirmed' OR decided_by <> proposed_by", name=op.f("ck_corrections_second_person")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["people.person_id"], name=op.f("fk_corrections_decided_by")),
        sa.ForeignKeyConstraint(["proposed_by"], ["people.person_id"], name=op.f("fk_corrections_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    with op.batch_alter_table("corrections", schema=None) as batch_op:
        batch_op.create_index(
            "uq_corrections_open",
            ["student_id", "period", "course_code", "attempt"],
            unique=True,
            sqlite_where=sa.text("state = 'proposed'"),
            postgresql_where=sa.text("state = 'proposed'"),
        )

    op.create_table(
        "invitations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("opened_by", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=True),
        sa.Column("used_at", Instant(), nullable=True),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_invitations_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_invitations_code_sha256")),
    )
    with op.batch_alter_table("invitations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitations_person_id"), ["person_id"], unique=False)

    op.create_table(
        "role_grants",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("granted_at", Instant(), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_role_grants_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
    )
    with op.batch_alter_table("role_grants", schema=None) as batch_op:
        batch_op.create_index("ix_role_grants_role", ["role"], unique=False)
        batch_op.create_index(
            "uq_role_grants_standing",
            ["person_id", "role", "scope"],
            unique=True,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )

    op.create_table(
        "sheets",
        sa.Column("course_code", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("locked_at", Instant(), nullable=False),
        sa.Column("locked_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["course_code"], ["courses.code"], name=op.f("fk_sheets_course_code")),
        sa.PrimaryKeyConstraint("course_code", "period", "group_name", name=op.f("pk_sheets")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "students",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("institute", sa.String(), nullable=False),
        sa.Column("degree_programme", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("funding", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("penalty", sa.Boolean(), nullable=False),
        sa.Column("credits_total", Exact(), nullable=False),
        sa.Column("dormitory", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["degree_programme"], ["degree_programmes.code"], name=op.f("fk_students_degree_programme")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_students_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_students")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("students", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_students_degree_programme"), ["degree_programme"], unique=False)
        batch_op.create_index(batch_op.f("ix_students_group_name"), ["group_name"], unique=False)

    op.create_table(
        "uploads",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_uploads_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_uploads_sent_at"), ["sent_at"], unique=False)

    op.create_table(
        "components",
        sa.Column("student_id", sa.String(), nullable=False),
        sa.Column("academic_year", sa.String(), nullable=False),
        sa.Column("research", Exact(), nullable=True),
        sa.Column("iros", Exact(), nullable=True),
        sa.Column("ssci", Exact(), nullable=True),
        sa.ForeignKeyConstraint(["student_id"], ["students.person_id"], name=op.f("fk_components_student_id")),
        sa.PrimaryKeyConstraint("student_id", "academic_year", name=op.f("pk_components")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "enrolments",
        sa.Column("student_id", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("course_code", sa.String(), nullable=False),
        sa.Column("credits", Exact(), nullable=False),
        sa.Column("exam_form", sa.String(), nullable=True),
        sa.Column("group_name", sa.String(), nullable=True),
        sa.Column("course_work", sa.Boolean(), nullable=True),
        sa.Column("missed_percent", Exact(), nullable=True),
        sa.Column("fees_cleared", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["course_code"], ["courses.code"], name=op.f("fk_enrolments_course_code")),
        sa.ForeignKeyConstraint(["student_id"], ["students.person_id"], name=op.f("fk_enrolments_student_id")),
        sa.PrimaryKeyConstraint("student_id", "period", "course_code", name=op.f("pk_enrolments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "link_offers",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("offered_at", Instant(), nullable=False),
        sa.Column("consented_at", Instant(), nullable=True),
        sa.Column("consent_version", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_link_offers_invitation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name=op.f("fk_link_offers_person_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_link_offers")),
    )
    op.create_table(
        "student_years",
        sa.Column("student_id", sa.String(), nullable=False),
        sa.Column("academic_year", sa.String(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["student_id"], ["students.person_id"], name=op.f("fk_student_years_student_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("student_id", "academic_year", name=op.f("pk_student_years")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attempts",
        sa.Column("student_id", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("course_code", sa.String(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("rating1", Exact(), nullable=True),
        sa.Column("rating2", Exact(), nullable=True),
        sa.Column("exam", Exact(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("exam_date", sa.Date(), nullable=True),
        sa.Column("posted_at", Instant(), nullable=True),
        sa.Column("corrected_at", Instant(), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_attempts_number")),
        sa.ForeignKeyConstraint(
            ["student_id", "period", "course_code"],
            ["enrolments.student_id", "enrolments.period", "enrolments.course_code"],
            name=op.f("fk_attempts_student_id_period_course_code"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("student_id", "period", "course_code", "number", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    for trigger in _NEVER_ALTERED[op.get_bind().dialect.name]:
        op.execute(trigger)
