"""What points on an exam mark would bring: mark, letter, GPA, and what opens or closes by it."""

from collections.abc import Iterable

from bot.i18n import Html, Texts, lines
from bot.screens.corrections import final
from bot.words.requests import number
from bot.words.windows import until
from policy.calendar import Windows
from policy.decision import Refused
from policy.gpa import Gpa, shown
from policy.marks import Standing
from services.requests.outlook import Outlook

NO_GPA = "–"


def brings(texts: Texts, outlook: Outlook) -> Html:
    """Say what the points come to."""
    return lines(*_consequences(texts, outlook))


def _consequences(texts: Texts, outlook: Outlook) -> Iterable[Html]:
    before, after = outlook.before, outlook.after
    yield texts("Exam mark: {before} → <b>{after}</b>", before=outlook.mark_before, after=outlook.mark_after)
    yield texts("Final mark: {before} → <b>{after}</b>", before=final(texts, before), after=final(texts, after))
    gpas = [_gpa(texts, each) for each in (outlook.gpa_before, outlook.gpa_after)]
    if gpas[0] == gpas[1]:
        yield texts("Overall GPA: stays {gpa}", gpa=gpas[0])
    else:
        yield texts("Overall GPA: {before} → <b>{after}</b>", before=gpas[0], after=gpas[1])
    standings = before.result.standing, after.result.standing
    if standings == (Standing.FX, Standing.PASSED):
        yield texts("The course is passed: no retake is needed.")
    elif standings[0] is not standings[1] and isinstance(after.retake, Windows):
        yield texts("A retake can be applied for until {until}.", until=until(texts, after.retake.closes))
    elif standings[1] is Standing.FX and isinstance(after.retake, Refused):
        yield texts("It stays an FX, and there is no retake.")
    for request in outlook.voided:
        yield texts("{number}: the retake application ends with it.", number=number(texts, request.id))


def _gpa(texts: Texts, gpa: Gpa) -> str:
    return NO_GPA if gpa.value is None else texts.number(shown(gpa.value), 2)
