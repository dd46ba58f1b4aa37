"""Objects of the records as the history holds them: by which key, with which fields."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_type_hints

from policy.calendar import ExamSlot
from policy.marks import Attempt, Course, Enrolment
from policy.people import RoleGrant

Key = tuple[str, ...]


def attempt_key(enrolment: tuple[str, str, str], attempt: Attempt) -> Key:
    """Return what names an attempt: student, period, course, number."""
    return (*enrolment, str(attempt.number))


def role_key(grant: RoleGrant) -> Key:
    """Return what names a standing role: person, role, scope (empty: everywhere)."""
    return (grant.person_id, str(grant.role), grant.scope or "")


def exam_key(slot: ExamSlot) -> Key:
    """Return what names a line of the timetable."""
    return exam_key_at((slot.period, slot.course_code, slot.group), slot.starts)


def exam_key_at(sheet: tuple[str, str, str], starts: datetime) -> Key:
    """Return what names the exam of a period, course and group that starts at an instant."""
    return (*sheet, starts.astimezone(UTC).isoformat())


_NOT_KEPT = {(Enrolment, "attempts"), (Enrolment, "course")}


def written(record: Any) -> dict[str, Any]:
    """Return an object as the fields the history keeps; a bare value becomes ``{"value": ...}``."""
    kept = _KEPT[type(record)]
    if kept is None:
        return {"value": record}
    values = ((name, getattr(record, name)) for name in kept)
    return {name: value if _KEPT[type(value)] is None else written(value) for name, value in values}


def restored(record_type: type[Any], kept: Mapping[str, Any], key: Key) -> Any:
    """Return the object the history's fields were written from."""
    hints = _KEPT[record_type]
    if hints is None:
        return record_type(kept["value"])
    values = {name: _value(hint, kept[name]) for name, hint in hints.items() if name in kept}
    if record_type is Enrolment:
        values["course"] = Course(key[2], None, None)
    return record_type(**values)


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    if is_dataclass(hint) and isinstance(hint, type):
        return restored(hint, value, ())
    if hint is Decimal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return hint(value)
    if hint in {date, datetime}:
        return hint.fromisoformat(value)
    return value


class _Kept(dict[type[Any], Mapping[str, Any] | None]):
    """The fields the history keeps of a kind of object, with their types, by that kind; None for bare values."""

    def __missing__(self, kind: type[Any]) -> Mapping[str, Any] | None:
        kept = None
        if is_dataclass(kind):
            hints = get_type_hints(kind)
            kept = {each.name: hints[each.name] for each in fields(kind) if (kind, each.name) not in _NOT_KEPT}
        self[kind] = kept
        return kept


_KEPT = _Kept()
