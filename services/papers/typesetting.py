"""Typesetting: templates and data become PDF or PNG through typst; what its fonts cannot draw is spelled out."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import typst

PIXELS_PER_INCH = 144  # a chart's 540 points become 1080 pixels
_COMPILATIONS_REMEMBERED = 12  # typst keeps what it laid out for so many more: empty ones give the memory back
_LONGEST_WORD = 32  # letters that fit into the narrowest cell
_TO_SPACES = {ord("\t"): "    ", ord("\r"): None, 0xFE0E: None, 0xFE0F: None, 0xFEFF: None}
# Latin, Greek, Cyrillic, their accents, punctuation, arrows and mathematics; no controls, nor what turns a line round
_UNDRAWN = re.compile(r"[^\n -~\xa0-\u052f\u1d00-\u200d\u2010-\u2027\u202f-\u2065\u206a-\u23ff\u2460-\u25ff]")
_UNBROKEN = re.compile(rf"\S{{{_LONGEST_WORD}}}(?=\S)")


def draw(template: str, data: object, kind: Literal["pdf", "png"]) -> bytes:
    """Compile a template beside this file; people's words go in as JSON and are never read as markup.

    Blocks for some milliseconds a page: call it in a worker thread.
    """
    path = Path(__file__).with_name(template)
    compiler = typst.Compiler(input=path, root=path.parent, font_paths=_fonts())
    drawn = compiler.compile(
        format=kind, ppi=PIXELS_PER_INCH, sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
    )
    if not isinstance(drawn, bytes):
        raise TypeError(f"{template} has more than one page, which a PNG cannot hold")
    return drawn


def forget() -> None:
    """Give back the memory of what was drawn; worth its 10 ms after many pages."""
    for _ in range(_COMPILATIONS_REMEMBERED):
        typst.compile(b"", format="pdf")


def drawable(data: Any) -> Any:
    """Return the data with every text in it as it can be drawn.

    What the fonts lack (an emoji) and what would turn a line round stand as their code, [U+1F64F], so that nothing is
    lost; a word longer than a cell may be broken.
    """
    match data:
        case str():
            shown = _UNDRAWN.sub(lambda found: f"[U+{ord(found[0]):04X}]", data.translate(_TO_SPACES))
            return _UNBROKEN.sub(lambda found: f"{found[0]}\u200b", shown)
        case list():
            return [drawable(each) for each in data]
        case dict():
            return {name: drawable(value) for name, value in data.items()}
    return data


@cache
def _fonts() -> typst.Fonts:
    """Typst's embedded fonts alone, so that a paper looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False)
