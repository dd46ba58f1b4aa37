"""What students are told unasked: new marks and withdrawn ones; and how many of an import's students were told."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from bot.i18n import Html, Texts, bold, lines, msgid, paragraphs
from bot.screen import Button, Screen
from bot.screens.corrections import VALUES, Value
from bot.screens.marks import APPEAL_UNTIL, RETAKE_UNTIL, ZERO, OpenPeriod, deadline
from bot.screens.menu import back
from bot.screens.requests.offers import form_button, open_offers, sitting_name
from bot.screens.requests.own import opens
from bot.words.courses import BUTTON_LETTERS, course_name, mark, period_name
from policy.calendar import Windows
from policy.marks import Course, Standing, looks_like_placeholder
from services.news import NewMark, News
from services.owing import Delivery
from services.requests.filing import Offer
from services.sittings import Sitting

NUMBERS = (Value.RATING1, Value.RATING2, Value.EXAM)
COUNTS = {
    "told": msgid("Told: {n}"),
    "waiting": msgid("On their way: {n}"),
    "not_linked": msgid("Not linked: {n}"),
    "unreachable": msgid("Cannot be reached: {n}"),
    "failed": msgid("Not told by our mistake: {n}"),
}


def new_marks(texts: Texts, news: News) -> Screen:
    """Tell a student what an import brought, old and new under a spoiler, and until when it can be appealed."""
    marks = sorted(news.marks, key=lambda each: (each.standing.enrolment.period, each.standing.enrolment.course.code))
    periods = groupby(marks, key=lambda each: each.standing.enrolment.period)
    shown = {period: [_mark(texts, news, each) for each in those] for period, those in periods}
    names = {period: period_name(texts, period, summer=news.study.is_summer(period)) for period in shown}
    return Screen(
        paragraphs(
            bold(texts("🆕 New marks")),
            *(part for period, those in shown.items() for part in (bold(names[period]), *those)),
        ),
        (
            *(
                (form_button(texts, each.sitting, each.kind.kind, _appeal(texts, each.sitting)),)
                for each in _open_to_appeals(news)
            ),
            *((Button(names[period], OpenPeriod(period=period)),) for period in shown),
            back(texts),
        ),
    )


def _open_to_appeals(news: News) -> Iterator[Offer]:
    """Give the appeals that could be filed now against new marks; a retake is offered where the mark can be seen."""
    for each in news.marks:
        for offer in open_offers(news.study, each.standing):
            if offer.kind.gives_points and offer.sitting.attempt == each.attempt:
                yield offer


def _appeal(texts: Texts, sitting: Sitting) -> str:
    return texts.plain("Appeal: {course}", course=sitting_name(texts, sitting, BUTTON_LETTERS))


def _mark(texts: Texts, news: News, new: NewMark) -> Html:
    attempt, standing = new.attempt, new.standing
    name = course_name(texts, standing.enrolment.course)
    sitting = standing.sitting(attempt.number)
    return lines(
        texts("{course}, attempt {n}", course=name, n=attempt.number) if attempt.number > 1 else name,
        texts(
            "<tg-spoiler>{change}</tg-spoiler>", change=lines(*_values(texts, news, new), *_worries(texts, news, new))
        ),
        deadline(texts, APPEAL_UNTIL, sitting.appeal, news.study.now) if sitting else None,
    )


def _worries(texts: Texts, news: News, new: NewMark) -> Iterator[Html | None]:
    """Say what would give the mark away if it stood outside the spoiler."""
    if looks_like_placeholder(new.attempt):
        yield texts(ZERO)
    if new.attempt != new.standing.enrolment.attempts[-1]:
        return
    if new.result.standing is Standing.FX and isinstance(new.standing.retake, Windows):
        yield deadline(texts, RETAKE_UNTIL, new.standing.retake, news.study.now)
    elif new.result.standing in (Standing.FX, Standing.F, Standing.REMOVED):
        yield opens(texts, news.study, new.standing)


def _values(texts: Texts, news: News, new: NewMark) -> Sequence[Html]:
    said = []
    for value in NUMBERS:
        before, after = new.before.get(value), getattr(new.attempt, value)
        if after is None or (before is not None and Decimal(before) == after):
            continue
        if before is None:
            said.append(texts("{value}: <b>{mark}</b>", value=texts(VALUES[value]), mark=after))
        else:
            values = {"value": texts(VALUES[value]), "before": Decimal(before), "after": after}
            said.append(texts("{value}: {before} → <b>{after}</b>", **values))
    if new.attempt.concluded:
        said.append(texts("Final mark: {mark}", mark=mark(texts, news.study, new.result)))
    return said


def withdrawn_marks(texts: Texts, courses: Sequence[tuple[str, Course]], reason: str) -> Screen:
    """Tell a student that marks they were told of do not hold; `courses` come with their periods."""
    return Screen(
        paragraphs(
            bold(texts("↩️ Marks were withdrawn")),
            texts("The registrar's office took back a file. What it brought for these courses does not hold:"),
            lines(
                *(
                    texts("{course}, {period}", course=course_name(texts, course), period=period_name(texts, period))
                    for period, course in courses
                )
            ),
            texts("Reason: {reason}", reason=reason),
        ),
        (back(texts),),
    )


def told(texts: Texts, counts: Delivery) -> Html | None:
    """Say how many of those concerned were told; None when nobody was to be."""
    if not counts.total:
        return None
    return lines(
        bold(texts("Students told of their marks")),
        *(texts(sentence, n=number) for name, sentence in COUNTS.items() if (number := getattr(counts, name))),
    )
