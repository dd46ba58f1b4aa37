"""Personal data: everything stored about one person, to be seen and taken away."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.corrections import Correction
from storage.records import Motion
from storage.unit import Storage

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything stored about one person and nothing about anybody else: section -> rows of field -> value.

    Who of the staff made, changed or decided something is left out, and what nobody has signed; that the person did it
    themself is kept.
    """

    person_id: str
    taken_at: datetime
    sections: Mapping[str, Sequence[Row]]

    def as_json(self) -> bytes:
        """Write it all as a UTF-8 JSON file: instants in ISO 8601 with offset, exact numbers as text."""
        whole = {"person_id": self.person_id, "taken_at": self.taken_at, **self.sections}
        return json.dumps(whole, ensure_ascii=False, indent=2, default=_plain).encode()


async def everything_about(storage: Storage, *, person_id: str, now: datetime) -> PersonalData:
    """Collect what is stored about a person, for `/me`; raises LookupError when they are not in the records."""
    person = await storage.people.by_id(person_id)
    if person is None:
        raise LookupError("not in the records")
    student = await storage.students.by_id(person_id)
    account = await storage.accounts.of_person(person_id)
    sections: dict[str, Sequence[Any]] = {
        "person": [person],
        "studies": [student] if student else [],
        "years_of_study": [
            {"academic_year": academic_year, "year": year}
            for academic_year, year in (await storage.students.years_of(person_id)).items()
        ],
        "courses_and_marks": await storage.marks.of_student(person_id),
        "components": [
            {"academic_year": academic_year, **asdict(components)}
            for academic_year, components in (await storage.components.of_student(person_id)).items()
        ],
        "corrections": [_correction(each) for each in await storage.motions.of_student(person_id)],
        **await _requests(storage, person_id),
        "roles": await storage.roles.history_of(person_id),
        "telegram_account": [account] if account else [],
        "invitations": await storage.invitations.of_person(person_id),
        "link_offers": await storage.accounts.offers_of(person_id),
        "messages": [
            {"made_at": owed.made_at, "sent_at": owed.sent_at, "content": _said(owed.content)}
            for owed in await storage.outbox.to_person(person_id, account.user_id if account else None)
        ],
        "history": await storage.changes.about(person_id),
    }
    if account:
        failures = await storage.accounts.code_failures(account.user_id)
        draft = await storage.drafts.of(account.user_id, account.user_id)
        sections |= {"wrong_codes": [failures] if failures else [], "drafts": [draft] if draft else []}
    return PersonalData(
        person_id, now, {name: [_own(row, person_id) for row in rows] for name, rows in sections.items()}
    )


def _correction(motion: Motion) -> Row:
    """Return a correction of somebody's mark as its parts."""
    return {
        "id": motion.id,
        **asdict(Correction.of(motion)),
        "reason": motion.reason,
        "proposed_by": motion.moved_by,
        "proposed_at": motion.moved_at,
        "state": motion.state,
        "decided_by": motion.decided_by,
        "decided_at": motion.decided_at,
        "decision_reason": motion.decision_reason,
    }


async def _requests(storage: Storage, person_id: str) -> dict[str, Sequence[Row]]:
    """Return what a student filed, what was decided on it, and the documents that came with it."""
    those = await storage.requests.of_student(person_id)
    decided = await storage.requests.decisions_of(each.id for each in those)
    documents = [each for one in those for each in await storage.requests.documents_of(one.id)]
    return {
        "requests": [
            {
                "id": each.id,
                "kind": each.kind,
                **each.exam._asdict(),
                "choice": each.choice,
                "reason": each.reason,
                "filed_at": each.filed_at,
                "mark": each.mark and each.mark.exam,
                "state": each.state,
                "inquiries": [asdict(asked) for asked in each.inquiries],
                "seat": each.seat and asdict(each.seat),
                "entered_at": each.entered_at,
            }
            for each in those
        ],
        "decisions": [
            {
                "request": each.request_id,
                "outcome": each.outcome,
                "points": each.points,
                "reason": each.reason,
                "signed_at": each.signed_at,
                "mark_before": each.mark_before,
                "mark_after": each.mark_after,
            }
            for each in sorted((each for some in decided.values() for each in some), key=lambda each: each.id)
        ],
        "request_documents": [
            {
                "request": each.request_id,
                "file_name": each.file.file_name,
                "size": each.file.size,
                "sent_at": each.sent_at,
                "sha256": each.sha256,
                "stored_at": each.stored_at,
                "error": each.error,
            }
            for each in documents
        ],
    }


def _said(content: Mapping[str, Any]) -> Row | None:
    """Return what a message is about, without whom else it concerns; one that was worded already stands in the chat."""
    if "text" in content:
        return None
    return {name: value for name, value in content.items() if name != "otherwise"}


_SECRET = {"code_sha256"}
_UNSIGNED = {"proposal"}
_WHO = {
    "actor",
    "asked_by",
    "decided_by",
    "entered_by",
    "granted_by",
    "made_by",
    "prepared_by",
    "proposed_by",
    "registered_by",
    "revoked_by",
    "substitute",
    "taken_by",
}


def _own(row: Any, person_id: str) -> Row:
    """Return a row's fields without secrets and without who else had a hand in it, at any depth."""
    values: Row = asdict(row) if is_dataclass(row) and not isinstance(row, type) else row
    return {
        name: _own_part(value, person_id)
        for name, value in values.items()
        if name not in _SECRET | _UNSIGNED and (name not in _WHO or value == person_id)
    }


def _own_part(value: Any, person_id: str) -> Any:
    if isinstance(value, Mapping):
        return _own(value, person_id)
    return [_own_part(each, person_id) for each in value] if isinstance(value, list | tuple) else value


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")
