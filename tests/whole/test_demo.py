"""`kenes demo` in a real browser: a student opens `/marks` and `/gpa`, in Kazakh and in Russian."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.whole.conftest import Demo, answer, free_port, wait_until

CHROMIUM = Path("/usr/bin/chromium")
TWO_DECIMALS = re.compile(r"\d,\d\d")


@pytest.fixture
async def page(demo: Demo) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.goto(demo.url)
        yield page
        await browser.close()


async def say(phone: Locator, text: str, expected: str | re.Pattern[str]) -> Locator:
    """Send a text and wait for the bot's next message to hold what is expected."""
    before = await phone.locator("[data-message-id]").count()
    await phone.locator("[data-input]").fill(text)
    await phone.locator("[data-action=send]").click()
    await expect(phone.locator("[data-message-id]")).to_have_count(before + 2)
    last = phone.locator("[data-message-id][data-outgoing=false]").last
    await expect(last).to_contain_text(expected)
    return last


@pytest.mark.parametrize(
    ("name", "agree", "course"),
    [
        ("Айбек Нұрланов", "Келісемін", "Қазақстан тарихы"),
        ("Егор Смирнов", "Даю согласие", "История Казахстана"),
    ],
    ids=["kk", "ru"],
)
@pytest.mark.browser
@pytest.mark.skipif(
    not CHROMIUM.exists() and os.environ.get("CI") != "true", reason=f"the demo's page needs Debian's {CHROMIUM}"
)
async def test_a_student_opens_marks_and_gpa(page: Page, name: str, agree: str, course: str) -> None:
    await page.locator("[data-person]", has_text=name).click()
    phone = page.locator("[data-phone]").last
    await phone.locator("[data-action=start-invitation]").click()
    await phone.locator(f"[data-button^='{agree}']").click()
    await expect(phone.locator("[data-inline-keyboard]").last).to_be_visible()
    marks = await say(phone, "/marks", course)
    await expect(marks).to_contain_text(TWO_DECIMALS)
    await phone.locator(f"[data-button='{course}']").last.click()
    await expect(marks).to_contain_text("HIS1101")
    gpa = await say(phone, "/gpa", TWO_DECIMALS)
    await expect(gpa.locator("img")).to_be_visible()


def test_the_demo_stops_when_it_is_told_to_and_leaves_nothing_running(tmp_path: Path) -> None:
    port = free_port()
    said = tmp_path / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "kenes", "demo", "--port", str(port), "--no-browser"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    wait_until(lambda: "The bot is up" in said.read_text(), "the bot is up", process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0, said.read_text()
    assert answer(f"http://127.0.0.1:{port}") == ""
    assert '"event": "stopped"' in (tmp_path / "var/demo/bot.log").read_text()
