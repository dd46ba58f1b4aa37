"""GPA by period, iGPA laid open, passing to the next year, and what the GPA would be if."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, lines, msgid, paragraphs
from bot.screen import CAPTION_LIMIT, Button, File, Rows, Screen, length
from bot.screens.marks import fresh, reading_ends
from bot.screens.menu import OpenGpa, back
from bot.words.clauses import clauses
from bot.words.courses import BUTTON_LETTERS, LINE_LETTERS, course_name, part_name, short_year, shortened, year_name
from bot.words.records import WORDS
from bot.words.windows import dated
from policy.calendar import academic_year
from policy.decision import Refused
from policy.gpa import (
    Block,
    BlockPart,
    Formula,
    Gpa,
    GpaBlock,
    Igpa,
    IgpaRefusal,
    Part,
    Promotion,
    decimals_apart,
    promotion_day,
    shown,
)
from policy.marks import Enrolment, Grade, Standing
from policy.people import Funding, Level
from services.papers import ChartPoint, ChartWords
from services.standing import Study, YearStanding

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
COURSES_TO_ASSUME = 50  # as many letters as a button holds
PARTS = {Part.GPA: msgid("GPA"), Part.RESEARCH: msgid("research"), Part.IROS: msgid("iROS"), Part.SSCI: msgid("SSCI")}
BLOCKS = {
    BlockPart.ACADEMIC: msgid("academic part"),
    BlockPart.GPA: PARTS[Part.GPA],
    BlockPart.IROS: PARTS[Part.IROS],
    BlockPart.SSCI: PARTS[Part.SSCI],
}
READINGS = {
    GpaBlock.COMPOSITE: msgid(
        "How this university reads the rule: in this year of study GPA and research count together, "
        "and iROS is not asked for."
    ),
    GpaBlock.GPA: msgid(
        "How this university reads the rule: in this year of study the GPA counts alone, and iROS is not asked for."
    ),
    None: msgid("How this university reads the rule: the share is that of each block's maximum."),
}
ELSEWHERE = {
    Level.MASTER: msgid(
        "Passing to the next year of study is decided by {day} (winter intake: {winter}), "
        "on an extract of the research seminar's protocol. Who does not pass repeats the year or is expelled."
    ),
    Level.DOCTOR: msgid(
        "Passing to the next year of study is decided by {day} (winter intake: {winter}). "
        "Debts are cleared in the time the Academic Council sets, else expulsion follows."
    ),
}
DEBTS = frozenset({Standing.FX, Standing.F, Standing.REMOVED, Standing.DID_NOT_COME, Standing.NOT_ADMITTED})
NOT_DEFINED = {
    IgpaRefusal.NOT_THIS_LEVEL: msgid("Your level of study: {level}. There is no iGPA for it, the GPA counts."),
    IgpaRefusal.NOT_THIS_FORM: msgid("Your form of study: {form}. There is no iGPA for it, the GPA counts."),
    IgpaRefusal.NOT_THIS_YEAR: msgid("There is no iGPA for this year of study, the GPA counts."),
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


def chart_points(texts: Texts, study: Study) -> list[ChartPoint]:
    """Return a point per period, oldest first, the year above its part."""
    return [
        ChartPoint(
            f"{short_year(period)}\n{part_name(texts, period, summer=study.is_summer(period))}",
            None if average.value is None else shown(average.value),
        )
        for period, average in study.gpa_by_period.items()
    ]


def gpa(
    texts: Texts, study: Study, years: Sequence[YearStanding], chart: bytes | None, *, as_of: datetime | None
) -> Screen:
    """Show the overall GPA, each year's and period's, and this year's iGPA; the chart where the text fits under it."""
    overall = study.gpa
    igpa = years[0].igpa if years else None
    text = paragraphs(
        texts("<b>There is no GPA yet:</b> no course has an outcome.")
        if overall.value is None
        else texts("<b>Your GPA: {gpa}</b>", gpa=_two(texts, overall.value)),
        lines(*(_year_line(texts, study, year) for year in reversed(years))),
        lines(*_counted(texts, overall)),
        _igpa_line(texts, study, years[0]) if years else None,
        _passing_elsewhere(texts, study, years[0]) if years else None,
        None if overall.value is None else clauses(texts, overall.cites),
        reading_ends(texts, study),
        fresh(texts, study, as_of),
    )
    return Screen(
        text,
        (
            *(
                ()
                if isinstance(igpa, Refused)
                else (_row(texts.plain("iGPA and the next year of study"), OpenYear(year="")),)
            ),
            *(
                (_row(texts.plain("What would my GPA be if…"), WhatIf(letters="", course=-1)),)
                if study.open_exams
                else ()
            ),
            back(texts),
        ),
        picture=File("gpa.png", chart) if chart and length(text) <= CAPTION_LIMIT else None,
    )


