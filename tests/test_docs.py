"""The documents say what is true: columns, refusals, parameters, commands, links, and examples that work."""

import re
import tomllib
from configparser import ConfigParser
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.metrics import Metrics
from kenes.__main__ import COMMANDS
from kenes.settings import Settings
from policy.citation import HOUSE
from policy.profile import ProfileError, load_profile
from services.importing.wording import texts
from storage.database import Database
from tests.services.importing_cases import load, look

ROOT = Path(__file__).parents[1]
PARAMETERS = sorted((ROOT / "policy/parameters").glob("*.toml"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Return what stands under each heading of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def fenced(text: str, *kinds: str) -> list[str]:
    """Return the fenced blocks of these kinds, in order."""
    return [block for kind, block in FENCE.findall(text) if kind in kinds]


def rows(text: str) -> set[str]:
    """Return the rows of the tables."""
    return {line for line in text.splitlines() if line.startswith("| ")}


def own_files() -> list[Path]:
    """Return every file of the project: not what tools keep beside it."""
    kept = (path for path in ROOT.iterdir() if not path.name.startswith(".") and path.name != "var")
    found = [*kept, *ROOT.glob(".ci"), *ROOT.glob(".pre-commit-config.yaml"), *ROOT.glob(".gitignore")]
    inside = (path for one in found for path in ([one] if one.is_file() else one.rglob("*")))
    return [path for path in inside if path.is_file() and "__pycache__" not in path.parts]


MARKDOWN = [path for path in own_files() if path.suffix == ".md"]

# The files


def test_every_column_and_every_word_an_import_understands_is_told() -> None:
    told = sections(document("docs/files.md"))
    kinds = tomllib.loads(files("services.importing").joinpath("columns.toml").read_text(encoding="utf-8"))
    untold = [
        f"{kind} {column}"
        for kind, columns in kinds.items()
        if kind != "words"
        for column, field in columns.items()
        if not any(
            row.startswith(f"| `{column}` |")
            and row.endswith(f"| {', '.join([*field['aliases'], *field.get('weaker', ())])} |")
            for row in rows(told[kind])
        )
    ]
    for values in kinds["words"].values():
        for value, words in values.items():
            if not any(row.endswith(f" | `{value}` | {', '.join(words)} |") for row in rows(told["Words"])):
                untold.append(value)
    assert untold == []


def test_every_refusal_and_every_notice_is_told_in_its_own_words() -> None:
    told = sections(document("docs/files.md"))
    there = rows(told["What is refused"]) | rows(told["Worth knowing"])
    assert {code for code, said in texts().items() if f"| `{code}` | {said['en']} |" not in there} == set()


async def test_every_example_of_a_file_loads_and_loading_it_again_changes_nothing(database: Database) -> None:
    told = sections(document("docs/files.md"))
    kinds = ("students", "staff", "calendar", "days", "exams", "components", "marks")
    examples = [(kind, block) for kind in kinds for block in fenced(told[kind], "csv")]
    assert [kind for kind, _ in examples] == [*kinds, "marks"]
    for kind, block in examples:
        await load(database, kind, block.encode())
        assert (await look(database, kind, block.encode())).nothing_to_do
    async with database.read() as storage:
        taken = await storage.marks.of_student("02500001")
    assert {enrolment.course.code: str(enrolment.attempts[0].exam) for enrolment in taken} == {
        "HIS1101": "84",
        "MAT1201": "49.5",
    }


# The profile


def written(value: Any) -> str:
    """Return a value as TOML writes it in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {written(each)}' for key, each in value.items())} }}"
    return str(value)


@pytest.mark.parametrize("path", PARAMETERS, ids=lambda path: path.stem)
def test_every_parameter_is_told_with_its_unit_default_and_clause(path: Path) -> None:
    there = [[cell.strip() for cell in row.split("|")] for row in rows(document("docs/profile.md"))]
    told = {cells[1]: cells for cells in there if len(cells) == 8}
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal).items():
        _, _, meaning, unit, default, allowed, cites, _ = told[f"`{path.stem}.{name}`"]
        assert meaning
        assert allowed
        assert unit == entry["unit"]
        assert cites == ("ours" if entry["cites"] == str(HOUSE) else entry["cites"])
        if path.stem != "contacts" and name != "letters":  # told beside the table
            assert default == f"`{written(entry['values'][-1]['value'] if 'values' in entry else entry['value'])}`"


def test_the_example_of_a_profile_loads_and_the_letter_table_is_the_default_one(tmp_path: Path) -> None:
    blocks = fenced(document("docs/profile.md"), "toml")
    example, letters = tmp_path / "example.toml", tmp_path / "letters.toml"
    example.write_text(blocks[0], encoding="utf-8")
    letters.write_text(blocks[-1], encoding="utf-8")
    told = load_profile(example)
    assert {
        value.cites
        for key in ("appeals.window_days", "marks.rating_weight")
        for value in told.parameters[key].values[-1:]
    } == {HOUSE}
    default = load_profile(None).editions[-1][1].marks.letters
    assert load_profile(letters).editions[-1][1].marks.letters == default


def test_a_wrong_profile_is_told_as_the_document_says(tmp_path: Path) -> None:
    told = fenced(sections(document("docs/profile.md"))["How a wrong value is reported"], "toml", "text")
    assert len(told) >= 2
    for wrong, message in zip(told[::2], told[1::2], strict=True):
        path = tmp_path / "wrong.toml"
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(ProfileError) as caught:
            load_profile(path)
        assert str(caught.value) == message.strip()


# Settings, commands and links


def test_every_setting_and_every_metric_is_told() -> None:
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", document("README.md") + document("docs/operations.md"), re.MULTILINE))
    assert told == {name.upper() for name in Settings.model_fields}
    named = set(re.findall(r"`(kenes_\w+?)(?:_total)?[`{]", document("docs/operations.md")))
    text = Metrics().text(owed={}, unreachable=0).decode()
    there = set(re.findall(r"^# TYPE (kenes_\w+?)(?:_total)? (?:counter|gauge|histogram)$", text, re.MULTILINE))
    assert named == {name for name in there if not name.endswith("_created")}


def test_a_service_as_it_is_told_runs_a_command_that_exists() -> None:
    units = fenced(document("docs/operations.md"), "ini")
    assert len(units) == 3
    for unit in units:
        read = ConfigParser(interpolation=None)
        read.optionxform = str  # type: ignore[assignment,method-assign]
        read.read_string(unit)
        if read.has_option("Service", "ExecStart"):
            (command,) = re.findall(r"/kenes (\w+)", read["Service"]["ExecStart"])
            assert command in COMMANDS


def test_every_make_target_and_every_command_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([\w./-]+):", document("Makefile"), re.MULTILINE))
    named = {path.name: path.read_text(encoding="utf-8") for path in MARKDOWN}
    made = {
        (name, target)
        for name, text in named.items()
        for target in re.findall(r"(?:^|`)make ([\w./-]+)", text, re.MULTILINE)
    }
    run = {
        (name, word)
        for name, text in named.items()
        for word in re.findall(r"(?:[`/]|^\$ )kenes ([a-z]+)", text, re.MULTILINE)
    }
    assert {target for name, target in made if name == "README.md"} >= {"demo", "test", "run"}
    assert {word for name, word in run if name == "README.md"} == set(COMMANDS)
    assert {each for each in made if each[1] not in targets} == set()
    assert {each for each in run if each[1] not in COMMANDS} == set()


def anchors(text: str) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", path.read_text(encoding="utf-8"))):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_nothing_points_outside_the_project() -> None:
    outside = [f"{place}/shared".encode() for place in ("/work", "..")]
    assert [path for path in own_files() if any(place in path.read_bytes() for place in outside)] == []
