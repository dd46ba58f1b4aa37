"""What kind of file somebody sent, told from the labels of its columns."""

from collections.abc import Collection

from services.importing.columns import Kind, columns_of
from services.tabular import Reading, fold, read_table

_WHO = ({"student_id"}, {"full_name", "group"})
"""What names a student in a file of marks; its period and course may stand above the table."""


def kind_of(reading: Reading) -> Kind | None:
    """Return the kind most columns of a file belong to; None where no kind has all it needs, or two fit alike.

    Raises Unreadable for a file no kind could be read from. Not for an event loop: a large workbook takes seconds.
    """
    table = read_table(reading, _known)
    labels = {column.name for column in table.columns if column.name}
    fitting = {kind: number for kind in Kind if (number := _fitting(kind, labels))}
    most = max(fitting.values(), default=0)
    best = [kind for kind, number in fitting.items() if number == most]
    return best[0] if len(best) == 1 else None


def _known(label: str) -> str | None:
    folded = fold(label)
    return folded if any(folded in columns_of(kind).names for kind in Kind) else None


def _fitting(kind: Kind, labels: Collection[str]) -> int:
    """Return how many of the columns a kind knows, 0 where one it needs is missing."""
    columns = columns_of(kind)
    present = {columns.names[label] for label in labels if label in columns.names}
    needed = [{field.name for field in columns.fields.values() if field.required}]
    if kind is Kind.MARKS:
        needed = [needed[0] | who for who in _WHO]
    return len(present) if any(each <= present for each in needed) else 0
