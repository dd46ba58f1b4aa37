"""Papers about requests: an application, the commission's protocol, the register; each says what it was given."""

import io
import resource
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
import python_calamine

from policy.marks import ExamForm, Outcome
from policy.people import Language
from policy.profile import Bilingual
from policy.requests import DESKS, Kind, RequestState
from policy.retakes import MissedCause
from services.papers.application import Applicant, ApplicationPaper, AppliedExam, AttachedDocument, OnPaper, application
from services.papers.decided import PrintedDecision
from services.papers.protocol import Function, Present, ProtocolCase, ProtocolPaper, protocol
from services.papers.register import RegisterRow, register_of_requests
from services.papers.typesetting import drawable
from services.papers.wording import Words, texts

ALMATY = ZoneInfo("Asia/Almaty")
KAZAKH = "ӘҒҚҢӨҰҮҺІ әғқңөұүһі"
HOSTILE = "#import \"x\" *б* $x$ \\ <b>ә</b> =cmd|' /C calc'!A0 ```"
KK, RU = Language.KK, Language.RU
needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Give a local instant of January 2026, in UTC."""
    return datetime(2026, 1, day, hour, minute, second, tzinfo=ALMATY).astimezone(UTC)


UPHELD = PrintedDecision(
    outcome=RequestState.UPHELD,
    reason="Үшінші есеп дұрыс.",
    prepared_by="Сейітова Айгүл",
    signed_by="Ахметова Гүлнар",
    signed_at=at(17, 15, 4, 5),
    mark_before=Decimal("44.50"),
    points=5,
    mark_after=Decimal(50),
    final=74,
    letter="C+",
)
REFUSED = PrintedDecision(
    outcome=RequestState.REFUSED,
    reason="Оценка соответствует критериям.",
    prepared_by="Сейітова Айгүл",
    signed_by="Омаров Нұрлан",
    signed_at=at(17, 15, 9, 5),
    mark_before=61,
)
APPEAL = ApplicationPaper(
    language=KK,
    zone=ALMATY,
    university="Д. Серікбаев атындағы ШҚТУ",
    number="17",
    kind=Kind.APPEAL,
    applicant=Applicant(
        name="Нұрғалиева Виктория",
        student_id="25B010123",
        group="ЭН-25-1",
        degree_programme="6B07101 Электр энергетикасы",
        year=2,
        phone="+7 701 000 00 00",
    ),
    exam=AppliedExam(
        course="Электр машиналары",
        period="2025-2026/1",
        day=date(2026, 1, 15),
        mark=Decimal("44.50"),
        posted_at=at(15, 19, 40, 12),
    ),
    filed_at=at(16, 12, 59, 59),
    in_time_until=at(16, 13),
    printed_at=at(16, 15, 3, 7),
    reason="Үшінші есеп\nдұрыс шығарылған.",
    documents=(
        AttachedDocument(name="жұмыс.jpg", size=345_678, sha256="0123456789abcdef" * 4, added_at=at(16, 12, 30, 1)),
        AttachedDocument(name="бет 2.pdf", size=None, sha256=None, added_at=at(16, 12, 30, 2)),
    ),
)
CASE = ProtocolCase(
    number="17",
    kind=Kind.APPEAL,
    student="Нұрғалиева Виктория",
    group="ЭН-25-1",
    course=Bilingual("Электр машиналары", "Электрические машины"),
    period="2025-2026/1",
    attempt=1,
    filed_at=at(16, 12, 59, 59),
    in_time_until=at(16, 13),
    decision=UPHELD,
    exam_day=date(2026, 1, 15),
    exam_form=ExamForm.WRITTEN,
)
CHAIR = Present(name="Ахметова Гүлнар", function=Function.CHAIR)
DEPUTY = Present(name="Омаров Нұрлан", function=Function.DEPUTY)
SECRETARY = Present(name="Сейітова Айгүл", function=Function.SECRETARY)
PROTOCOL = ProtocolPaper(
    zone=ALMATY,
    university=Bilingual("Д. Серікбаев атындағы ШҚТУ", "ВКТУ имени Д. Серикбаева"),
    number="3",
    day=date(2026, 1, 17),
    place=Bilingual("214-кабинет", "Кабинет 214"),
    present=(CHAIR, DEPUTY, Present(name="Ким Ирина", function=Function.MEMBER), SECRETARY),
    cases=(CASE,),
)
ROW = RegisterRow(
    number=17,
    kind=Kind.APPEAL,
    state=RequestState.UPHELD,
    student_id="250101",
    student="Нұрғалиева Виктория",
    group="ЭН-25-1",
    course="Электр машиналары",
    period="2025-2026/1",
    filed_at=at(16, 12, 59, 59),
    in_time_until=at(16, 13),
    due_at=at(20, 0),
    exam_day=date(2026, 1, 15),
    mark=Decimal("44.50"),
    decision=UPHELD,
    entered_at=at(18, 9),
    entered_by="Ли Анна",
)


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page in the order it was laid out, on one line, as if no word had been broken."""
    text = subprocess.run(("pdftotext", "-raw", "-", "-"), input=pdf, capture_output=True, check=True).stdout.decode()
    return [" ".join(page.replace("\u200b", "").split()) for page in text.split("\f")[:-1]]


