"""FILE.refused.csv: everything that is wrong with a file, to be opened in a spreadsheet beside it."""

import csv
import io
from collections.abc import Iterable

from services.importing.problems import Refusal
from services.importing.wording import Tongue, describe

HEADER = {
    "en": ("row", "column", "value", "reason", "code"),
    "kk": ("жол", "баған", "мәні", "себебі", "коды"),
    "ru": ("строка", "столбец", "значение", "причина", "код"),
}
SHEET = {"en": "sheet", "kk": "парақ", "ru": "лист"}  # the last column, where several sheets were read


def refused_csv(refusals: Iterable[Refusal], language: Tongue) -> bytes:
    """Return the refusals as a CSV file: UTF-8 with mark, semicolons, a header row; no cell can act as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    refusals = list(refusals)
    several = any(refusal.sheet is not None for refusal in refusals)
    writer.writerow((*HEADER[language], SHEET[language]) if several else HEADER[language])
    for refusal in refusals:
        writer.writerow(
            [
                "" if refusal.row is None else refusal.row,
                harmless(refusal.column or ""),
                harmless(refusal.value),
                describe(refusal, language),
                refusal.reason,
                *([harmless(refusal.sheet or "")] if several else []),
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def harmless(value: str) -> str:
    """Return a cell's text so that a spreadsheet shows it and does not compute it; a number stays a number."""
    if value[:1] in {"=", "+", "-", "@"} and not value[1:].replace(".", "").replace(",", "").isdigit():
        return "'" + value
    return value
