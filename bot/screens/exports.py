"""What registrars are told of the files in the watched folder."""

from collections.abc import Mapping
from typing import Any

from bot.i18n import Texts, bold, lines, paragraphs
from bot.screen import Screen
from bot.screens.imports import loaded, refusal_line
from services.importing import Counts, Imported, Refusal


def loaded_export(texts: Texts, content: Mapping[str, Any]) -> Screen:
    """Tell what was loaded, with the way to take it back."""
    done = Imported(content["import"], Counts(**content["rows"]))
    return loaded(texts, content["file"], content["kind"], done)


def refused_export(texts: Texts, content: Mapping[str, Any]) -> Screen:
    """Tell what is wrong with a file, and where all of it is."""
    refusals = [Refusal(**each) for each in content["first"]]
    return Screen(
        paragraphs(
            bold(f"📄 {content['file']}"),
            lines(
                bold(texts("❌ The file is refused, nothing was changed.")),
                *(refusal_line(texts, refusal) for refusal in refusals),
                None
                if refusals
                else texts("Neither its name nor its columns tell what it holds. The name may begin with it: marks…"),
            ),
            texts("All that is wrong with the file: {n}", n=content["number"]) if content["number"] else None,
            texts("The file is in the folder of refused ones, its errors in a table beside it."),
        )
    )
