"""Reads one cell as what its column asks for, in every habit of writing that has only one meaning."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from policy.calendar import PeriodEvent
from policy.marks import ExamForm, Outcome
from policy.people import Funding, Language, Level, Role, Sex, Status, StudyForm
from services.importing.columns import words_for, words_of
from services.importing.identity import holds_identity_number
from services.importing.problems import Unacceptable
from services.importing.spelling import compared, is_unseen
from services.tabular import Cell, ValueMissing, fold

Read = Callable[[Cell], Any]

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:\s*(?:ж|г)\.?)?")
_YEAR_FIRST = re.compile(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})")
_HOUR = re.compile(r"(\d{1,2})[:.](\d{2})(?::(\d{2})(?:\.0+)?)?")
_YEARS = re.compile(r"(20\d\d)\s*[-–—/]\s*(20\d\d)")
_PERIOD_NUMBERS = {
    "1": 1, "2": 2, "3": 3, "4": 4, "i": 1, "ii": 2, "iii": 3, "iv": 4, "і": 1, "іі": 2, "ііі": 3,
    "күзгі": 1, "осенний": 1, "көктемгі": 2, "весенний": 2, "жазғы": 3, "летний": 3,
}  # fmt: skip
_SEMESTER_WORDS = {"семестр", "семестрі", "сем", "semester", "й", "ші", "академиялық", "кезең", "период"}
_ONLY_WORDS = re.compile(r"[\s.,/-]*[Ѐ-ӿ][Ѐ-ӿ\s.,/()-]*")
_LETTERS_OF_MARKS = str.maketrans("АВСЕХ", "ABCEX")
_CODE = re.compile(r"[^\W_][\w./-]*")
_LETTER = re.compile("[A-FX]{1,2}[+-]?")
_SURNAME_FIRST = tuple(map(fold, ("Фам", "Тегі", "ФИО", "Ф.И.О.", "ТАӘ", "Т.А.Ә.")))
_OF_A_FATHER = ("ұлы", "улы", "қызы", "кызы", "вич", "ьич", "мич", "кич", "тич", "вна", "чна")
_OF_A_FATHER_APART = {"ұлы", "улы", "қызы", "кызы", "оғлы", "оглы", "углы", "гызы", "ұғлы"}


def readers(zone: ZoneInfo, component_maxima: dict[str, Decimal]) -> dict[str, Callable[[str], Read]]:
    """Return for each type of columns.toml what makes a reader of cells for a column of that name.

    A reader takes a cell that is not empty and returns its value, or raises Unacceptable.
    """
    plain: dict[str, Read] = {
        "id": identifier,
        "code": code,
        "text": text,
        "groups": groups,
        "name": name,
        "person_name": partial(person_name, surname_first=True),
        "phone": phone,
        "year": lambda cell: whole(cell, 1, 7),
        "birth_year": lambda cell: whole(cell, 1900, 2100),
        "attempt": lambda cell: whole(cell, 1, 9),
        "credits": credits_of,
        "mark": lambda cell: number(cell, 100),
        "exam_mark": exam_mark,
        "percent": lambda cell: number(cell, 100),
        "yes_no": lambda cell: True if cell is True else False if cell is False else word("yes_no", cell) == "yes",
        "sex": lambda cell: Sex(word("sex", cell)),
        "language": lambda cell: Language(word("language", cell)),
        "level": lambda cell: Level(word("level", cell)),
        "study_form": lambda cell: StudyForm(word("study_form", cell)),
        "funding": lambda cell: Funding(word("funding", cell)),
        "status": lambda cell: Status(word("status", cell)),
        "role": lambda cell: Role(word("role", cell)),
        "exam_form": lambda cell: ExamForm(word("exam_form", cell)),
        "outcome": lambda cell: Outcome(word("outcome", cell)),
        "period_kind": lambda cell: PeriodEvent(word("period_kind", cell)),
        "period": period,
        "period_part": period_part,
        "academic_year": academic_year,
        "date": day,
        "time": hour,
        "instant": lambda cell: instant(cell, zone),
        "computed": computed,
        "total": total,
        "letter": letter,
    }
    made: dict[str, Callable[[str], Read]] = {kind: _same(reader) for kind, reader in plain.items()}
    made["component"] = lambda column: lambda cell: number(unprotected(cell), component_maxima[column])
    return made


def _same(reader: Read) -> Callable[[str], Read]:
    return lambda _: lambda cell: reader(unprotected(cell))


def unprotected(cell: Cell) -> Cell:
    """Return what was protected from a spreadsheet: ``'02600101`` and ``="02600101"`` are 02600101."""
    if not isinstance(cell, str) or isinstance(cell, ValueMissing):
        return cell
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 3:
        return cell[2:-1].strip() or cell
    return cell[1:].strip() or cell if cell.startswith("'") else cell


