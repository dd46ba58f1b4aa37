"""The rows of every table; nobody outside storage imports them.

Marks are keyed by what names them (student, period, course, attempt): an import of 100,000 rows then needs no look-up
of numbers, and SQLite keeps one student's marks side by side.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from storage.columns import Exact, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY counts by itself on SQLite
Json = JSON(none_as_null=True)

# People

people = Table(
    "people",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("surname", String, nullable=False),
    Column("given_name", String, nullable=False),
    Column("patronymic", String),
    Column("sex", String),
    Column("birth_year", SmallInteger),
    Column("phone", String),  # as written in the records
    Column("phone_digits", String, index=True),  # see storage.phones
    Column("language", String, nullable=False),
    Column("search", String, nullable=False),  # folded, see storage.alphabet
    Column("sort_key", LargeBinary, nullable=False, index=True),  # order of the Kazakh alphabet, bytewise
    sqlite_with_rowid=False,
)

degree_programmes = Table(
    "degree_programmes",
    metadata,
    Column("code", String, primary_key=True),
    Column("name_kk", String),
    Column("name_ru", String),
    sqlite_with_rowid=False,
)

students = Table(
    "students",
    metadata,
    Column("person_id", ForeignKey("people.person_id"), primary_key=True),
    Column("institute", String, nullable=False),
    Column("degree_programme", ForeignKey("degree_programmes.code"), nullable=False, index=True),
    Column("level", String, nullable=False),
    Column("form", String, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("group_name", String, nullable=False, index=True),
    Column("funding", String, nullable=False),
    Column("status", String, nullable=False),
    Column("penalty", Boolean, nullable=False),
    Column("credits_total", Exact, nullable=False),
    Column("dormitory", String),
    sqlite_with_rowid=False,
)

student_years = Table(
    "student_years",
    metadata,
    Column("student_id", ForeignKey("students.person_id", ondelete="CASCADE"), primary_key=True),
    Column("academic_year", String, primary_key=True),  # "2025-2026"
    Column("year", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
)

role_grants = Table(
    "role_grants",
    metadata,
    Column("id", Number, primary_key=True),
    Column("person_id", ForeignKey("people.person_id"), nullable=False),
    Column("role", String, nullable=False),
    Column("scope", String, nullable=False),  # an institute; empty: all of them
    Column("until", Date),  # last day of the term
    Column("granted_at", Instant, nullable=False),
    Column("granted_by", String),  # a person; empty: the command line
    Column("revoked_at", Instant),
    Column("revoked_by", String),
    Index(
        "uq_role_grants_standing",
        "person_id",
        "role",
        "scope",
        unique=True,
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
    Index("ix_role_grants_role", "role"),
)

# Courses and the calendar

courses = Table(
    "courses",
    metadata,
    Column("code", String, primary_key=True),
    Column("name_kk", String),
    Column("name_ru", String),
    sqlite_with_rowid=False,
)

period_dates = Table(
    "period_dates",
    metadata,
    Column("period", String, primary_key=True),  # "2025-2026/1"
    Column("kind", String, primary_key=True),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),  # the last day itself
    CheckConstraint("starts <= ends", name="order"),
    sqlite_with_rowid=False,
)

special_days = Table(
    "special_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("source", String, primary_key=True),  # state | university, the last overrules
    Column("working", Boolean, nullable=False),
    Column("name_kk", String, nullable=False),
    Column("name_ru", String, nullable=False),
    sqlite_with_rowid=False,
)

exams = Table(  # no foreign keys: a timetable may arrive before the marks that name its courses
    "exams",
    metadata,
    Column("period", String, primary_key=True),
    Column("course_code", String, primary_key=True),
    Column("group_name", String, primary_key=True),
    Column("starts_at", Instant, primary_key=True),  # a retake is another line
    Column("ends_at", Instant, nullable=False),
    Column("exam_form", String, nullable=False),
    Column("room", String),
    Column("lecturer_id", String),
    CheckConstraint("starts_at < ends_at", name="order"),
    sqlite_with_rowid=False,
)

# Marks

enrolments = Table(
    "enrolments",
    metadata,
    Column("student_id", ForeignKey("students.person_id"), primary_key=True),
    Column("period", String, primary_key=True),
    Column("course_code", ForeignKey("courses.code"), primary_key=True),
    Column("credits", Exact, nullable=False),
    Column("exam_form", String),  # not known before the timetable or the mark sheet
    Column("group_name", String),  # at the time of the exam
    Column("course_work", Boolean),  # NULL: none asked
    Column("missed_percent", Exact),
    Column("fees_cleared", Boolean),
    Index("ix_enrolments_sheet", "period", "group_name", "course_code"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("student_id", String, primary_key=True),
    Column("period", String, primary_key=True),
    Column("course_code", String, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("rating1", Exact),
    Column("rating2", Exact),
    Column("exam", Exact),
    Column("outcome", String),  # NULL: pending
    Column("exam_date", Date),
    Column("posted_at", Instant),
    Column("corrected_at", Instant),
    ForeignKeyConstraint(
        ["student_id", "period", "course_code"],
        ["enrolments.student_id", "enrolments.period", "enrolments.course_code"],
        ondelete="CASCADE",
    ),
    CheckConstraint("number >= 1", name="number"),
    sqlite_with_rowid=False,
)

sheets = Table(
    "sheets",
    metadata,
    Column("course_code", ForeignKey("courses.code"), primary_key=True),
    Column("period", String, primary_key=True),
    Column("group_name", String, primary_key=True),
    Column("locked_at", Instant, nullable=False),
    Column("locked_by", String),
    sqlite_with_rowid=False,
)

components = Table(
    "components",
    metadata,
    Column("student_id", ForeignKey("students.person_id"), primary_key=True),
    Column("academic_year", String, primary_key=True),
    Column("research", Exact),  # NULL: not yet known
    Column("iros", Exact),
    Column("ssci", Exact),
    sqlite_with_rowid=False,
)

motions = Table(  # no foreign key to what one is about: the record outlives it
    "motions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String, nullable=False),
    Column("about", String, nullable=False),  # "attempt:02500065:2025-2026/1:MAT1201:1"
    Column("student_id", String),  # whose marks, of a correction
    Column("content", Json, nullable=False),
    Column("reason", Text, nullable=False),
    Column("moved_by", ForeignKey("people.person_id")),  # NULL: the command line, or a file of the watched folder
    Column("moved_at", Instant, nullable=False),
    Column("agreed_by", ForeignKey("people.person_id")),  # the commission's chair, where appeals stand on it
    Column("agreed_at", Instant),
    Column("state", String, nullable=False),  # open | carried | refused | expired
    Column("decided_by", ForeignKey("people.person_id")),
    Column("decided_at", Instant),
    Column("decision_reason", Text),
    CheckConstraint("state <> 'carried' OR decided_by <> moved_by", name="second_person"),
    CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
    Index(
        "uq_motions_open",
        "about",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    Index("ix_motions_student_id", "student_id"),
)

# History

changes = Table(  # triggers of the first migration refuse UPDATE and DELETE
    "changes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("object", String, nullable=False),
    Column("key", String, nullable=False),  # what names the object, a JSON array of texts
    Column("about", String),  # the person it concerns
    Column("before", Json),  # NULL: made
    Column("after", Json),  # NULL: withdrawn
    Column("actor", String),  # a person; empty: the command line
    Column("cause", String, nullable=False),
    Column("cause_id", BigInteger),
    Column("why", Text),
    Column("at", Instant, nullable=False),
    Column("act", String),  # NULL: made, changed or withdrawn, as before and after tell; else read, ...
    Column("update_id", BigInteger),  # what the actor sent; NULL: the command line, or nobody's act
    Index("ix_changes_about", "about"),
    Index("ix_changes_actor", "actor"),
    Index("ix_changes_key", "object", "key"),
    Index("ix_changes_cause", "cause", "cause_id"),
    Index(
        "ix_changes_refused",
        "actor",
        "at",
        sqlite_where=text("act = 'refused'"),
        postgresql_where=text("act = 'refused'"),
    ),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String, nullable=False),
    Column("file_name", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("actor", String),  # a person; empty: the command line
    Column("at", Instant, nullable=False),
    Column("counts", Json, nullable=False),
    Column("undone_at", Instant),
    Column("undone_by", String),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Number, primary_key=True),
    Column("user_id", BigInteger),  # nobody sent what lay in the watched folder
    Column("person_id", ForeignKey("people.person_id")),
    Column("kind", String),
    Column("file_name", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sent_at", Instant, nullable=False, index=True),
    Column("period", String),  # what the sender said of the file, because it does not itself
    Column("course_code", String),
    sqlite_autoincrement=True,  # rows are deleted, and a number on an old button must not come to mean another file
)

refused_exports = Table(  # what was wrong with files of the watched folder, until those who are told have it
    "refused_exports",
    metadata,
    Column("id", Number, primary_key=True),
    Column("file_name", String, nullable=False),
    Column("refusals", LargeBinary, nullable=False),  # a JSON array, compressed
    Column("at", Instant, nullable=False, index=True),
)

# Requests

requests = Table(  # no foreign key to the enrolment: the record outlives a mark that an undone import withdrew
    "requests",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String, nullable=False),
    Column("student_id", ForeignKey("students.person_id"), nullable=False),
    Column("period", String, nullable=False),  # which exam it is about
    Column("course_code", String, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("choice", String),  # what the kind lets its filer choose
    Column("reason", Text),
    Column("filed_at", Instant, nullable=False),  # what the deadline is measured against
    Column("received_at", Instant, nullable=False),  # when it reached the program
    Column("registered_by", ForeignKey("people.person_id")),  # who registered it from paper; NULL: filed in the chat
    Column("closes_at", Instant, nullable=False),  # its window as it was when it was filed
    Column("opens_at", Instant),  # NULL, as the next two: filed before this was kept
    Column("basis", String),  # by which rule that window closes
    Column("counted_from", Date),  # the day of the event that started its clock
    Column("mark", Exact),  # what stood posted of the sitting then
    Column("mark_outcome", String),
    Column("mark_posted_at", Instant),
    Column("mark_corrected_at", Instant),
    Column("due_at", Instant, nullable=False),  # until when it is to be answered
    Column("paused_at", Instant),  # the answer waits for the student since then
    Column("inquiries", Json, nullable=False),  # what the student was asked, by whom and when, and the answers
    Column("state", String, nullable=False),
    Column("version", Integer, nullable=False),  # grows with every step: an old button knows an older one
    Column("taken_by", ForeignKey("people.person_id")),
    Column("taken_at", Instant),
    Column("proposal", Json),  # outcome, points, reason, by, at: what waits for a signature
    Column("substitute", ForeignKey("people.person_id")),  # signs where everybody who could is conflicted
    Column("seat_starts_at", Instant),  # when and where an approved exam is held
    Column("seat_room", String),
    Column("entered_at", Instant),  # when the registrar's office entered an upheld mark in the university's system
    Column("entered_by", ForeignKey("people.person_id")),
    Index(
        "uq_requests_open",
        "kind",
        "student_id",
        "period",
        "course_code",
        "attempt",
        unique=True,
        sqlite_where=text("state IN ('filed', 'in_review', 'proposed')"),
        postgresql_where=text("state IN ('filed', 'in_review', 'proposed')"),
    ),
    Index("ix_requests_student_id", "student_id"),
    Index("ix_requests_state", "state", "kind", "due_at"),
    Index("ix_requests_filed_at", "filed_at"),
    Index("ix_requests_exam", "period", "course_code"),
    sqlite_autoincrement=True,
)

decisions = Table(  # triggers refuse UPDATE and DELETE: a signed decision is never edited, another may follow it
    "decisions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("request_id", ForeignKey("requests.id"), nullable=False, index=True),
    Column("outcome", String, nullable=False),  # upheld | approved | refused
    Column("points", SmallInteger),  # added to the exam mark
    Column("reason", Text, nullable=False),
    Column("prepared_by", ForeignKey("people.person_id"), nullable=False),
    Column("prepared_at", Instant, nullable=False),
    Column("signed_by", ForeignKey("people.person_id"), nullable=False),
    Column("signed_at", Instant, nullable=False, index=True),
    Column("mark_before", Exact),  # the exam mark it was about
    Column("mark_after", Exact),
    Column("mark_posted_at", Instant),  # which posting of it; NULL beside a mark: signed before this was kept
    Column("mark_corrected_at", Instant),
)

request_documents = Table(
    "request_documents",
    metadata,
    Column("id", Number, primary_key=True),
    Column("request_id", ForeignKey("requests.id"), nullable=False),
    Column("file_name", String, nullable=False),
    Column("media", String, nullable=False),  # photo | document
    Column("mime_type", String),
    Column("size", Integer),  # bytes, as Telegram said, then as stored
    Column("file_id", String, nullable=False),  # what the bot can fetch it by, and send it again
    Column("file_unique_id", String, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("added_by", ForeignKey("people.person_id"), nullable=False),
    Column("sha256", String(64)),  # NULL: not stored yet
    Column("stored_at", Instant),
    Column("error", String),  # why it could not be stored
    Index("uq_request_documents_file", "request_id", "file_unique_id", unique=True),
    Index(
        "ix_request_documents_unstored",
        "id",
        sqlite_where=text("stored_at IS NULL AND error IS NULL"),
        postgresql_where=text("stored_at IS NULL AND error IS NULL"),
    ),
)

queue_chats = Table(
    "queue_chats",
    metadata,
    Column("queue", String, primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("thread_id", BigInteger),
    Column("language", String, nullable=False),
    Column("bound_by", ForeignKey("people.person_id"), nullable=False),
    Column("bound_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

cards = Table(  # no foreign key: messages are forgotten after a while
    "cards",
    metadata,
    Column("owed_id", Number, primary_key=True, autoincrement=False),
    Column("request_id", ForeignKey("requests.id"), index=True),  # NULL: the summary of a queue
    Column("queue", String, nullable=False),
    Column("chat_id", BigInteger),  # NULL: a person's own
    Column("person_id", String),
    Column("made_at", Instant, nullable=False),
    Index("ix_cards_queue_made_at", "queue", "made_at"),
)

reason_templates = Table(
    "reason_templates",
    metadata,
    Column("id", Number, primary_key=True),
    Column("queue", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("text_kk", Text, nullable=False),
    Column("text_ru", Text, nullable=False),
    Column("made_by", ForeignKey("people.person_id")),  # NULL: came with the program
    Column("made_at", Instant, nullable=False),
    Column("retired_at", Instant),
    Index("ix_reason_templates_queue", "queue", "outcome"),
)

protocols = Table(
    "protocols",
    metadata,
    Column("number", Number, primary_key=True),
    Column("queue", String, nullable=False),
    Column("day", Date, nullable=False),
    Column("made_by", ForeignKey("people.person_id"), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("content", Json, nullable=False),  # what was printed, so that it can be printed again
    sqlite_autoincrement=True,
)

# Telegram

accounts = Table(
    "accounts",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", ForeignKey("people.person_id"), unique=True),
    Column("language", String),  # chosen by the person; NULL: never chose
    Column("linked_at", Instant),
    Column("consent_version", String),
    Column("consented_at", Instant),
    Column("unreachable_since", Instant),
    Column("unreachable_why", String),  # blocked | deactivated | never started
    CheckConstraint("(person_id IS NULL) = (linked_at IS NULL)", name="linked"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Number, primary_key=True),
    Column("code_sha256", String(64), nullable=False, unique=True),
    Column("person_id", ForeignKey("people.person_id"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("made_by", String),
    Column("expires_at", Instant, nullable=False),
    Column("opened_by", BigInteger),  # the first Telegram account that opened it has it to itself
    Column("opened_at", Instant),
    Column("used_at", Instant),
    Column("withdrawn_at", Instant),
)

code_failures = Table(
    "code_failures",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("wait_until", Instant, nullable=False),
)

link_offers = Table(  # what a code or a contact offered an account, until its owner consents
    "link_offers",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", ForeignKey("people.person_id"), nullable=False),
    Column("way", String, nullable=False),  # code | contact
    Column("invitation_id", ForeignKey("invitations.id")),
    Column("offered_at", Instant, nullable=False),
    Column("consented_at", Instant),  # set while the old account is asked to let the link move
    Column("consent_version", String),
)

drafts = Table(
    "drafts",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("form", String, nullable=False),
    Column("content", Json, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# What comes in, what is owed, what goes on

inbox = (
    Table(  # SQLite: updates wait in a file of their own (see storage.inbox), here is only what was written for them
        "inbox",
        metadata,
        Column("update_id", BigInteger, primary_key=True, autoincrement=False),
        Column("chat_id", BigInteger),  # whose turn it is; NULL: nobody's, it waits for nothing
        Column("received_at", Instant, nullable=False),
        Column("body", Text, nullable=False),  # JSON as Telegram gave it; emptied once handled
        Column("state", String, nullable=False),  # waiting | done | failed
        Column("tries", SmallInteger, nullable=False),
        Column("handled_at", Instant),
        Column("error", String),  # the type of what went wrong
        Index(
            "ix_inbox_waiting",
            "update_id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_inbox_handled_at", "handled_at"),
    )
)

outbox = Table(  # no foreign key to the person: what is owed outlives a person that an undone import withdrew
    "outbox",
    metadata,
    Column("id", Number, primary_key=True),
    Column("chat_id", BigInteger),  # either a chat,
    Column("person_id", String),  # or a person, whose account is looked up when it is sent
    Column("thread_id", BigInteger),
    Column("kind", String, nullable=False),
    Column("content", Json, nullable=False),
    Column("document_id", Number),
    Column("priority", SmallInteger, nullable=False),  # 0 answer, 1 deadline, 2 notice, 3 announcement
    Column("made_at", Instant, nullable=False),
    Column("from_update", BigInteger),
    Column("not_before", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("dedupe_key", String, unique=True),
    Column("group_key", String),  # "import:12": what is counted together
    Column("edits_message_id", BigInteger),
    Column("state", String, nullable=False),  # waiting | sent | failed | expired | withdrawn | held
    Column("tries", SmallInteger, nullable=False),
    Column("next_try_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("leased_by", String),
    Column("sent_at", Instant),
    Column("message_ids", Json),
    Column("error", String),
    CheckConstraint("(chat_id IS NULL) <> (person_id IS NULL)", name="recipient"),
    Index(
        "ix_outbox_waiting",
        "priority",
        "next_try_at",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(  # few at a time have a lease, and whoever renews theirs must not look through all that waits
        "ix_outbox_leased_by",
        "leased_by",
        sqlite_where=text("leased_by IS NOT NULL"),
        postgresql_where=text("leased_by IS NOT NULL"),
    ),
    Index(
        "ix_outbox_sent_at",
        "sent_at",
        sqlite_where=text("sent_at IS NOT NULL"),
        postgresql_where=text("sent_at IS NOT NULL"),
    ),
    Index(
        "ix_outbox_failed",
        "made_at",
        sqlite_where=text("state = 'failed'"),
        postgresql_where=text("state = 'failed'"),
    ),
    # With the state: after a sudden announcement PostgreSQL, whose statistics are older, would search all that waits.
    Index("ix_outbox_chat", "chat_id", "state"),
    Index("ix_outbox_person", "person_id", "state"),
    Index("ix_outbox_group_key", "group_key", "state"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String, nullable=False),
    Column("arguments", Json, nullable=False),
    Column("person_id", String),  # who asked for it; NULL: the watched folder
    Column("chat_id", BigInteger),
    Column("message_id", BigInteger),  # where it tells how far it is
    Column("state", String, nullable=False),  # waiting | running | done | failed | interrupted
    Column("begun", SmallInteger, nullable=False, server_default="0"),  # how often, and not ended by itself
    Column("progress", Json),
    Column("made_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("updated_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("result", Json),
    Index("ix_jobs_state", "state"),
)

pulse = Table(
    "pulse",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("detail", Json),
    sqlite_with_rowid=False,
)