def whole(pdf: bytes) -> str:
    return " ".join(pages(pdf))


def missing(text: str, expected: Iterable[str]) -> list[str]:
    return [one for one in expected if one not in text]


def test_every_word_stands_in_both_languages_with_the_same_arguments() -> None:
    for part in texts().values():
        for name, words in part.items():
            assert set(words) == {"kk", "ru"}, name
            assert all(text.strip() for text in words.values()), name
            fields = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in words.values()]
            assert fields[0] == fields[1], name


@pytest.mark.parametrize(
    ("part", "values"),
    [
        *((part, set(Kind)) for part in ("kinds", "addressees", "petitions", "deciders")),
        ("states", {desk.names(state) for desk in DESKS.values() for state in RequestState}),
        ("choices", set(MissedCause)),
        ("outcomes", set(Outcome) - {Outcome.TOOK}),
        ("exam_forms", set(ExamForm)),
        ("functions", set(Function)),
    ],
)
def test_every_value_of_the_records_has_its_word(part: str, values: set[str]) -> None:
    assert set(texts()[part]) == values


@pytest.mark.parametrize(
    ("until", "shown"),
    [(at(16, 13), "16.01.2026 13:00:00 (UTC+5)"), (at(31, 0), "30.01.2026 24:00:00 (UTC+5)")],
)
def test_a_limit_at_midnight_is_the_end_of_the_day_before(until: datetime, shown: str) -> None:
    assert Words(KK, ALMATY).limit(until, filed=until - timedelta(seconds=1)) == shown


def test_a_paper_says_of_a_limit_that_something_was_filed_when_it_was_over() -> None:
    assert Words(KK, ALMATY).limit(at(16, 13), filed=at(16, 13)) == "16.01.2026 13:00:00 (UTC+5); кешігіп берілді"


def test_an_instant_tells_how_far_from_utc_it_was_on_its_own_day() -> None:
    before_the_country_had_one_zone = datetime(2024, 2, 1, 7, 0, 9, tzinfo=UTC)
    assert Words(RU, ALMATY).instant(before_the_country_had_one_zone) == "01.02.2024 13:00:09 (UTC+6)"
    assert Words(RU, ZoneInfo("Asia/Kolkata")).instant(at(1, 5)) == "01.01.2026 05:30:00 (UTC+5:30)"


def test_what_the_fonts_lack_or_what_turns_a_line_round_is_written_as_its_code() -> None:
    assert drawable(["рақмет 🙏❤️", {"a": "50\u202e05\x07"}]) == [
        "рақмет [U+1F64F][U+2764]",
        {"a": "50[U+202E]05[U+0007]"},
    ]
    assert drawable(f"{KAZAKH} № «–» 5 ₸ {HOSTILE}") == f"{KAZAKH} № «–» 5 ₸ {HOSTILE}"


@needs_poppler
async def test_an_application_tells_everything_that_was_filed() -> None:
    text = whole(await application(APPEAL))
    assert not missing(
        text,
        (
            "Апелляциялық комиссияның төрағасына",
            "№ 17 ӨТІНІШ",
            "Нұрғалиева Виктория",
            "ID нөмірі 25B010123",
            "ЭН-25-1",
            "6B07101 Электр энергетикасы",
            "+7 701 000 00 00",
            "Электр машиналары",
            "2025–2026 оқу жылы, 1-кезең",
            "Емтихан күні 15.01.2026",
            "Емтихан бағасы 44,5 ",
            "Порталға енгізілген уақыты 15.01.2026 19:40:12 (UTC+5)",
            "Берілген уақыты 16.01.2026 12:59:59 (UTC+5)",
            "Беру мерзімі 16.01.2026 13:00:00 (UTC+5)",
            "Telegram-ботқа",
            "Үшінші есеп дұрыс шығарылған.",
            "1 жұмыс.jpg 337,6 КБ 0123456789abcdef 16.01.2026 12:30:01 (UTC+5)",
            "2 бет 2.pdf – сақталмаған 16.01.2026 12:30:02 (UTC+5)",
            "Өтініш берушінің қолы:",
            "Апелляциялық комиссияның шешімі",
            "Басып шығарылған уақыты: 16.01.2026 15:03:07 (UTC+5)",
        ),
    )


