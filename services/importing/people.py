"""Rows of students and of staff against the records.

An empty cell of a column that may be empty (patronymic, phone, dormitory, end of a term) empties what is stored; an
absent column keeps it. Who is a student is described by the students file alone: a row of the staff file gives such a
person the role and changes neither name nor phone.
"""

from dataclasses import replace
from datetime import date
from typing import Any

from policy.calendar import academic_year
from policy.people import Language, Name, RoleGrant, Status, Student
from services.importing.columns import columns_of
from services.importing.draft import Draft, Ids
from services.importing.parsing import ValueRow
from services.objects import role_key
from storage.phones import phone_digits
from storage.records import Person

_FIRST_MONTH = 9  # of an academic year, where the calendar does not say


async def compare_students(draft: Draft) -> None:
    """Compare rows of students; the year of study is also kept for the academic year it is said in."""
    rows = draft.file.rows
    ids = Ids(await draft.storage.students.all_ids())
    found = {row.number: ids.find(row["student_id"]) for row in rows}
    staff = (
        set() if draft.scope is None else await draft.storage.people.all_ids() - await draft.storage.students.all_ids()
    )
    year = _academic_year(draft.today, [dates.period for dates in await _begun(draft)])
    await draft.read("student", [(each,) for each in found.values() if each])
    await draft.read("student_year", [(each, year) for each in found.values() if each])
    for row in rows:
        written = row["student_id"]
        student_id = found[row.number] or written
        if draft.repeated(row, student_id, "student_id", written):
            continue
        before: Student | None = draft.current("student", (student_id,))
        lacking = _lacking(draft, row, before is None)
        for column in lacking:
            draft.refuse(row, "needed_when_new", column, None, who=student_id)
        if lacking:
            continue
        if student_id != written:
            draft.tally("leading_zeros")
        after = _student(row, student_id, before)
        was = before.institute if before else None if student_id in staff else after.institute
        if draft.foreign(row, [was, after.institute], "student_id", written):
            continue
        draft.count(
            draft.want("student", (student_id,), after), draft.want("student_year", (student_id, year), after.year)
        )


async def _begun(draft: Draft) -> list[Any]:
    dates = await draft.storage.calendar.dates()
    return [each for each in dates.values() if min(span.starts for span in each.spans.values()) <= draft.today]


def _academic_year(today: date, begun: list[str]) -> str:
    """Return the academic year of a day: by the first of September, unless the calendar began a later one already."""
    first = today.year if today.month >= _FIRST_MONTH else today.year - 1
    return max([f"{first}-{first + 1}", *map(academic_year, begun)])


def _lacking(draft: Draft, row: ValueRow, new: bool) -> list[str]:
    if not new:
        return []
    fields = columns_of(draft.file.kind).fields.values()
    return [field.name for field in fields if field.needed_when_new and row[field.name] is None]


def _student(row: ValueRow, student_id: str, before: Student | None) -> Student:
    def told(column: str, kept: Any, empty: Any) -> Any:
        """Return a row's value; of an absent column what is kept; of an empty cell ``empty``."""
        if column not in row:
            return kept
        return empty if row[column] is None else row[column]

    def kept(field: str, otherwise: Any = None) -> Any:
        return otherwise if before is None else getattr(before, field)

    patronymic = before.name.patronymic if before else None
    unsaid = patronymic if "full_name" in row else None  # a whole name may leave it out
    return Student(
        person_id=student_id,
        name=Name(row["surname"], row["given_name"], told("patronymic", patronymic, unsaid)),
        phone=_phone(told("phone", kept("phone"), None), kept("phone")),
        status=told("status", kept("status", Status.ACTIVE), kept("status", Status.ACTIVE)),
        penalty=told("penalty", kept("penalty", False), kept("penalty", False)),
        dormitory=told("dormitory", kept("dormitory"), None),
        **{
            field: told(field, kept(field), kept(field))
            for field in (
                "sex",
                "birth_year",
                "institute",
                "degree_programme",
                "level",
                "form",
                "year",
                "group",
                "funding",
                "language",
                "credits_total",
            )
        },
    )


def _phone(told: str | None, kept: str | None) -> str | None:
    """Return the phone as it is kept while the number is the same, however it is written now."""
    return kept if phone_digits(told) == phone_digits(kept) else told


async def compare_staff(draft: Draft) -> None:
    """Compare rows of staff: the person, unless a student, and the role."""
    rows = draft.file.rows
    students = Ids(await draft.storage.students.all_ids())
    people = Ids(await draft.storage.people.all_ids())
    institutes = await draft.storage.students.institutes()
    found = {row.number: people.find(row["person_id"]) or row["person_id"] for row in rows}
    await draft.read("person", [(each,) for each in found.values()])
    await draft.read("role", [(found[row.number], str(row["role"]), row["scope"] or "") for row in rows])
    named: dict[str, tuple[Name, int]] = {}
    for row in rows:
        person_id = found[row.number]
        grant = RoleGrant(person_id, row["role"], row["scope"])
        if draft.repeated(row, role_key(grant), "role", row["role"]):
            continue
        if row["scope"] and row["scope"] not in institutes:
            if institutes:
                draft.refuse(row, "no_such_institute", "scope", row["scope"])
                continue
            draft.tally("scope_unchecked", row["scope"])
        outcomes = []
        if students.find(person_id) is None:
            name = Name(row["surname"], row["given_name"], row["patronymic"])
            first_name, first_row = named.setdefault(person_id, (name, row.number))
            if first_name != name:
                draft.refuse(row, "rows_disagree", "surname", name.full, first=str(first_row), other=first_name.full)
                continue
            person = _person(draft, row, person_id, name)
            if person is None:
                continue
            outcomes.append(draft.want("person", (person_id,), person))
        if person_id != row["person_id"]:
            draft.tally("leading_zeros")
        standing: RoleGrant | None = draft.current("role", role_key(grant))
        kept = standing.until if standing else None
        until = row["until"] if "until" in draft.file.present else kept
        if until and until < draft.today:
            draft.tally("term_over", person_id)
        outcomes.insert(0, draft.want("role", role_key(grant), replace(grant, until=until)))
        draft.count(*outcomes)


def _person(draft: Draft, row: ValueRow, person_id: str, name: Name) -> Person | None:
    before: Person | None = draft.current("person", (person_id,))
    if before is None:
        if row["language"] is None:
            draft.refuse(row, "needed_when_new", "language", None, who=person_id)
            return None
        return Person(person_id, name, row["language"], row["phone"])
    language: Language = row["language"] or before.language
    phone = row["phone"] if "phone" in draft.file.present else before.phone
    if "patronymic" not in draft.file.present:
        name = replace(name, patronymic=before.name.patronymic)
    return replace(before, name=name, language=language, phone=_phone(phone, before.phone))