def text(cell: Cell) -> str:
    """Read text: inner spaces single, no invisible signs, NFC; a question mark tells that a program lost letters.

    A national identity number is nothing that is kept, whatever column it slipped into.
    """
    _refuse_missing(cell)
    if isinstance(cell, Decimal):
        written = format(cell, "f")
    elif isinstance(cell, str):
        written = " ".join(unicodedata.normalize("NFC", cell).split())
        written = "".join(sign for sign in written if sign == " " or not is_unseen(sign)).strip()
    else:
        raise Unacceptable("not_text")
    if not written:
        raise Unacceptable("value_missing")
    if "?" in written or "\ufffd" in written:
        raise Unacceptable("letters_lost")
    if holds_identity_number(written):
        raise Unacceptable("identity_number")
    return written


def code(cell: Cell) -> str:
    """Read the code of a course or a programme: at most 40 signs."""
    written = text(cell)
    if len(written) > 40:
        raise Unacceptable("too_long", most="40")
    return written


def groups(cell: Cell) -> tuple[str, ...]:
    """Read the names of one group or several, with commas, semicolons or lines between them."""
    if not isinstance(cell, str) or isinstance(cell, ValueMissing):
        return (text(cell),)
    names = tuple(dict.fromkeys(text(each) for each in re.split("[,;\n]", cell) if each.strip()))
    if not names:
        raise Unacceptable("value_missing")
    return names


def name(cell: Cell) -> str:
    """Read a part of a person's name: text without digits."""
    written = text(cell)
    if any(sign.isdigit() for sign in written):
        raise Unacceptable("not_a_name")
    return written


def says_surname_first(label: str) -> bool:
    """Tell whether a label of whole names says in which order they are."""
    return fold(label).startswith(_SURNAME_FIRST)


def person_name(cell: Cell, *, surname_first: bool) -> tuple[str, str, str | None]:
    """Read a whole name as surname, given name and patronymic, where it has only that meaning.

    A patronymic is known by its ending and stands last. Two words are surname and given name where the column says that
    order. Names in capitals get small letters.
    """
    words = [_proper(word) for word in name(cell).split()]
    if len(words) == 4 and words[3].casefold() in _OF_A_FATHER_APART:
        words[2:] = [f"{words[2]} {words[3].casefold()}"]
    initials = any("." in word or len(word) < 2 for word in words)
    if len(words) == 3 and not initials and _is_patronymic(words[2]) and not _is_patronymic(words[1]):
        return words[0], words[1], words[2]
    if len(words) == 2 and not initials and surname_first and not _is_patronymic(words[1]):
        return words[0], words[1], None
    raise Unacceptable("name_needs_columns")


def _is_patronymic(word: str) -> bool:
    folded = word.casefold()
    return folded.endswith(_OF_A_FATHER) or folded.split()[-1] in _OF_A_FATHER_APART


def _proper(word: str) -> str:
    """Return a word in capitals as a name is written: Әбіл-Қайыр."""
    return "-".join(part.capitalize() for part in word.split("-")) if word.isupper() and len(word) > 1 else word


def course_and_code(written: str) -> tuple[str, str | None]:
    """Return the name of a course and the code in brackets behind it: "Математика 1 (MAT1201)"."""
    text_before = written.rstrip()
    opens = max(text_before.rfind("("), text_before.rfind("["))
    course, code = text_before[:opens].rstrip(), text_before[opens + 1 : -1].strip()
    if opens <= 0 or text_before[-1:] not in {")", "]"} or not course or len(code) > 40:
        return written, None
    whole_code = _CODE.fullmatch(code) and any(sign.isdecimal() for sign in code)
    return (course, code) if whole_code else (written, None)


