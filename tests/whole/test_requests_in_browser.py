"""The demo in a real browser: a student's phone beside the commission's group, from filing to the protocol."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from bot.i18n import TAG, Texts, load_texts
from policy.people import Language
from tests.whole.commission import ALMATY, REASON
from tests.whole.conftest import Demo

CHROMIUM = Path("/usr/bin/chromium")
NUMBER = re.compile(r"№\s\d+")
COMMISSION = "Апелляциялық комиссия"
PATIENCE = 30_000  # milliseconds

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true", reason=f"the demo's page needs Debian's {CHROMIUM}"
    ),
]


@pytest.fixture
async def page(demo: Demo) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        await page.goto(demo.url)
        yield page
        await browser.close()


@dataclass(frozen=True)
class Phone:
    """Somebody's phone on the page, and the words they read there."""

    place: Locator
    texts: Texts

    @property
    def heard(self) -> Locator:
        """What the bot has said in the open chat."""
        return self.place.locator("article[data-outgoing=false]")

    async def presses(self, sentence: str, *, below: str | re.Pattern[str] = "") -> None:
        """Press the latest button with this label, below a message that says something."""
        label = self.texts.plain(sentence)
        await self.heard.filter(has_text=below).locator(f"[data-button='{label}']").last.click()

    async def writes(self, text: str) -> None:
        """Send a text."""
        await self.place.locator("[data-input]").fill(text)
        await self.place.locator("[data-action=send]").click()

    async def reads(self, sentence: str, **values: object) -> Locator:
        """Wait for the latest message to say a sentence; values left open are `...`."""
        given = {place: "\0" if value is ... else value for place, value in values.items()}
        said = unescape(TAG.sub("", self.texts(sentence, **given)))
        pattern = ".*".join(re.escape(part) for part in said.split("\0"))
        last = self.heard.last
        await expect(last).to_contain_text(re.compile(pattern, re.DOTALL), timeout=PATIENCE)
        return last

    async def opens(self, chat: str) -> None:
        """Open another chat of this person by its tab."""
        await self.place.locator("[data-chat]", has_text=chat).click()


async def begins(page: Page, name: str, texts: Texts) -> Phone:
    """Open somebody's phone beside the others, follow their invitation and agree."""
    await page.locator("[data-person]", has_text=name).click()
    number = await page.locator("[data-phone]").last.get_attribute("data-phone")
    phone = Phone(page.locator(f"[data-phone='{number}']"), texts)
    await phone.place.locator("[data-action=start-invitation]").click()
    await phone.presses("I agree")
    await phone.reads("Done: this chat is linked to you.")
    return phone


@pytest.mark.parametrize(
    ("language", "student", "prepares", "signs"),
    [
        (Language.KK, "Ақерке Қалиева", "Әсем Жүнісова", "Ержан Сергазин"),
        (Language.RU, "Кристина Вебер", "Ирма Гофман", "Ольга Ли"),
    ],
    ids=["kk", "ru"],
)
async def test_an_appeal_goes_from_the_students_press_to_the_commissions_protocol(
    page: Page, language: Language, student: str, prepares: str, signs: str
) -> None:
    texts = load_texts(ALMATY)
    applicant = await begins(page, student, texts[language])
    number = await files(applicant)
    staff = await begins(page, prepares, texts[language])
    await opens_case(staff, in_group(staff, texts), number)
    await staff.presses("Take")
    await staff.reads("👤 You have taken this case.")
    await staff.presses("✅ Uphold")
    await staff.heard.last.locator("[data-button='+5']").click()
    await staff.reads("Points added: <b>+{points}</b>", points=6)
    await staff.presses("On: the reason »")
    await staff.reads("Write the reason: it is told to the student and stands in the protocol.")
    await staff.reads("Or choose one below.")
    await staff.heard.last.locator("[data-button]").first.click()
    await staff.presses("✅ To be signed")
    await staff.reads("✅ Prepared. It waits for a signature.")
    signer = await begins(page, signs, texts[language])
    group = in_group(signer, texts)
    await opens_case(signer, group, number)
    await signer.presses("✍️ Sign")
    await signer.reads("✅ Signed. The student is told.")
    await applicant.reads("Exam: {before} → <b>{after}</b> (points added: {points})", before=..., after=..., points=6)
    await signer.opens(COMMISSION)
    decided = texts[Language.KK].plain("upheld").capitalize()
    await expect(group.heard.filter(has_text=card_of(number)).last).to_contain_text(decided, timeout=PATIENCE)
    await staff.writes("/protocol")
    await staff.reads("Protocols and registers")
    await staff.heard.last.locator("[data-button]").first.click()
    await staff.reads("Who was there? Press to tick. A conflict of interest is noted by itself.")
    await staff.presses("✅ Make the protocol")
    printed = staff.heard.last.locator("[data-document^='protocol-']")
    async with page.expect_download() as download:
        await printed.click()
    paper = await asyncio.to_thread(Path(await (await download.value).path()).read_bytes)
    assert paper.startswith(b"%PDF")


async def files(applicant: Phone) -> str:
    """Appeal against the first mark that can be appealed; returns what the request is called."""
    await applicant.writes("/appeal")
    await applicant.reads("Possible now, choose the exam below:")
    await applicant.heard.last.locator("[data-button]").first.click()
    await applicant.reads("✍️ Write your reason in one message. That message files it.")
    await applicant.writes(REASON)
    receipt = await applicant.reads("✅ Filed: <b>{number}</b>", number=...)
    found = NUMBER.search(await receipt.inner_text())
    assert found
    return found[0]


def in_group(phone: Phone, texts: Mapping[Language, Texts]) -> Phone:
    """Return the same phone with the words of the commission's group, which is bound in Kazakh."""
    return Phone(phone.place, texts[Language.KK])


def card_of(number: str) -> re.Pattern[str]:
    """Return how the card of a request begins."""
    return re.compile(rf"{number}\.")


async def opens_case(phone: Phone, group: Phone, number: str) -> None:
    """Read a card in the commission's group and open its case, which is shown in the private chat."""
    await phone.opens(COMMISSION)
    await group.presses("Open", below=card_of(number))
    await phone.reads("State: <b>{state}</b>", state=...)
