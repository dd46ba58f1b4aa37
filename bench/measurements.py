"""`docs/measurements.md`: what was measured, written by the measurement itself, one section for each."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.table import Table

FILE = Path(__file__).parents[1] / "docs/measurements.md"
HEAD = """\
# Measurements

Written by `make soak` and `make bench-full` themselves; each section says when and where. What lasts are the counts and
the ratios; times belong to the machine.
"""


def record(title: str, tables: Sequence[Table], file: Path = FILE) -> None:
    """Put a section into the file, in place of what it said under this title before."""
    text = file.read_text(encoding="utf-8") if file.exists() else HEAD
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    by_title = {section.partition("\n")[0]: section for section in sections}
    by_title[title] = "\n\n".join([title, _where(), *(str(table) for table in tables)]) + "\n"
    parts = [head.rstrip("\n"), *("## " + section.rstrip("\n") for section in by_title.values())]
    file.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _where() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end."
    )