def identifier(cell: Cell) -> str:
    """Read an id as text; a spreadsheet's number loses its ``.0`` here, its leading zeros are looked for later."""
    _refuse_missing(cell)
    if isinstance(cell, Decimal):
        if cell % 1 or cell < 0:
            raise Unacceptable("not_an_id")
        return text(Decimal(int(cell)))
    written = text(cell)
    if whole_float := re.fullmatch(r"(\d+)[.,]0", written):
        written = whole_float[1]
    if not re.fullmatch(r"[^\W_](?:[\w./-]*[^\W_])?", written) or len(written) > 40:
        raise Unacceptable("not_an_id")
    return written


def phone(cell: Cell) -> str:
    """Read a telephone number as it is written; it must hold 10 to 15 digits and nothing but the signs between them."""
    written = text(cell)
    if not re.fullmatch(r"\+?[\d\s()./-]+", written) or not 10 <= sum(sign.isdigit() for sign in written) <= 15:
        raise Unacceptable("not_a_phone")
    return written


def number(cell: Cell, highest: Decimal | int) -> Decimal:
    """Read an exact number from 0 to ``highest``, with a decimal comma or point."""
    _refuse_missing(cell)
    if isinstance(cell, Decimal):
        value = cell
    else:
        if not isinstance(cell, str) or not _NUMBER.fullmatch(written := cell.replace("\xa0", "").rstrip("%").strip()):
            raise Unacceptable("not_a_number")
        try:
            value = Decimal(written.replace(",", "."))
        except InvalidOperation:
            raise Unacceptable("not_a_number") from None
    if not 0 <= value <= highest:
        raise Unacceptable("out_of_range", lowest="0", highest=str(highest))
    return plain(value)