@needs_poppler
async def test_an_application_on_paper_tells_who_registered_it_and_what_was_decided() -> None:
    paper = replace(
        APPEAL,
        language=RU,
        applicant=replace(APPEAL.applicant, phone=None),
        on_paper=OnPaper(registered_by="Сейітова Айгүл", registered_at=at(16, 14, 5, 6)),
        reason_changed_at=at(16, 13, 30),
        documents=(),
        decision=UPHELD,
    )
    text = whole(await application(paper))
    assert not missing(
        text,
        (
            "Председателю апелляционной комиссии",
            "ЗАЯВЛЕНИЕ № 17",
            "2025–2026 учебный год, период 1",
            "Способ подачи на бумаге; время указано при регистрации",
            "Кем зарегистрировано Сейітова Айгүл, 16.01.2026 14:05:06 (UTC+5)",
            "Текст исправлен 16.01.2026 13:30:00 (UTC+5)",
            "Документы не приложены.",
            "добавлено баллов: 5. Новая экзаменационная оценка: 50. Итоговая оценка: 74, C+.",
            "Үшінші есеп дұрыс.",
            "Подписано: Ахметова Гүлнар, 17.01.2026 15:04:05 (UTC+5).",
        ),
    )
    assert "Телефон" not in text


@needs_poppler
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", Kind)
async def test_every_kind_goes_to_its_addressee_in_the_students_language(kind: Kind, language: Language) -> None:
    text = whole(await application(replace(APPEAL, kind=kind, language=language)))
    assert not missing(text, (texts()[part][kind][language] for part in ("addressees", "kinds", "petitions")))


@needs_poppler
async def test_an_application_without_a_reason_or_a_mark_says_how_the_sitting_ended() -> None:
    missed = replace(
        APPEAL,
        kind=Kind.MISSED_EXAM,
        choice=MissedCause.DID_NOT_COME,
        exam=AppliedExam(course="Математика", period="2025-2026/3", outcome=Outcome.DID_NOT_COME),
        reason=None,
    )
    text = whole(await application(missed))
    assert not missing(
        text, ("жазғы семестр", "Негізі емтиханға келмеген", "Емтихан күні белгісіз", "бағасы келген жоқ")
    )
    assert "Негіздеме" not in text
    assert "енгізілмеген" in whole(await application(replace(APPEAL, exam=replace(APPEAL.exam, mark=None))))


@needs_poppler
async def test_an_approved_retake_tells_when_and_where_and_a_refused_one_is_refused() -> None:
    approved = replace(
        UPHELD,
        outcome=RequestState.APPROVED,
        points=None,
        mark_after=None,
        final=None,
        letter=None,
        seat_at=at(22, 9),
        seat_room="Г-301",
    )
    retake = replace(APPEAL, kind=Kind.RETAKE, language=RU, decision=approved)
    assert "Одобрено. Экзамен: 22.01.2026 09:00:00 (UTC+5), аудитория: Г-301." in whole(await application(retake))
    assert "Отказано. Оценка соответствует" in whole(await application(replace(retake, decision=REFUSED)))


@needs_poppler
async def test_a_long_reason_runs_over_pages_and_none_of_it_is_lost() -> None:
    lines = [f"{number}. {KAZAKH} шағым" for number in range(150)]
    long = pages(await application(replace(APPEAL, reason="\n".join(lines))))
    assert len(long) > 2
    assert all(f"Бет: {number} / {len(long)}" in page for number, page in enumerate(long, start=1))
    assert not missing(" ".join(long), lines)
    unbroken = whole(await application(replace(APPEAL, reason="ұзын" * 1024)))
    assert unbroken.replace(" ", "").count("ұзын") == 1024


