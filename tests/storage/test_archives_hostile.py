"""Archives are files: whatever one is, restoring it changes all or nothing, and says why in one sentence."""

import asyncio
import io
import json
import random
import shutil
import stat
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from click.testing import CliRunner

from kenes.__main__ import main
from storage import archive as module
from storage import restore as restoring
from storage.archive import ArchiveError
from storage.files import Files
from storage.restore import Unfinished, restore
from tests.storage.examples import NOW
from tests.storage.test_backup import DIFFICULT, back_up_to, everything, fill

Parts = dict[str, bytes]
PEOPLE = "tables/people.jsonl"
KEPT = sha256(DIFFICULT.encode()).hexdigest()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Parts:
    """Return the parts of a backup of everything there can be."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copy(sqlite_template, folder / "kenes.db")
    url = f"sqlite+aiosqlite:///{folder}/kenes.db"
    asyncio.run(fill(url))
    Files(folder / "documents").keep(DIFFICULT.encode())
    back_up_to(folder / "kenes.zip", url)
    with ZipFile(folder / "kenes.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class Place:
    """A database with something in it, and documents beside it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.files = Files(folder / "documents")
        self.files.keep(b"one that was there before")
        self.before = self.state()

    def state(self) -> tuple[object, list[str]]:
        stored = sorted(path.name for path in self.files.folder.rglob("*") if path.is_file())
        return asyncio.run(everything(self.url)), stored

    def restore(self, file: Path) -> None:
        restore(self.url, file, files=self.files, replace=True, at=NOW, progress=lambda _done, _total: None)

    def refuses(self, content: bytes) -> str:
        """Return why an archive is refused; all that was there stays."""
        file = self.folder / "hostile.zip"
        file.write_bytes(content)
        with pytest.raises(ArchiveError) as raised:
            self.restore(file)
        assert self.state() == self.before
        return str(raised.value)


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Place:
    asyncio.run(fill(database_url))
    return Place(tmp_path, database_url)


@pytest.fixture
def lite(tmp_path: Path, sqlite_template: Path) -> Place:
    shutil.copy(sqlite_template, tmp_path / "kenes.db")
    url = f"sqlite+aiosqlite:///{tmp_path}/kenes.db"
    asyncio.run(fill(url))
    return Place(tmp_path, url)


def packed(parts: Parts) -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def changed(
    whole: Parts, entry: str = "", content: bytes = b"", manifest: Callable[[Any], object] | None = None
) -> Parts:
    """Return the parts with one changed, whose checksum is told rightly, and a manifest that is changed."""
    told = json.loads(whole["manifest.json"])
    parts = dict(whole)
    if entry:
        parts[entry] = content
        told["sha256"][entry] = sha256(content).hexdigest()
    if manifest:
        manifest(told)
    parts["manifest.json"] = json.dumps(told).encode()
    return parts


def test_what_was_backed_up_comes_back_with_its_files(whole: Parts, place: Place) -> None:
    file = place.folder / "kenes.zip"
    file.write_bytes(packed(whole))
    place.restore(file)
    assert place.files.read(KEPT) == DIFFICULT.encode()


INJECTED = 'people"; DROP TABLE people; --'


def rename_table(told: Any) -> None:
    told["tables"][INJECTED] = told["tables"].pop("people")
    told["sha256"][f"tables/{INJECTED}.jsonl"] = told["sha256"].pop(PEOPLE)


LIES: list[Callable[[Any], object]] = [
    rename_table,
    lambda told: told["tables"]["people"]["columns"].update({'x" TEXT); DROP TABLE people; --': "text"}),
    lambda told: told["tables"]["people"]["columns"].update(surname="pickle"),
    lambda told: told["tables"]["people"].update(rows="many"),
    lambda told: told["tables"]["people"].update(rows=-1),
    lambda told: told["tables"]["people"].update(last_id="1; DROP TABLE people"),
    lambda told: told["tables"]["people"].update(stranger=1),
    lambda told: told["tables"].update(people=None),
    lambda told: told.update(tables=[]),
    lambda told: told.update(sha256=None),
    lambda told: told["sha256"].update({PEOPLE: "0"}),
    lambda told: told["sha256"].update({PEOPLE: 7}),
    lambda told: told["sha256"].pop(PEOPLE),
    lambda told: told["sha256"].update({"files/../../etc/passwd": "0" * 64}),
    lambda told: told["sha256"].update({"/etc/passwd": "0" * 64}),
    lambda told: told["sha256"].update({"documents/uploads/1 OR 1": "0" * 64}),
    lambda told: told["sha256"].update({"documents/strangers/1": "0" * 64}),
    lambda told: told.update(revision=["0003"]),
    lambda told: told.update(revision="0001'; DROP TABLE people; --"),
    lambda told: told.update(made_at="yesterday"),
    lambda told: told.update(made_at=None),
    lambda told: told.update(missing=[{}]),
    lambda told: told.update(format="one"),
    lambda told: told.update(stranger=1),
    lambda told: told.clear(),
]