def plain(value: Decimal) -> Decimal:
    """Return the number in its shortest exact form, so that 82, 82.0 and 82.00 are one value."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def whole(cell: Cell, lowest: int, highest: int) -> int:
    """Read a whole number within limits, both inclusive."""
    try:
        value = number(cell, 10**6)
    except Unacceptable as error:
        if error.reason != "out_of_range":
            raise
        value = Decimal(-1)
    if value % 1 or not lowest <= value <= highest:
        raise Unacceptable("not_whole", lowest=str(lowest), highest=str(highest))
    return int(value)


def credits_of(cell: Cell) -> Decimal:
    """Read an amount of credits: more than 0, at most 1000."""
    value = number(cell, 1000)
    if not value:
        raise Unacceptable("out_of_range", lowest="1", highest="1000")
    return value


def exam_mark(cell: Cell) -> Decimal | Outcome:
    """Read an exam mark, or the word that stands in its place; other words are told which are known."""
    if meant := computed(cell):
        return meant
    if isinstance(cell, str) and not isinstance(cell, ValueMissing) and _ONLY_WORDS.fullmatch(cell):
        raise Unacceptable("unknown_word", allowed=", ".join(_instead_of_mark()))
    return number(cell, 100)


@cache
def _instead_of_mark() -> tuple[str, ...]:
    """Return the first words of each outcome that stands in the place of a mark."""
    words = words_for("outcome")
    return tuple(word for outcome in Outcome if outcome is not Outcome.TOOK for word in words[outcome][:3])


def computed(cell: Cell) -> Outcome | None:
    """Read a column the sheet computes: what it says is ours to compute, but words as "не явился" count."""
    if isinstance(cell, str) and not isinstance(cell, ValueMissing) and (meant := words_of("outcome").get(fold(cell))):
        return Outcome(meant)
    return None


def total(cell: Cell) -> Decimal | Outcome | None:
    """Read a total the sheet computed, to be compared with ours; what is neither number nor outcome says nothing."""
    if meant := computed(cell):
        return meant
    try:
        return number(cell, 10**6)
    except Unacceptable:
        return None


def letter(cell: Cell) -> str | Outcome | None:
    """Read a letter the sheet gives, to be compared with ours: ``B+`` in whatever alphabet; other words say nothing."""
    if meant := computed(cell):
        return meant
    if not isinstance(cell, str) or isinstance(cell, ValueMissing) or len(cell) > 10:
        return None
    written = compared(cell).translate(_LETTERS_OF_MARKS)
    return written if _LETTER.fullmatch(written) else None


def word(type_name: str, cell: Cell) -> str:
    """Read one of the words a type knows and return the value it means."""
    _refuse_missing(cell)
    written = format(cell, "f") if isinstance(cell, Decimal) else cell
    meanings = words_of(type_name)
    if isinstance(written, str) and (meant := meanings.get(fold(written) or written)):
        return meant
    raise Unacceptable("unknown_word", allowed=", ".join(dict.fromkeys(meanings.values())))


@dataclass(frozen=True, slots=True)
class Semester:
    """A period without its academic year; ``of_the_year`` False: it may count the semesters of all the studies."""

    number: int
    of_the_year: bool
    written: str


def period_part(cell: Cell) -> str | Semester:
    """Read an academic period, or only its semester where the academic year stands elsewhere."""
    try:
        return period(cell)
    except Unacceptable as error:
        if error.reason == "not_a_period" and (found := _semester(text(cell))):
            return found
        raise


def _semester(written: str) -> Semester | None:
    words = [word for word in re.findall(r"[^\W_]+", written.casefold()) if word not in _SEMESTER_WORDS]
    if len(words) != 1:
        return None
    word = words[0]
    if word.isdecimal() and word.isascii() and len(word) <= 2 and 1 <= int(word) <= 12:
        return Semester(int(word), int(word) <= 2, written)
    number = _PERIOD_NUMBERS.get(word)
    return None if number is None else Semester(number, number <= 2 or len(word) > 3, written)


def period(cell: Cell) -> str:
    """Read an academic period as ``2025-2026/1``, also from "2025-2026 оқу жылы, 1-семестр" and the like."""
    written = text(cell)
    years = _YEARS.search(written)
    if years and int(years[2]) == int(years[1]) + 1:
        rest = (written[: years.start()] + " " + written[years.end() :]).casefold()
        numbers = {_PERIOD_NUMBERS[found] for found in re.findall(r"[^\W_]+", rest) if found in _PERIOD_NUMBERS}
        if len(numbers) == 1:
            return f"{years[1]}-{years[2]}/{numbers.pop()}"
    raise Unacceptable("not_a_period")


def academic_year(cell: Cell) -> str:
    """Read an academic year as ``2025-2026``."""
    years = _YEARS.match(text(cell))
    if years is None or int(years[2]) != int(years[1]) + 1:
        raise Unacceptable("not_an_academic_year")
    return f"{years[1]}-{years[2]}"


def day(cell: Cell) -> date:
    """Read a date: a real one, ``dd.mm.yyyy`` or ``yyyy-mm-dd``; a time of day in it must be midnight."""
    _refuse_missing(cell)
    moment = _moment(cell)
    if isinstance(moment, datetime):
        if moment.time() != time():
            raise Unacceptable("not_a_date")
        return moment.date()
    return moment


def instant(cell: Cell, zone: ZoneInfo) -> datetime:
    """Read an instant in the university's zone, cut to whole seconds; a date alone names no instant."""
    _refuse_missing(cell)
    moment = _moment(cell)
    if not isinstance(moment, datetime):
        raise Unacceptable("no_time_of_day")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).replace(microsecond=0)


def hour(cell: Cell) -> time:
    """Read a time of day: a real one or ``hh:mm``."""
    _refuse_missing(cell)
    if isinstance(cell, time):
        return cell.replace(microsecond=0)
    if isinstance(cell, str) and (found := _HOUR.fullmatch(cell)):
        try:
            return time(int(found[1]), int(found[2]), int(found[3] or 0))
        except ValueError:
            pass
    raise Unacceptable("not_a_time")


def _moment(cell: Cell) -> date | datetime:
    if isinstance(cell, date):
        return cell
    if isinstance(cell, str):
        written, _, rest = cell.replace("T", " ").partition(" ")
        rest = rest.strip()
        found = _DAY_FIRST.fullmatch(written)
        year_first = _YEAR_FIRST.fullmatch(written)
        try:
            if found:
                read = date(int(found[3]), int(found[2]), int(found[1]))
            elif year_first:
                read = date(int(year_first[1]), int(year_first[2]), int(year_first[3]))
            else:
                raise Unacceptable("not_a_date")
        except ValueError as error:
            raise Unacceptable("no_such_date" if not isinstance(error, Unacceptable) else "not_a_date") from None
        if rest.rstrip(".") in {"", "ж", "г"}:
            return read
        return datetime.combine(read, hour(rest))
    raise Unacceptable("not_a_date")


def _refuse_missing(cell: Cell) -> None:
    if isinstance(cell, ValueMissing):
        raise Unacceptable("formula_without_value" if cell == "=" else "error_value")