@needs_poppler
async def test_hostile_text_is_printed_as_it_is() -> None:
    document = AttachedDocument(name=HOSTILE, size=1, sha256=None, added_at=at(16, 9))
    paper = replace(APPEAL, reason=f"{HOSTILE}\n{KAZAKH}", documents=(document,), university="#panic()")
    text = whole(await application(paper))
    assert text.count(HOSTILE) == 2
    assert not missing(text, (KAZAKH, "#panic()"))
    case = replace(CASE, student=HOSTILE, decision=replace(UPHELD, reason=HOSTILE))
    assert whole(await protocol(replace(PROTOCOL, cases=(case,)))).count(HOSTILE) == 2


@needs_poppler
async def test_a_protocol_says_everything_in_both_languages() -> None:
    text = whole(await protocol(PROTOCOL))
    assert not missing(
        text,
        (
            "Апелляциялық комиссия отырысының № 3 хаттамасы",
            "Протокол № 3 заседания апелляционной комиссии",
            "Күні: 17.01.2026",
            "Место заседания: Кабинет 214",
            "Ахметова Гүлнар – төраға",
            "Омаров Нұрлан – заместитель председателя",
            "Ким Ирина – член комиссии",
            "Сейітова Айгүл – хатшы",
            "1. Нұрғалиева Виктория, ЭН-25-1",
            "№ 17 өтініш / Заявление № 17",
            "Пәні: Электр машиналары",
            "Дисциплина: Электрические машины",
            "Емтихан: 15.01.2026, жазбаша, 2025–2026 оқу жылы, 1-кезең",
            "Экзамен: 15.01.2026, письменный, 2025–2026 учебный год, период 1",
            "Берілген уақыты: 16.01.2026 12:59:59 (UTC+5)",
            "Срок подачи: 16.01.2026 13:00:00 (UTC+5)",
            "Апелляцияға дейінгі емтихан бағасы: 44,5",
            "ШЕШІМ: Қанағаттандырылды. Емтихан бағасына қосылған балл: 5. Жаңа емтихан бағасы: 50.",
            "Қорытынды баға: 74, C+.",
            "РЕШЕНИЕ: Удовлетворена. К экзаменационной оценке добавлено баллов: 5.",
            "Негіздемесі / Обоснование: Үшінші есеп дұрыс.",
            "Дайындаған: Сейітова Айгүл. Қол қойған: Ахметова Гүлнар, 17.01.2026 15:04:05 (UTC+5).",
            "Қаралғаны: 1. Қанағаттандырылғаны: 1. Қанағаттандырусыз қалдырылғаны: 0.",
            "Рассмотрено: 1. Удовлетворено: 1. Оставлено без удовлетворения: 0.",
            "Төраға / Председатель",
            "Хатшы / Секретарь",
            "Бет / Страница: 1 / 1",
        ),
    )


@needs_poppler
async def test_a_refused_case_keeps_its_mark_and_a_complaint_speaks_of_none() -> None:
    complaint = replace(REFUSED, mark_before=None)
    cases = (
        replace(CASE, decision=REFUSED, attempt=2),
        replace(CASE, number="18", kind=Kind.APPEAL_PROCEDURE, decision=complaint, outcome=Outcome.REMOVED),
    )
    text = whole(await protocol(replace(PROTOCOL, cases=cases)))
    assert text.count("Оставлена без удовлетворения.") == 2
    assert text.count("Оценка не изменена: 61.") == text.count("пересдача") == 1
    assert not missing(
        text, ("жалоба на проведение экзамена", "бағасы: нәтижесі жойылды", "Оставлено без удовлетворения: 2")
    )


@needs_poppler
async def test_a_mark_that_is_no_pass_has_its_letter_and_no_final_mark() -> None:
    failed = replace(UPHELD, mark_after=Decimal(49), final=None, letter="FX", replaces_signed_at=at(16, 18))
    text = whole(await protocol(replace(PROTOCOL, cases=(replace(CASE, decision=failed),))))
    assert not missing(
        text,
        (
            "Новая экзаменационная оценка: 49. Буквенная оценка: FX.",
            "Принято взамен прежнего решения. Прежнее подписано: 16.01.2026 18:00:00 (UTC+5).",
        ),
    )
    assert "Итоговая" not in text


@needs_poppler
async def test_who_stood_aside_is_named_at_the_case_and_the_deputy_signs_too() -> None:
    aside = replace(CHAIR, withdrew_from=("17",))
    cases = (CASE, replace(CASE, number="18"))
    text = whole(await protocol(replace(PROTOCOL, present=(aside, DEPUTY, SECRETARY), cases=cases)))
    assert text.count("қарауға қатысқан жоқ: Ахметова Гүлнар") == 1
    assert text.count("не участвует в рассмотрении заявлений: № 17") == 1
    assert not missing(text, ("Төраға / Председатель", "Төраға орынбасары / Заместитель председателя"))