def test_a_list_of_contents_that_lies_is_refused(whole: Parts, place: Place) -> None:
    for lie in LIES:
        place.refuses(packed(changed(whole, manifest=lie)))


def test_a_list_of_contents_that_is_none_is_refused(whole: Parts, lite: Place) -> None:
    for content in (b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"9" * 5000):
        assert "no backup of Kenes" in lite.refuses(packed({**whole, "manifest.json": content}))


def first_line(whole: Parts, table: str) -> tuple[list[Any], bytes]:
    line, _, rest = whole[f"tables/{table}.jsonl"].partition(b"\n")
    return json.loads(line), rest


def test_a_row_that_is_none_is_named(whole: Parts, lite: Place) -> None:
    for line in (b"", b"{}", b"null", b"[1]", b"not JSON", b"\xff", b"[" * 100_000, b"[NaN, Infinity]"):
        assert "row 1 of its table people" in lite.refuses(packed(changed(whole, PEOPLE, line + b"\n")))


ODD: list[Any] = [None, {}, [], "x" * 10, 10**400, -1.5, True, "0001-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("seed", range(20))
def test_no_value_in_any_column_ends_in_a_traceback(whole: Parts, lite: Place, seed: int) -> None:
    """What an engine takes for what it is to be is let in; anything else is refused, and nothing of it stays."""
    chance = random.Random(seed)
    table = chance.choice(["people", "attempts", "outbox", "uploads", "jobs"])
    cells, rest = first_line(whole, table)
    cells[chance.randrange(len(cells))] = chance.choice(ODD)
    line = json.dumps(cells).encode() + b"\n"
    file = lite.folder / "hostile.zip"
    file.write_bytes(packed(changed(whole, f"tables/{table}.jsonl", line + rest)))
    try:
        lite.restore(file)
    except ArchiveError:
        assert lite.state() == lite.before, f"{table}: {line!r}"


def test_rows_that_do_not_fit_their_table_are_refused_by_the_engine(whole: Parts, place: Place) -> None:
    cells, rest = first_line(whole, "people")
    line = json.dumps([None, *cells[1:]]).encode() + b"\n"

    assert "cannot be put there" in place.refuses(packed(changed(whole, PEOPLE, line + rest)))


def test_rows_that_refer_to_nothing_are_refused(whole: Parts, place: Place) -> None:
    def none_left(told: Any) -> None:
        told["tables"]["people"]["rows"] = 0

    assert "cannot be put there" in place.refuses(packed(changed(whole, PEOPLE, b"", none_left)))


def test_rows_that_are_missing_or_too_many_are_refused(whole: Parts, lite: Place) -> None:
    for rows in (1, 3):

        def lie(told: Any, rows: int = rows) -> None:
            told["tables"]["people"]["rows"] = rows

        why = lite.refuses(packed(changed(whole, manifest=lie)))
        assert why == f"2 rows are in its table people, and {rows} were written"


def test_a_line_without_end_is_refused(whole: Parts, lite: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring, "LONGEST_LINE", 1000)

    assert "row 1 of its table people" in lite.refuses(packed(changed(whole, PEOPLE, b"[" + b" " * 2000 + b"]\n")))


def test_a_column_of_another_step_is_refused(whole: Parts, lite: Place) -> None:
    def later(told: Any) -> None:
        told["revision"] = "0001"

    assert "is not that of step 0001" in lite.refuses(packed(changed(whole, manifest=later)))


def test_what_the_list_of_contents_does_not_know_is_refused(whole: Parts, lite: Place) -> None:
    for name in ("x", "../x", "/etc/passwd", "files/" + "0" * 64, "tables/people.jsonl/x"):
        assert "is nothing its list of contents knows" in lite.refuses(packed({**whole, name: b""}))


def test_a_link_is_no_file(whole: Parts, lite: Place) -> None:
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for name, part in whole.items():
            entry = ZipInfo(name)
            entry.external_attr = (stat.S_IFLNK if name == f"files/{KEPT}" else stat.S_IFREG) << 16
            archive.writestr(entry, part)

    assert "is no file" in lite.refuses(content.getvalue())


def test_an_entry_twice_is_refused(whole: Parts, lite: Place) -> None:
    content = io.BytesIO(packed(whole))
    with warnings.catch_warnings(), ZipFile(content, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(PEOPLE, whole[PEOPLE])

    assert "twice" in lite.refuses(content.getvalue())


def test_a_file_under_another_name_than_its_checksum_is_refused(whole: Parts, lite: Place) -> None:
    parts = dict(whole)
    other = f"files/{'0' * 64}"
    parts[other] = parts.pop(f"files/{KEPT}")

    def rename(told: Any) -> None:
        told["sha256"][other] = told["sha256"].pop(f"files/{KEPT}")

    assert "none that Kenes writes" in lite.refuses(packed(changed(parts, manifest=rename)))


def test_an_archive_that_unpacks_to_very_much_is_refused_before_it_is_read(whole: Parts, lite: Place) -> None:
    bomb = changed(whole, PEOPLE, b" " * (200 << 20))

    assert "unpacks to more than any backup does" in lite.refuses(packed(bomb))


def test_a_document_larger_than_any_is_refused(whole: Parts, lite: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_DOCUMENT", 10)

    assert "larger than any document" in lite.refuses(packed(whole))


def test_an_archive_for_which_there_is_no_room_is_refused(
    whole: Parts, lite: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))

    assert "and 0 MB are free" in lite.refuses(packed(whole))


def test_a_document_of_no_row_is_refused(whole: Parts, lite: Place) -> None:
    assert "belongs to no row" in lite.refuses(packed(changed(whole, "documents/uploads/999", b"x")))
    assert "has no documents" in lite.refuses(packed(changed(whole, "documents/people/1", b"x")))


@pytest.mark.parametrize("seed", range(20))
def test_no_damage_is_worse_than_a_refusal(whole: Parts, lite: Place, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(packed(whole))
    for _ in range(chance.randint(1, 20)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    file = lite.folder / "hostile.zip"
    file.write_bytes(content[: chance.randrange(len(content))] if chance.random() < 0.3 else content)
    try:
        lite.restore(file)
    except ArchiveError:
        assert lite.state() == lite.before, f"seed {seed}"


# All or nothing, the files too


def test_where_the_files_cannot_be_put_the_records_stay_as_they_were(whole: Parts, place: Place) -> None:
    (place.files.folder / KEPT[:2]).write_bytes(b"a file where a folder is to be")
    place.before = place.state()

    assert "cannot be put there" in place.refuses(packed(whole))


def test_where_the_records_cannot_be_put_no_file_is_left(whole: Parts, lite: Place) -> None:
    cells, rest = first_line(whole, "people")
    line = json.dumps([None, *cells[1:]]).encode() + b"\n"
    lite.refuses(packed(changed(whole, PEOPLE, line + rest)))

    assert not lite.files.has(KEPT)


def test_a_database_that_was_not_there_is_not_left_half(whole: Parts, tmp_path: Path) -> None:
    file = tmp_path / "hostile.zip"
    file.write_bytes(packed(changed(whole, PEOPLE, b"[1]\n")))
    with pytest.raises(ArchiveError):
        restore(
            f"sqlite+aiosqlite:///{tmp_path}/new.db",
            file,
            files=Files(tmp_path / "documents"),
            replace=False,
            at=NOW,
            progress=lambda _done, _total: None,
        )

    assert [path.name for path in tmp_path.iterdir()] == ["hostile.zip"]


def test_updates_that_cannot_be_put_beside_the_records_are_said_to_be_missing(
    whole: Parts, lite: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in lite.folder.glob("kenes*inbox*"):
        path.unlink()
        path.mkdir()
    file = lite.folder / "kenes.zip"
    file.write_bytes(packed(whole))

    with pytest.raises(Unfinished, match="1 updates from people cannot be put beside the records"):
        lite.restore(file)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(18), bytes(100), b"PK\x05\x06" + b"\xff" * 18])
def test_the_command_says_in_one_line_what_is_wrong(
    lite: Place, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lite.folder / "hostile.zip"
    file.write_bytes(content)
    monkeypatch.chdir(lite.folder)
    monkeypatch.setenv("DATABASE_URL", lite.url)
    for name in ("BOT_TOKEN", "BOT_API_URL", "KENES_PROFILE", "KENES_CLOCK", "KENES_DOCUMENTS"):
        monkeypatch.delenv(name, raising=False)

    answer = CliRunner().invoke(main, ["restore", str(file), "--replace", "--yes"])

    assert answer.exit_code == 1
    assert isinstance(answer.exception, SystemExit)
    assert answer.output.endswith(
        f"Error: {file}: it is no backup of Kenes, or not a whole one. Nothing was changed.\n"
    )
    assert lite.state() == lite.before