def _row(label: str, data: CallbackData) -> tuple[Button, ...]:
    return (Button(label, data),)


def _two(texts: Texts, value: Decimal | None) -> str:
    return "—" if value is None else texts.number(shown(value), 2)


def _year_line(texts: Texts, study: Study, year: YearStanding) -> Html | None:
    """Return a year's GPA, and that of each of its periods."""
    periods = [
        texts.plain(
            "{period}: {mark}",
            period=part_name(texts, period, summer=study.is_summer(period)),
            mark=_two(texts, average.value),
        )
        for period, average in study.gpa_by_period.items()
        if academic_year(period) == year.academic_year
    ]
    if not periods or year.gpa.value is None:
        return None
    return texts(
        "{year}: <b>{gpa}</b> ({periods})",
        year=year_name(year.academic_year),
        gpa=_two(texts, year.gpa.value),
        periods="; ".join(periods),
    )


def _counted(texts: Texts, overall: Gpa) -> Iterable[Html]:
    """Say what the average is made of."""
    if overall.value is not None:
        yield texts(
            "Computed: credits × points, summed, ÷ credits = {points} ÷ {credits}",
            points=shown(overall.value * overall.credits),
            credits=overall.credits,
        )
    if left := len(overall.left_out):
        yield texts.many("{n} course does not count yet.", "{n} courses do not count yet.", left)
    if overall.superseded:
        yield texts("A course taken again counts once, by its latest result.")


def _igpa_line(texts: Texts, study: Study, year: YearStanding) -> Html | None:
    igpa = year.igpa
    if igpa is None:
        return None
    if isinstance(igpa, Refused):
        return _not_defined(texts, study, igpa)
    name = year_name(year.academic_year)
    if igpa.value is not None:
        return texts("iGPA of {year}: <b>{igpa}</b>", year=name, igpa=_two(texts, igpa.value))
    return texts("iGPA of {year}: not yet known, missing: {parts}", year=name, parts=_names(texts, igpa.missing))


def _names(texts: Texts, parts: Iterable[Part]) -> str:
    return ", ".join(texts.plain(PARTS[part]) for part in parts)


def year(texts: Texts, study: Study, years: Sequence[YearStanding], name: str) -> Screen:
    """Lay one academic year open: the formula with its inputs, and what passing to the next year asks for."""
    current = next((one for one in years if one.academic_year == name), years[0] if years else None)
    if current is None:
        return Screen(
            paragraphs(texts("There is nothing to compute an iGPA from yet: no course has an outcome.")),
            ((_to_gpa(texts),),),
        )
    title = (
        texts("<b>iGPA, {year}</b>", year=year_name(current.academic_year))
        if current.year is None
        else texts("<b>iGPA, {year}, year of study {n}</b>", year=year_name(current.academic_year), n=current.year)
    )
    others = [
        Button(year_name(one.academic_year), OpenYear(year=one.academic_year))
        for one in years
        if one is not current and one.year is not None
    ]
    cites = [cite for part in (current.igpa, current.promotion) if part is not None for cite in part.cites]
    return Screen(
        paragraphs(
            title,
            texts("GPA of the year: <b>{gpa}</b>", gpa=_two(texts, current.gpa.value)),
            *_igpa(texts, study, current),
            *_promotion(texts, study, current),
            clauses(texts, tuple(cites)) if cites else None,
        ),
        (*(others[start : start + 3] for start in range(0, len(others), 3)), (_to_gpa(texts),)),
    )


def _to_gpa(texts: Texts) -> Button:
    return Button(texts.plain("« GPA"), OpenGpa())


def _not_defined(texts: Texts, study: Study, refused: Refused[IgpaRefusal]) -> Html:
    level, form = (texts.plain(WORDS[word]) for word in (study.student.level, study.student.form))
    return texts(NOT_DEFINED[refused.reason], level=level, form=form)


