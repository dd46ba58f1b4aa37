"""The rule behind a number, named so that it can be looked up."""

from bot.i18n import Html, Texts
from policy.citation import HOUSE, Citation, Cites, sources
from policy.people import Language


def clauses(texts: Texts, cites: Cites) -> Html:
    """Return one quiet line that names the clauses, each once."""
    named = ", ".join(dict.fromkeys(_named(texts, cite) for cite in cites))
    return texts("<i>Rule: {clauses}</i>", clauses=named)


def _named(texts: Texts, cite: Citation) -> str:
    if cite == HOUSE:
        return texts.plain("the university's own rule")
    source = sources()[cite.source]
    title = source.title_kk if texts.language is Language.KK else source.title_ru
    return texts.plain("{document}, {clause}", document=title, clause=cite.clause)
