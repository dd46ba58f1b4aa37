"""The rule behind a number, named so that it can be looked up."""

from bot.i18n import Html, Texts
from policy.citation import HOUSE, Cites, sources
from policy.people import Language


def clauses(texts: Texts, cites: Cites) -> Html:
    """Return one quiet line: each document with its clauses, and whether something is the university's own rule."""
    by_document: dict[str, list[str]] = {}
    for cite in sorted(dict.fromkeys(cites), key=lambda one: one == HOUSE):
        by_document.setdefault(_document(texts, cite.source), []).append(
            cite.clause and f"§\N{NO-BREAK SPACE}{cite.clause}"
        )
    rules = "; ".join(", ".join(filter(None, (title, *named))) for title, named in by_document.items())
    return texts("<i>Rule: {rules}</i>", rules=rules)


def _document(texts: Texts, key: str) -> str:
    if key == HOUSE.source:
        return texts.plain("the university's own rule")
    source = sources()[key]
    return source.title_kk if texts.language is Language.KK else source.title_ru
