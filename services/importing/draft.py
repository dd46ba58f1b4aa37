"""What a preview is drawn from while the rows of a file are compared with the records."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from policy.profile import Profile
from services.importing.identity import without_identity_numbers
from services.importing.parsing import FileRows, ValueRow
from services.importing.plan import Plan, Step
from services.importing.previews import Counts, Preview
from services.importing.problems import Notice, Refusal, Unacceptable, shown
from services.importing.scope import Scope, within
from services.importing.shelves import SHELVES
from services.importing.withdrawn import WITHDRAWN
from services.news import Telling
from services.objects import Key
from storage.unit import Storage

NAMED = 20  # of what a notice is about


class Draft:
    """One file against the records: wanted objects by name and key, refusals, notices, rows counted."""

    def __init__(self, storage: Storage, file: FileRows, profile: Profile, now: datetime, scope: Scope = None) -> None:
        """Begin with what is already wrong with the file; `scope` is whose records it may change."""
        self.storage = storage
        self.scope = scope
        self.file = file
        self.profile = profile
        self.now = now
        self.reposted: set[str] = set()  # students of whom withdrawn marks would be posted with other values
        self._zone = profile.university.zone
        self._stored: dict[str, dict[Key, Any]] = {}
        self._wanted: dict[str, dict[Key, Any]] = {}
        self._refusals = list(file.refusals)
        self._tallies: Counter[tuple[str, str]] = Counter()
        self._notices = list(file.notices)
        self._rows: Counter[str] = Counter()
        self._first_rows: dict[Any, ValueRow] = {}

    @property
    def telling(self) -> Telling:
        """Which marks students are told of, and when."""
        return Telling.of(self.profile, self.now)

    @property
    def today(self) -> date:
        """The university's date now."""
        return self.now.astimezone(self._zone).date()

    async def read(self, name: str, keys: Iterable[Key]) -> None:
        """Read what is stored of these objects, so that `current` and `want` can be asked."""
        self.take(name, await SHELVES[name].read(self.storage, keys))

    def take(self, name: str, stored: dict[Key, Any]) -> None:
        """Take what is stored of these objects where the caller has read it already."""
        self._stored[name] = stored
        self._wanted[name] = {}

    def current(self, name: str, key: Key) -> Any:
        """Return an object as it would be after the rows so far, or None."""
        wanted = self._wanted[name]
        return wanted[key] if key in wanted else self._stored[name].get(key)

    def want(self, name: str, key: Key, record: Any) -> str:
        """Ask for an object to become this; return what that means for it: "new", "changed" or "same"."""
        before = self.current(name, key)
        if before == record:
            return "same"
        self._wanted[name][key] = record
        return "new" if before is None else "changed"

    def withdraw(self, name: str, key: Key) -> None:
        """Ask for a stored object to go, because another takes its place."""
        self._wanted[name][key] = None

    def count(self, *outcomes: str) -> None:
        """Count a row by what it means for its objects together, the main one first."""
        self._rows["changed" if outcomes[0] == "same" and set(outcomes) != {"same"} else outcomes[0]] += 1

    def refuse(
        self, row: ValueRow, reason: str, column: str | None = None, value: Any = None, **arguments: str
    ) -> None:
        """Refuse a row; ``column`` is a canonical name."""
        label = row.layout.labels.get(column, column) if column else None
        sheet, number = self.file.place(row)
        told = {name: without_identity_numbers(each) for name, each in arguments.items()}
        self._refusals.append(Refusal(reason, number, label, shown(value), told, sheet))

    def refuse_whole(self, reason: str) -> None:
        """Refuse the file."""
        self._refusals.append(Refusal(reason))

    def refuse_as(self, row: ValueRow, error: Unacceptable, column: str, value: Any = None) -> None:
        """Refuse a row for what a check raised."""
        self.refuse(row, error.reason, column, value, **error.arguments)

    def foreign(self, row: ValueRow, institutes: Iterable[str | None], column: str, value: Any) -> bool:
        """Refuse a row about students of other institutes than those in scope; tell whether it was."""
        if within(institutes, self.scope):
            return False
        self.refuse(row, "other_institute", column, value)
        return True

    def repeated(self, row: ValueRow, key: Any, column: str, value: Any) -> bool:
        """Refuse a row that is about the same thing as an earlier one; tell whether it was."""
        first = self._first_rows.setdefault(key, row)
        if first is row:
            return False
        sheet, number = self.file.place(first)
        self.refuse(row, "repeated", column, value, first=f"{number} ({sheet})" if sheet else str(number))
        return True

    def tally(self, reason: str, what: str = "") -> None:
        """Count a row towards a notice; notices name how many rows, and the different ``what``."""
        self._tallies[reason, what] += 1

    def notice(self, reason: str, **arguments: str) -> None:
        """Say something about the file as a whole."""
        self._notices.append(Notice(reason, arguments))

    async def preview(self) -> Preview:
        """Return what came out."""
        refused_rows = {(refusal.sheet, refusal.row) for refusal in self._refusals if refusal.row is not None}
        steps, objects = [], {}
        for name in SHELVES:
            counts = Counter[str]()
            for key, after in self._wanted.get(name, {}).items():
                before = self._stored[name].get(key)
                if before != after:
                    steps.append(Step(name, key, before, after))
                    counts["new" if before is None else "changed"] += 1
            if counts:
                objects[name] = Counts(new=counts["new"], changed=counts["changed"])
        sheets = {name: number for number, name in enumerate(self.file.sheets)}
        refusals = tuple(sorted(self._refusals, key=lambda each: (sheets.get(each.sheet or "", -1), each.row or 0)))
        by_two = all(refusal.reason == WITHDRAWN for refusal in refusals)
        return Preview(
            kind=self.file.kind,
            file_name=self.file.file_name,
            sha256=self.file.sha256,
            made_at=self.now,
            telling=self.telling,
            rows=Counts(self._rows["new"], self._rows["changed"], self._rows["same"], len(refused_rows)),
            objects=objects,
            refusals=refusals,
            notices=(*self._notices, *self._tallied()),
            plan=Plan(tuple(steps) if by_two else (), await self.storage.changes.latest_id()),
            lacks=self.file.lacks,
        )

    def _tallied(self) -> Iterable[Notice]:
        reasons: dict[str, Counter[str]] = {}
        for (reason, what), number in self._tallies.items():
            reasons.setdefault(reason, Counter())[what] += number
        for reason, numbers in reasons.items():
            names = sorted(what for what in numbers if what)
            more = f" … +{len(names) - NAMED}" if len(names) > NAMED else ""
            what = without_identity_numbers(", ".join(names[:NAMED]) + more)
            yield Notice(reason, {"rows": str(numbers.total()), "what": what})


class Ids:
    """Ids in the records, found also where a spreadsheet dropped their leading zeros."""

    def __init__(self, known: set[str]) -> None:
        """Take every id there is."""
        self._known = known
        self._by_digits: Mapping[str, list[str]] | None = None

    def find(self, written: str) -> str | None:
        """Return the id meant, or None: exactly it, or the only one that is longer by leading zeros."""
        if written in self._known:
            return written
        if not written.isdigit():
            return None
        if self._by_digits is None:
            by_digits: dict[str, list[str]] = {}
            for each in self._known:
                if each.startswith("0") and each.isdigit():
                    by_digits.setdefault(each.lstrip("0"), []).append(each)
            self._by_digits = by_digits
        meant = [each for each in self._by_digits.get(written.lstrip("0"), ()) if len(each) > len(written)]
        return meant[0] if len(meant) == 1 else None


def known_student(draft: Draft, ids: Ids, row: ValueRow) -> str | None:
    """Return whom a row's student id means, or refuse the row."""
    written = row["student_id"]
    found = ids.find(written)
    if found is None:
        draft.refuse(row, "no_such_student", "student_id", written)
    elif found != written:
        draft.tally("leading_zeros")
    return found