@needs_poppler
async def test_without_a_chair_the_deputy_signs_and_an_absent_secretary_has_an_empty_line() -> None:
    text = whole(await protocol(replace(PROTOCOL, present=(DEPUTY,), place=Bilingual("", ""))))
    assert "Төраға / Председатель" not in text
    assert not missing(text, ("Төраға орынбасары / Заместитель председателя", "Хатшы / Секретарь"))
    assert "Төраға / Председатель" in whole(await protocol(replace(PROTOCOL, present=(SECRETARY,))))


async def test_the_same_protocol_printed_again_is_the_same_file() -> None:
    assert await protocol(PROTOCOL) == await protocol(PROTOCOL)


async def test_there_is_no_protocol_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        await protocol(replace(PROTOCOL, cases=()))


@needs_poppler
async def test_two_hundred_cases_are_all_there_within_bounded_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decisions = (UPHELD, replace(REFUSED, reason="Ә" * 4096))
    cases = tuple(
        replace(CASE, number=str(number), student=f"Студент {number}-і", decision=decisions[number % 10 == 0])
        for number in range(1, 201)
    )
    printed = pages(await protocol(replace(PROTOCOL, cases=cases)))
    text = " ".join(printed)
    assert not missing(text, (f"{number}. Студент {number}-і, ЭН-25-1" for number in range(1, 201)))
    assert "Қаралғаны: 200. Қанағаттандырылғаны: 180." in text
    assert f"Бет / Страница: {len(printed)} / {len(printed)}" in printed[-1]
    assert "200. Студент 200-і" in printed[-1]  # signatures never stand on a page without a case
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def read(workbook: bytes) -> list[list[object]]:
    sheets = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(workbook))
    return [list(row) for row in sheets.get_sheet_by_index(0).to_python()]


async def register(*rows: RegisterRow, language: Language = KK) -> bytes:
    return await register_of_requests(rows, title="Қыс & көктем", language=language, zone=ALMATY)


@pytest.mark.parametrize("language", Language)
async def test_the_register_has_every_column_under_its_name_with_cells_of_their_own_type(language: Language) -> None:
    header, row = read(await register(ROW, language=language))
    assert header == [words[language] for words in texts()["register"].values()]
    of = dict(zip(texts()["register"], row, strict=True))
    assert of["number"] == 17
    assert of["filed"] == datetime(2026, 1, 16, 12, 59, 59)  # noqa: DTZ001 - a cell has no zone
    assert of["exam_date"] == date(2026, 1, 15)
    assert of["student_id"] == "250101"
    assert (of["mark_before"], of["points"], of["mark_after"], of["final"]) == (44.5, 5, 50, 74)
    assert (of["letter"], of["signed_by"], of["entered_by"]) == ("C+", "Ахметова Гүлнар", "Ли Анна")
    assert of["state"] == texts()["states"]["upheld"][language]


@pytest.mark.parametrize(("kind", "said"), [(Kind.APPEAL, "оставлено без удовлетворения"), (Kind.RETAKE, "отказано")])
async def test_the_register_refuses_appeals_and_applications_each_in_its_words(kind: Kind, said: str) -> None:
    _, row = read(await register(replace(ROW, kind=kind, state=RequestState.REFUSED, decision=REFUSED), language=RU))
    assert dict(zip(texts()["register"], row, strict=True))["state"] == said


async def test_an_undecided_request_has_empty_cells_and_an_empty_register_its_header() -> None:
    _, row = read(await register(replace(ROW, state=RequestState.FILED, decision=None, entered_at=None, on_paper=True)))
    of = dict(zip(texts()["register"], row, strict=True))
    assert {of[name] for name in ("points", "final", "letter", "decided", "signed_by", "reason", "entered")} == {""}
    assert of["way"] == "қағаз түрінде"
    assert len(read(await register())) == 1


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "{=1}", "https://e.x", "\t=1", KAZAKH])
async def test_nobodys_text_becomes_a_formula_or_a_link(text: str) -> None:
    hostile = replace(ROW, student=text, group=text, course=text, decision=replace(UPHELD, reason=text))
    workbook = await register(hostile)
    assert read(workbook)[1].count(text) == 4
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert not missing(sheet, ("<autoFilter ", 'state="frozen"'))
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
