"""The words of requests: every kind, state and refusal has some, in both languages, and they are not mixed up."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from bot.i18n import Texts
from bot.screens.requests.form import QUESTIONS
from bot.screens.requests.lists import LISTS
from bot.screens.requests.news import TITLES
from bot.words.desks import DESK_WORDS
from bot.words.kinds import KIND_WORDS
from bot.words.requests import REFUSALS, cause_name, kind_name, refusal, state_name
from policy.appeals import AppealRefusal
from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Language
from policy.profile import load_profile
from policy.requests import Kind, Queue, RequestState
from policy.retakes import MissedCause, MissedExamRefusal, RetakeRefusal
from services.requests.filing import FilingRefusal
from services.requests.kinds import KINDS, FiledBy
from services.requests.telling import News
from tests.bot.conftest import NOW


@pytest.mark.parametrize("language", Language)
def test_every_kind_state_and_cause_has_its_name(voices: Mapping[Language, Texts], language: Language) -> None:
    texts = voices[language]
    assert len({kind_name(texts, kind) for kind in Kind}) == len(Kind)
    assert len({state_name(texts, Kind.RETAKE, state) for state in RequestState}) == len(RequestState)
    assert len({cause_name(texts, cause) for cause in MissedCause}) == len(MissedCause)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("topic", [AppealRefusal, RetakeRefusal, MissedExamRefusal, FilingRefusal])
def test_every_refusal_is_said(voices: Mapping[Language, Texts], language: Language, topic: type[StrEnum]) -> None:
    said = [refusal(voices[language], Refused(reason, (HOUSE,), NOW), now=NOW) for reason in topic]
    assert len(set(said)) == len(topic)
    assert set(REFUSALS[topic]) == set(topic)


def test_every_kind_can_be_asked_for_and_every_step_told() -> None:
    rules = load_profile(None).requests
    by_key = {
        kind
        for kind, declared in KINDS.items()
        for choice in (None, *MissedCause)
        if declared.filed_by(choice, rules) is FiledBy.KEY
    }
    assert by_key == {kind for kind, words in KIND_WORDS.items() if words.key}
    assert set(KIND_WORDS) == set(Kind)
    assert [kind for listing in LISTS for kind in listing.kinds] == list(Kind)
    assert set(QUESTIONS) == set(FiledBy)
    assert set(DESK_WORDS) == set(Queue)
    assert set(TITLES) == set(News) - {News.DECIDED}


def test_an_appeal_is_refused_in_other_words_than_a_retake(voices: Mapping[Language, Texts]) -> None:
    kazakh, russian = voices[Language.KK], voices[Language.RU]
    assert state_name(kazakh, Kind.APPEAL, RequestState.REFUSED) == "қанағаттандырусыз қалдырылды"
    assert state_name(kazakh, Kind.RETAKE, RequestState.REFUSED) == "бас тартылды"
    assert state_name(russian, Kind.APPEAL_PROCEDURE, RequestState.REFUSED) == "оставлена без удовлетворения"
    assert state_name(russian, Kind.MISSED_EXAM, RequestState.REFUSED) == "отказано"


def test_equal_values_of_two_enumerations_keep_their_own_words(voices: Mapping[Language, Texts]) -> None:
    said = {
        refusal(voices[Language.RU], Refused(reason, (HOUSE,)), now=NOW)
        for reason in (AppealRefusal.ALREADY_FILED, RetakeRefusal.ALREADY_FILED, MissedExamRefusal.ALREADY_FILED)
    }
    assert len(said) == 3


def test_a_complaint_is_not_called_an_appeal(voices: Mapping[Language, Texts]) -> None:
    late = Refused(AppealRefusal.WINDOW_CLOSED, (HOUSE,), NOW)
    assert refusal(voices[Language.RU], late, Kind.APPEAL_PROCEDURE, now=NOW) == (
        "Срок жалобы истёк: 15 января, 10:00."
    )
    assert "апелляции" in refusal(voices[Language.RU], late, Kind.APPEAL, now=NOW)
