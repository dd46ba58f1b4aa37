"""What kind of file somebody sent, told from the labels of its columns."""

from collections.abc import Collection

from policy.profile import Profile
from services.importing.columns import IDENTITY, Kind, OwnColumns, columns_of, recognised
from services.tabular import Reading, fold, read_tables

_WHO = {
    Kind.MARKS: ({"student_id"}, {"full_name", "group"}),
    Kind.STUDENTS: ({"surname", "given_name"}, {"full_name"}),
}
"""What names people; the period and the course of a file of marks may stand above the table."""
_NOBODY: tuple[set[str], ...] = (set(),)


def kind_of(reading: Reading, profile: Profile) -> Kind | None:
    """Return the kind most columns of a file belong to; None where no kind has all it needs, or two fit alike.

    Of several sheets the first that tells counts. Raises Unreadable for a file no kind could be read from. Not for an
    event loop: a large workbook takes seconds.
    """
    own = profile.columns

    def known(label: str) -> str | None:
        folded = fold(label)
        return folded if any(recognised(folded, columns_of(kind, own).names) for kind in Kind) else None

    book = read_tables(reading, known)
    tables = ({column.name for column in table.columns if column.name} for table in book.tables)
    return next((kind for labels in tables if (kind := _most_fitting(labels, own))), None)


def _most_fitting(labels: Collection[str], own: OwnColumns) -> Kind | None:
    fitting = {kind: number for kind in Kind if (number := _fitting(kind, labels, own))}
    most = max(fitting.values(), default=0)
    best = [kind for kind, number in fitting.items() if number == most]
    return best[0] if len(best) == 1 else None


def _fitting(kind: Kind, labels: Collection[str], own: OwnColumns) -> int:
    """Return how many of the columns a kind knows, 0 where one it needs is missing."""
    columns = columns_of(kind, own)
    present = {name for label in labels if (name := recognised(label, columns.names))} - {IDENTITY}
    who = _WHO.get(kind, _NOBODY)
    needed = {field.name for field in columns.fields.values() if field.required}.difference(*who)
    return len(present) if any(needed | each <= present for each in who) else 0
