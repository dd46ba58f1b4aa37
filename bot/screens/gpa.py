"""GPA by period, iGPA laid open, passing to the next year, and what the GPA would be if."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Html, Texts, lines, msgid, paragraphs
from bot.screen import Button, File, Rows, Screen
from bot.screens.clauses import clauses
from bot.screens.marks import course_name, period_name
from bot.screens.menu import OpenGpa, back
from policy.decision import Refused
from policy.gpa import Block, Formula, Gpa, Igpa, IgpaRefusal, Part, Promotion, promotion_day, shown
from policy.marks import Enrolment, Grade
from services.papers import ChartPoint, ChartWords
from services.standing import Study, YearStanding

PARTS = {Part.GPA: msgid("GPA"), Part.RESEARCH: msgid("research"), Part.IROS: msgid("iROS"), Part.SSCI: msgid("SSCI")}
NOT_DEFINED = {
    IgpaRefusal.NOT_THIS_LEVEL: msgid("iGPA is for bachelor students. For your level of study the GPA above counts."),
    IgpaRefusal.NOT_THIS_FORM: msgid("iGPA is for full-time students. For your form of study the GPA above counts."),
    IgpaRefusal.NOT_THIS_YEAR: msgid("iGPA is for years 1 to 4. For your year of study the GPA above counts."),
}


class OpenYear(CallbackData, prefix="igpa"):
    """Lay the iGPA of an academic year open; empty is the latest."""

    year: str


class WhatIf(CallbackData, prefix="if"):
    """What the GPA would be; `letters` holds a digit of base 36 per open course, `-` where none is assumed.

    `course` is the open course that is being asked about, -1 for none: a question about nothing that is stored, so the
    whole of it stands in the button.
    """

    letters: str
    course: int


def chart_words(texts: Texts) -> ChartWords:
    """Return the texts of the chart."""
    return ChartWords(title=texts.plain("GPA by period"))


def chart_points(averages: Mapping[str, Gpa]) -> list[ChartPoint]:
    """Return a point per period, the year above its number."""
    return [
        ChartPoint(period.replace("/", "\n").replace("-", "–"), None if average.value is None else shown(average.value))
        for period, average in averages.items()
    ]


def gpa(texts: Texts, study: Study, years: Sequence[YearStanding], chart: bytes | None) -> Screen:
    """Show the overall GPA, each period's, and this year's iGPA."""
    overall = study.gpa
    return Screen(
        paragraphs(
            texts("<b>Your GPA: {gpa}</b>", gpa=_two(texts, overall.value))
            if overall.value is not None
            else texts("<b>There is no GPA yet:</b> no course has an outcome."),
            lines(
                *(
                    texts("{period}: <b>{gpa}</b>", period=period_name(texts, period), gpa=_two(texts, average.value))
                    for period, average in study.gpa_by_period.items()
                )
            ),
            lines(
                texts("Credits counted: {credits}", credits=overall.credits),
                texts.many("{n} course is left out: no outcome yet.", "{n} courses are left out: no outcome yet.", left)
                if (left := len(overall.left_out))
                else None,
            ),
            _igpa_line(texts, years[0]) if years else None,
        ),
        (
            (Button(texts.plain("iGPA and the next year of study"), OpenYear(year="")),),
            (Button(texts.plain("What would my GPA be if…"), WhatIf(letters="", course=-1)),),
            back(texts),
        ),
        picture=File("gpa.png", chart) if chart else None,
    )


def _two(texts: Texts, value: Decimal | None) -> str:
    return "—" if value is None else texts.number(shown(value), 2)


def _igpa_line(texts: Texts, year: YearStanding) -> Html | None:
    igpa = year.igpa
    if igpa is None or isinstance(igpa, Refused):
        return None
    if igpa.value is not None:
        return texts("iGPA of {year}: <b>{igpa}</b>", year=_year(year), igpa=_two(texts, igpa.value))
    return texts("iGPA of {year}: not yet known", year=_year(year))


def _year(year: YearStanding) -> str:
    return year.academic_year.replace("-", "–")


def year(texts: Texts, study: Study, years: Sequence[YearStanding], name: str) -> Screen:
    """Lay one academic year open: the formula with its inputs, and what passing to the next year asks for."""
    current = next((one for one in years if one.academic_year == name), years[0] if years else None)
    if current is None:
        return Screen(
            paragraphs(texts("There is nothing to compute an iGPA from yet: no course has an outcome.")),
            ((_to_gpa(texts),),),
        )
    title = (
        texts("<b>iGPA, {year}</b>", year=_year(current))
        if current.year is None
        else texts("<b>iGPA, {year}, year of study {n}</b>", year=_year(current), n=current.year)
    )
    others = [Button(_year(one), OpenYear(year=one.academic_year)) for one in years if one is not current]
    return Screen(
        paragraphs(title, *_igpa(texts, current), *_promotion(texts, study, current)),
        (*(others[start : start + 3] for start in range(0, len(others), 3)), (_to_gpa(texts),)),
    )


def _to_gpa(texts: Texts) -> Button:
    return Button(texts.plain("« GPA"), OpenGpa())


def _igpa(texts: Texts, current: YearStanding) -> Iterable[Html | None]:
    igpa = current.igpa
    yield texts("GPA of the year: <b>{gpa}</b>", gpa=_two(texts, current.gpa.value))
    if igpa is None:
        yield texts("The records do not say which year of study this was, so the formula is not known.")
    elif isinstance(igpa, Refused):
        yield texts(NOT_DEFINED[igpa.reason])
        yield clauses(texts, igpa.cites)
    else:
        yield _formula(texts, igpa)
        yield _value(texts, igpa)
        yield clauses(texts, igpa.cites)


def _formula(texts: Texts, igpa: Igpa) -> Html:
    """Return the formula with the weights and inputs it has here."""
    if igpa.formula is Formula.JUNIOR and igpa.academic is not None:
        inner = igpa.weights[Part.GPA] + igpa.weights[Part.RESEARCH]
        academic = [(igpa.weights[part] / inner, part) for part in (Part.GPA, Part.RESEARCH)]
        return lines(
            texts("academic = {sum}", sum=_sum(texts, academic)),
            texts("= {sum} = {value}", sum=_sum(texts, academic, igpa.inputs), value=_two(texts, igpa.academic)),
            texts("iGPA = {weight} × academic + {rest}", weight=inner, rest=_sum(texts, _outer(igpa))),
        )
    weighed = [(weight, part) for part, weight in igpa.weights.items()]
    return lines(
        texts("iGPA = {sum}", sum=_sum(texts, weighed)), texts("= {sum}", sum=_sum(texts, weighed, igpa.inputs))
    )


def _outer(igpa: Igpa) -> list[tuple[Decimal, Part]]:
    return [(weight, part) for part, weight in igpa.weights.items() if part not in (Part.GPA, Part.RESEARCH)]


def _sum(
    texts: Texts, weighed: Iterable[tuple[Decimal, Part]], inputs: Mapping[Part, Decimal | None] | None = None
) -> str:
    return " + ".join(
        f"{texts.number(weight)} × {texts.plain(PARTS[part]) if inputs is None else _input(texts, inputs[part])}"
        for weight, part in weighed
    )


def _input(texts: Texts, value: Decimal | None) -> str:
    return "?" if value is None else texts.number(shown(value), 2)


def _value(texts: Texts, igpa: Igpa) -> Html:
    if igpa.value is not None:
        return texts("<b>iGPA = {igpa}</b>", igpa=_two(texts, igpa.value))
    return lines(
        texts("<b>iGPA is not yet known.</b>"),
        texts("Still missing: {parts}", parts=", ".join(texts.plain(PARTS[part]) for part in igpa.missing)),
        texts("It can still become {low} to {high}.", low=_two(texts, igpa.low), high=_two(texts, igpa.high)),
    )


def _promotion(texts: Texts, study: Study, current: YearStanding) -> Iterable[Html | None]:
    promotion = current.promotion
    if promotion is None or isinstance(promotion, Refused):
        return
    decided = promotion_day(current.academic_year, study.rules_now.gpa)
    yield lines(
        texts("<b>Passing to the next year of study</b>"),
        *(_block(texts, block) for block in promotion.blocks),
        _verdict(texts, promotion),
        texts("Decided by {day}, the summer semester counted.", day=texts.day(decided)),
    )
    yield clauses(texts, promotion.cites)


def _block(texts: Texts, block: Block) -> Html:
    part, required = texts.plain(PARTS[block.part]), _two(texts, block.required)
    if block.value is None:
        return texts("❔ {part}: not yet known, {required} needed", part=part, required=required)
    value = _two(texts, block.value)
    if block.met:
        return texts("✅ {part}: {value}, {required} needed", part=part, value=value, required=required)
    short = _two(texts, block.shortfall)
    return texts(
        "❌ {part}: {value}, {required} needed, short by {short}",
        part=part,
        value=value,
        required=required,
        short=short,
    )


def _verdict(texts: Texts, promotion: Promotion) -> Html:
    if promotion.passes is None:
        return texts("It is not yet known whether every block is reached.")
    if promotion.passes:
        return texts("As things stand, every block is reached.")
    return texts("As things stand, you do not pass: the year is repeated at your own cost, and a grant is lost.")


def what_if(texts: Texts, study: Study, asked: WhatIf) -> Screen:
    """Show the GPA with the letters assumed so far; a course's button asks for its letter."""
    open_courses = study.open_courses
    grades = study.rules_now.marks.letters.grades
    chosen = _chosen(asked.letters, open_courses, grades)
    if not open_courses:
        return Screen(
            paragraphs(
                texts("<b>What would my GPA be if…</b>"),
                texts("Every course has its mark, so there is nothing to assume now."),
            ),
            ((_to_gpa(texts),),),
        )
    if 0 <= asked.course < len(open_courses):
        return _ask_letter(texts, open_courses, grades, chosen, asked.course)
    after = study.gpa_if(
        {(one.period, one.course.code): grade for one, grade in zip(open_courses, chosen, strict=True) if grade}
    )
    now = study.gpa.value
    return Screen(
        paragraphs(
            texts("<b>What would my GPA be if…</b>"),
            lines(
                texts("Now: <b>{gpa}</b>", gpa=_two(texts, now)),
                texts("Then: <b>{gpa}</b>", gpa=_two(texts, after.value)) if any(chosen) else None,
            ),
            lines(
                *(
                    texts("{course}: {letter}", course=course_name(texts, one.course), letter=grade.letter)
                    for one, grade in zip(open_courses, chosen, strict=True)
                    if grade
                )
            ),
            texts("Choose a course and the letter you expect. Nothing is stored."),
        ),
        (
            *(
                (Button(_labelled(texts, one, grade), _asking(chosen, grades, number)),)
                for number, (one, grade) in enumerate(zip(open_courses, chosen, strict=True))
            ),
            (_to_gpa(texts),),
        ),
    )


