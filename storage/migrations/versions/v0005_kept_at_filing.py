"""What a request was filed on: its mark and its window as they were; and which posting of a mark was decided on."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.columns import Exact, Instant, to_json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_REQUESTS = sa.table(
    "requests",
    sa.column("id", sa.BigInteger),
    sa.column("student_id", sa.String),
    sa.column("period", sa.String),
    sa.column("course_code", sa.String),
    sa.column("attempt", sa.SmallInteger),
    sa.column("filed_at", Instant()),
    sa.column("mark", Exact()),
    sa.column("mark_outcome", sa.String),
    sa.column("mark_posted_at", Instant()),
    sa.column("mark_corrected_at", Instant()),
)
_CHANGES = sa.table(
    "changes",
    sa.column("id", sa.BigInteger),
    sa.column("object", sa.String),
    sa.column("key", sa.String),
    sa.column("after", sa.JSON(none_as_null=True)),
    sa.column("act", sa.String),
    sa.column("at", Instant()),
)


def upgrade() -> None:
    """Take the step. The windows of what was filed before are not known any more, the marks are in the history."""
    for name, of in (
        ("opens_at", Instant()),
        ("basis", sa.String()),
        ("counted_from", sa.Date()),
        ("mark", Exact()),
        ("mark_outcome", sa.String()),
        ("mark_posted_at", Instant()),
        ("mark_corrected_at", Instant()),
    ):
        op.add_column("requests", sa.Column(name, of, nullable=True))
    for name in ("mark_posted_at", "mark_corrected_at"):
        op.add_column("decisions", sa.Column(name, Instant(), nullable=True))
    connection = op.get_bind()
    for request in connection.execute(sa.select(_REQUESTS)).all():
        stood = connection.execute(_stood_then(request)).scalar()
        if stood is not None:
            connection.execute(_REQUESTS.update().where(_REQUESTS.c.id == request.id).values(_mark(stood)))


def _stood_then(request: sa.Row[*tuple[Any, ...]]) -> sa.Select[tuple[Any]]:
    """Ask the history what stood of a sitting when a request about it was filed."""
    key = to_json([request.student_id, request.period, request.course_code, str(request.attempt)])
    return (
        sa.select(_CHANGES.c.after)
        .where(_CHANGES.c.object == "attempt", _CHANGES.c.key == key, _CHANGES.c.act.is_(None))
        .where(_CHANGES.c.at <= request.filed_at)
        .order_by(_CHANGES.c.id.desc())
        .limit(1)
    )


def _mark(stood: dict[str, str | None]) -> dict[str, Any]:
    exam = stood.get("exam")
    instants = {name: stood.get(name) for name in ("posted_at", "corrected_at")}
    return {
        "mark": None if exam is None else Decimal(exam),
        "mark_outcome": stood.get("outcome"),
        **{f"mark_{name}": None if at is None else datetime.fromisoformat(at) for name, at in instants.items()},
    }
