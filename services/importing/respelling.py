"""Codes and groups of a file become what the records write already, before its rows are compared with them."""

from collections.abc import Iterable

from services.importing.columns import Kind
from services.importing.draft import Draft
from services.importing.parsing import ValueRow
from services.importing.spelling import Spellings

_COLUMNS = {
    Kind.STUDENTS: ("group", "institute", "degree_programme"),
    Kind.STAFF: ("scope",),
    Kind.MARKS: ("course_code", "group"),
    Kind.EXAMS: ("course_code", "group"),
}


async def respell(draft: Draft) -> None:
    """Write codes, groups and institutes of the rows as they were written first, in the records or above."""
    for column in _COLUMNS.get(draft.file.kind, ()):
        if column in draft.file.present:
            known = Spellings(await _tiers(draft, column))
            for row in draft.file.rows:
                _respell(draft, row, column, known)


async def _tiers(draft: Draft, column: str) -> Iterable[Iterable[str]]:
    spellings = draft.storage.spellings
    match column:
        case "course_code":
            return await spellings.of_courses()
        case "group":
            return await spellings.of_groups({row["period"] for row in draft.file.rows if row["period"]})
        case "degree_programme":
            return await spellings.of_degree_programmes()
    return await spellings.of_institutes()


def _respell(draft: Draft, row: ValueRow, column: str, known: Spellings) -> None:
    written = row[column]
    if written is None:
        return
    meant = known.of(written) if isinstance(written, str) else tuple(dict.fromkeys(map(known.of, written)))
    if meant != written:
        row.put(column, meant)
        draft.tally("spelled_otherwise", f"{_shown(written)} = {_shown(meant)}")


def _shown(written: str | tuple[str, ...]) -> str:
    return written if isinstance(written, str) else ", ".join(written)