def _igpa(texts: Texts, study: Study, current: YearStanding) -> Iterable[Html | None]:
    igpa = current.igpa
    if igpa is None:
        yield texts("The records do not say which year of study this was, so the formula is not known.")
    elif isinstance(igpa, Refused):
        yield _not_defined(texts, study, igpa)
    else:
        yield _formula(texts, igpa)
        yield _value(texts, igpa)


def _formula(texts: Texts, igpa: Igpa) -> Html:
    """Return the formula with the weights and inputs it has here."""
    if igpa.formula is Formula.SENIOR:
        weighed = list(igpa.weights.items())
        return lines(
            texts("iGPA = {sum}", sum=_sum(texts, weighed)),
            texts("= {sum}", sum=_sum(texts, weighed, igpa.inputs)),
        )
    inner = igpa.weights[Part.GPA] + igpa.weights[Part.RESEARCH]
    academic = [(part, igpa.weights[part] / inner) for part in (Part.GPA, Part.RESEARCH)]
    outer = [(part, weight) for part, weight in igpa.weights.items() if part not in dict(academic)]
    value = _input(texts, igpa.academic)
    return lines(
        texts("academic = {sum}", sum=_sum(texts, academic)),
        texts("= {sum} = {value}", sum=_sum(texts, academic, igpa.inputs), value=value),
        texts("iGPA = {weight} × academic + {rest}", weight=inner, rest=_sum(texts, outer)),
        texts("= {weight} × {value} + {rest}", weight=inner, value=value, rest=_sum(texts, outer, igpa.inputs)),
    )


def _sum(
    texts: Texts, weighed: Iterable[tuple[Part, Decimal]], inputs: Mapping[Part, Decimal | None] | None = None
) -> str:
    return " + ".join(
        f"{texts.number(weight)} × {texts.plain(PARTS[part]) if inputs is None else _input(texts, inputs[part])}"
        for part, weight in weighed
    )


def _input(texts: Texts, value: Decimal | None) -> str:
    return "?" if value is None else texts.number(shown(value), 2)


def _value(texts: Texts, igpa: Igpa) -> Html:
    if igpa.value is not None:
        return lines(
            texts("<b>iGPA = {igpa}</b>", igpa=_two(texts, igpa.value)),
            texts("Computed with exact values: those shown are rounded."),
        )
    return lines(
        texts("<b>iGPA is not yet known.</b>"),
        texts("Still missing: {parts}", parts=_names(texts, igpa.missing)),
        texts("It can still become {low} to {high}.", low=_two(texts, igpa.low), high=_two(texts, igpa.high)),
    )


def _promotion(texts: Texts, study: Study, current: YearStanding) -> Iterable[Html | None]:
    promotion = current.promotion
    if promotion is None or isinstance(promotion, Refused):
        return
    decided = promotion_day(current.academic_year, current.rules.gpa)
    over, day = study.today > decided, dated(texts, decided, study.now)
    yield lines(
        texts("<b>Passing to the next year of study</b>"),
        *(_block(texts, block) for block in promotion.blocks),
        *(() if over else _verdict(texts, current, promotion, study.student.funding, day)),
        None if over else texts("Decided by {day}, the summer semester counted.", day=day),
    )
    yield texts(READINGS[promotion.gpa_block])


def _passing_elsewhere(texts: Texts, study: Study, year: YearStanding) -> Html | None:
    """Say how passing is decided for those who have no blocks to reach."""
    sentence = ELSEWHERE.get(study.student.level)
    rules = year.rules.gpa
    days = [promotion_day(year.academic_year, rules, winter_intake=winter) for winter in (False, True)]
    if sentence is None or not isinstance(year.promotion, Refused) or study.today > days[1]:
        return None
    day, winter = (dated(texts, each, study.now) for each in days)
    return lines(texts(sentence, day=day, winter=winter), clauses(texts, rules.cited("decision_day")))


def _block(texts: Texts, block: Block) -> Html:
    part, required = texts.plain(BLOCKS[block.part]), _two(texts, block.required)
    if block.value is None:
        return texts("❔ {part}: not yet known, {required} needed", part=part, required=required)
    if block.met or block.shortfall is None:
        return texts(
            "✅ {part}: {value}, {required} needed", part=part, value=_two(texts, block.value), required=required
        )
    places = decimals_apart(block.value, block.required)
    return texts(
        "❌ {part}: {value}, {required} needed, short by {short}",
        part=part,
        value=texts.number(block.value, places),
        required=required,
        short=texts.number(block.shortfall, places),
    )


