"""What registrars are told of the files in the watched folder."""

from collections.abc import Mapping
from typing import Any

from bot.i18n import Html, Texts, bold, lines, paragraphs
from bot.screen import File, Screen
from bot.screens.imports import facts, loaded, notice_line, refusal_line
from services.importing import Counts, Imported, Notice, Refusal


def loaded_export(texts: Texts, content: Mapping[str, Any]) -> Screen:
    """Tell what was loaded and what is to be known of it, with the way to take it back."""
    done = Imported(content["import"], Counts(**content["rows"]))
    return loaded(texts, content["file"], content["kind"], done, said(texts, content))


def passed_export(texts: Texts, content: Mapping[str, Any]) -> Screen:
    """Tell that a file says nothing new, and what of it was not read."""
    nothing = texts("Nothing to load: all of it is in the records already.")
    return Screen(paragraphs(bold(f"📄 {content['file']}"), said(texts, content), nothing))


def said(texts: Texts, content: Mapping[str, Any]) -> Html:
    """Say what is to be checked and known of a file."""
    told = [Notice(**each) for each in content.get("facts", ())]
    notices = [Notice(**each) for each in content.get("notices", ())]
    return paragraphs(facts(texts, told) if told else None, lines(*(notice_line(texts, each) for each in notices)))


def refused_export(texts: Texts, content: Mapping[str, Any], table: bytes | None) -> Screen:
    """Tell what is wrong with a file, and where all of it is; the table of it goes along."""
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
            texts(
                "The name of the file or lines above its table may say the period and the course: {example}",
                example="marks_2025-2026-1_MAT1105.xlsx",
            )
            if content.get("lacks")
            else None,
            texts("All that is wrong with the file: {n}", n=content["number"]) if content["number"] else None,
            texts("The file is in the folder of refused ones, its errors in a table beside it."),
        ),
        document=File(f"{content['file']}.refused.csv", table) if table else None,
    )