def _labelled(texts: Texts, enrolment: Enrolment, grade: Grade | None) -> str:
    name = course_name(texts, enrolment.course)
    return f"{name}: {grade.letter}" if grade else name


def _ask_letter(
    texts: Texts,
    open_courses: Sequence[Enrolment],
    grades: Sequence[Grade],
    chosen: Sequence[Grade | None],
    number: int,
) -> Screen:
    buttons = [
        Button(grade.letter, _asking([*chosen[:number], grade, *chosen[number + 1 :]], grades, -1)) for grade in grades
    ]
    rows: Rows = [buttons[start : start + 4] for start in range(0, len(buttons), 4)]
    nothing = _asking([*chosen[:number], None, *chosen[number + 1 :]], grades, -1)
    return Screen(
        texts("<b>{course}</b>\nWhich letter do you expect?", course=course_name(texts, open_courses[number].course)),
        (*rows, (Button(texts.plain("« Without this course"), nothing),)),
    )


def _asking(chosen: Sequence[Grade | None], grades: Sequence[Grade], course: int) -> WhatIf:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return WhatIf(letters="".join("-" if one is None else digits[grades.index(one)] for one in chosen), course=course)


def _chosen(letters: str, open_courses: Sequence[Enrolment], grades: Sequence[Grade]) -> list[Grade | None]:
    """Read the letters of a button; what does not fit the courses of today is left out."""
    chosen: list[Grade | None] = [None] * len(open_courses)
    for place, digit in enumerate(letters[: len(open_courses)]):
        if digit.isascii() and digit.isalnum() and int(digit, 36) < len(grades):
            chosen[place] = grades[int(digit, 36)]
    return chosen