def _verdict(texts: Texts, year: YearStanding, promotion: Promotion, funding: Funding, day: str) -> Iterable[Html]:
    """Say what the blocks come to, and with a repeated year by when its contract has to be concluded."""
    if promotion.passes is None:
        yield texts("It is not yet known whether every block is reached.")
    elif promotion.passes:
        yield texts("As things stand, every block is reached.")
        if any(course.standing in DEBTS for course in (*year.gpa.counted, *year.gpa.left_out)):
            yield texts("Debts that remain are cleared at your own cost, with a grant too.")
    else:
        if funding is Funding.GRANT:
            yield texts("As things stand, the year is repeated at your own cost, and the grant is lost.")
        else:
            yield texts("As things stand, the year is repeated at your own cost.")
        yield texts("The contract for the repeated year is concluded by {day} too, else expulsion follows.", day=day)


def what_if(texts: Texts, study: Study, asked: WhatIf) -> Screen:
    """Show the GPA with the letters assumed so far; a course's button asks for its letter."""
    open_courses = [exam.enrolment for exam in study.open_exams[:COURSES_TO_ASSUME]]
    tables = [study.rules(one).marks.letters.grades for one in open_courses]
    chosen = _chosen(asked.letters, tables)
    title = texts("<b>What would my GPA be if…</b>")
    if not open_courses:
        return Screen(
            paragraphs(title, texts("Every course has its mark, so there is nothing to assume now.")),
            ((_to_gpa(texts),),),
        )
    if 0 <= asked.course < len(open_courses):
        return _ask_letter(texts, open_courses, tables, chosen, asked.course)
    after = study.gpa_if(
        {(one.period, one.course.code): grade for one, grade in zip(open_courses, chosen, strict=True) if grade}
    )
    return Screen(
        paragraphs(
            title,
            lines(
                texts("Now: <b>{gpa}</b>", gpa=_two(texts, study.gpa.value)),
                texts("Then: <b>{gpa}</b>", gpa=_two(texts, after.value)) if any(chosen) else None,
            ),
            lines(
                *(
                    texts("{course}: {letter}", course=_name(texts, one), letter=grade.letter)
                    for one, grade in zip(open_courses, chosen, strict=True)
                    if grade
                )
            ),
            texts("Choose a course and the letter you expect. Nothing is stored."),
        ),
        (
            *(
                (Button(_labelled(texts, one, grade), _asking(chosen, tables, number)),)
                for number, (one, grade) in enumerate(zip(open_courses, chosen, strict=True))
            ),
            (_to_gpa(texts),),
        ),
    )


def _name(texts: Texts, enrolment: Enrolment) -> str:
    return shortened(course_name(texts, enrolment.course), LINE_LETTERS)


def _labelled(texts: Texts, enrolment: Enrolment, grade: Grade | None) -> str:
    letter = f"{grade.letter} · " if grade else ""
    return letter + shortened(course_name(texts, enrolment.course), BUTTON_LETTERS - len(letter))


def _ask_letter(
    texts: Texts,
    open_courses: Sequence[Enrolment],
    tables: Sequence[Sequence[Grade]],
    chosen: Sequence[Grade | None],
    number: int,
) -> Screen:
    buttons = [
        Button(grade.letter, _asking([*chosen[:number], grade, *chosen[number + 1 :]], tables, -1))
        for grade in tables[number]
    ]
    rows: Rows = [buttons[start : start + 4] for start in range(0, len(buttons), 4)]
    nothing = _asking([*chosen[:number], None, *chosen[number + 1 :]], tables, -1)
    return Screen(
        texts("<b>{course}</b>\nWhich letter do you expect?", course=_name(texts, open_courses[number])),
        (*rows, (Button(texts.plain("« Without this course"), nothing),)),
    )


def _asking(chosen: Sequence[Grade | None], tables: Sequence[Sequence[Grade]], course: int) -> WhatIf:
    digits = ("-" if one is None else DIGITS[grades.index(one)] for one, grades in zip(chosen, tables, strict=True))
    return WhatIf(letters="".join(digits), course=course)


def _chosen(letters: str, tables: Sequence[Sequence[Grade]]) -> list[Grade | None]:
    """Read the letters of a button, each by its course's table; what does not fit the courses of today is left out."""
    chosen: list[Grade | None] = [None] * len(tables)
    for place, (digit, grades) in enumerate(zip(letters, tables, strict=False)):
        if digit in DIGITS[: len(grades)]:
            chosen[place] = grades[DIGITS.index(digit)]
    return chosen
