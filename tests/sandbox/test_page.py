"""The chat page in a real browser: a scripted bot on aiogram says everything it can, people read, press and write."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    CallbackQuery,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
)
from aiogram.utils.chat_action import ChatActionSender
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Locator, Page, Route, async_playwright, expect

from sandbox.server import BotAccount, Group, Person, World, make_app

CHROMIUM = Path("/usr/bin/chromium")
PAGE = Path(__file__).parents[2] / "sandbox" / "page"
TOKEN = "7000000001:test"
START = datetime.fromisoformat("2026-01-15T12:40:00+05:00")
AIGERIM, NURLAN, DARIA, SECRETARY = 1001, 1002, 1003, 1004
COMMISSION = -1_000_000_000_501
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001"
    "f61738550000000049454e44ae426082"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true", reason=f"the chat page needs Debian's {CHROMIUM}"
    ),
]

SAID = (
    "<b>Сәлем, <i>Айгерім</i>!</b> 🎓 <u>асты</u> <s>бос</s> <code>x = 1</code>\n"
    '<a href="https://example.com/a">сілтеме</a> https://kenes.kz @kenes_demo_bot /marks\n'
    "<tg-spoiler>жасырын 93</tg-spoiler>\n<blockquote>дәйек</blockquote>\n"
    "<blockquote expandable>" + "Ұзын дәйек көп жолды алады. " * 12 + "</blockquote>\n"
    '<pre><code class="language-python">print(1)</code></pre>'
    "&lt;img src=x onerror=alert(1)&gt;"
)


@dataclass
class Script:
    """A bot that keeps what it is told, and may be held back from answering."""

    got: asyncio.Queue[object] = field(default_factory=asyncio.Queue)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self) -> object:
        """Return what the bot was told next, in order of arrival."""
        async with asyncio.timeout(15):
            return await self.got.get()

    def router(self) -> Router:
        """Return the bot's handlers."""
        router = Router()
        router.message.register(self.start, CommandStart())
        router.message.register(self.say, Command("say"))
        router.message.register(self.buttons, Command("buttons"))
        router.message.register(self.keyboard, Command("keyboard"))
        router.message.register(self.ask, Command("ask"))
        router.message.register(self.files_down, Command("files"))
        router.message.register(self.contact, F.contact)
        router.message.register(self.file, F.document | F.photo)
        router.message.register(self.heard, F.text)
        router.edited_message.register(self.edited)
        router.callback_query.register(self.pressed)
        return router

    async def start(self, message: Message, command: CommandObject) -> None:
        """Greet, and keep the payload."""
        self.got.put_nowait(("start", command.args))
        await message.answer("Қош келдіңіз!")

    async def say(self, message: Message) -> None:
        """Say everything HTML can."""
        await message.answer(SAID, parse_mode="HTML")

    async def buttons(self, message: Message) -> None:
        """Show every kind of inline button."""
        rows = [
            [
                InlineKeyboardButton(text="Тост", callback_data="toast"),
                InlineKeyboardButton(text="Терезе", callback_data="alert"),
            ],
            [
                InlineKeyboardButton(text="Сайт", url="https://example.com/open"),
                InlineKeyboardButton(text="Көшіру", copy_text=CopyTextButton(text="көшірме")),
            ],
            [
                InlineKeyboardButton(text="Өзгерту", callback_data="edit"),
                InlineKeyboardButton(text="Ботқа", url="https://t.me/kenes_demo_bot?start=deep"),
            ],
        ]
        await message.answer("Таңдаңыз", reply_markup=InlineKeyboardMarkup(inline_keyboard=rows))

    async def keyboard(self, message: Message) -> None:
        """Ask for the phone number with a keyboard that is used once."""
        rows = [[KeyboardButton(text="Нөмірім", request_contact=True), KeyboardButton(text="Кейін")]]
        await message.answer(
            "Нөміріңіз?",
            reply_markup=ReplyKeyboardMarkup(
                keyboard=rows, resize_keyboard=True, one_time_keyboard=True, input_field_placeholder="Батырманы басыңыз"
            ),
        )

    async def ask(self, message: Message) -> None:
        """Force a reply."""
        await message.answer("Себебін жазыңыз", reply_markup=ForceReply(input_field_placeholder="Себебі"))

    async def files_down(self, message: Message) -> None:
        """Send a photo and a protected document."""
        await message.answer_photo(BufferedInputFile(PNG, "gpa.png"), caption="GPA: <b>3,12</b>", parse_mode="HTML")
        await message.answer_document(
            BufferedInputFile(b"%PDF-1.4", "Шақыру <b>.pdf"), caption="Парақ", protect_content=True
        )

    async def contact(self, message: Message) -> None:
        """Keep whose number came from whom."""
        assert message.contact
        assert message.from_user
        self.got.put_nowait(("contact", message.from_user.id, message.contact.user_id))
        await message.answer("Рақмет!")

    async def file(self, message: Message) -> None:
        """Keep the name of what came."""
        self.got.put_nowait(("file", message.document.file_name if message.document else "photo", message.caption))

    async def heard(self, message: Message) -> None:
        """Keep what was written."""
        self.got.put_nowait(("text", message.text))

    async def edited(self, message: Message) -> None:
        """Keep what it was changed to."""
        self.got.put_nowait(("edit", message.text))

    async def pressed(self, query: CallbackQuery) -> None:
        """Answer as the button says, the toast not before it may."""
        assert isinstance(query.message, Message)
        if query.data == "toast":
            await self.may_answer.wait()
            await query.answer("Сақталды")
        elif query.data == "alert":
            await query.answer("Мерзімі өтті:\n13:00", show_alert=True)
        else:
            await query.message.edit_text("Өзгерді", reply_markup=query.message.reply_markup)
            await query.answer()


@dataclass
class Sandbox:
    """A served world with its bot, and a browser to look at it with."""

    address: str
    bot: Bot
    script: Script
    runner: web.AppRunner
    browser: Browser
    trouble: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    async def open(self, path: str = "", *, language: str = "kk", narrow: bool = False, dark: bool = False) -> Page:
        """Open the page as somebody who has chosen this language; whatever the console complains of fails the test."""
        context = await self.browser.new_context(
            viewport={"width": 390, "height": 844} if narrow else {"width": 1280, "height": 800},
            color_scheme="dark" if dark else "light",
            has_touch=narrow,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        await context.add_init_script(f"localStorage['kenes-sandbox-language'] ??= '{language}'")
        page = await context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("console", lambda line: self.trouble.append(line.text) if line.type == "error" else None)
        await page.goto(f"{self.address}/{path}")
        await expect(page.locator("body[data-connected=true]")).to_be_visible()
        return page

    async def act(self, page: Page, **fields: Any) -> dict[str, Any]:
        """Do something as a person without the page's buttons."""
        answer = await page.request.post(f"{self.address}/sandbox/api/act", data=fields)
        body: dict[str, Any] = await answer.json()
        assert body["ok"], body
        return body


def person(person_id: int, first: str, last: str, **more: Any) -> Person:
    return Person(id=person_id, first_name=first, last_name=last, phone=f"+7701000{person_id}", **more)


PEOPLE = (
    person(AIGERIM, "Айгерім", "Ахметова", tag="student", note={"kk": "апелляцияға үлгереді", "ru": "ещё успевает"}),
    person(NURLAN, "Нұрлан", "Сейітқали", tag="student", started=True),
    person(DARIA, "Дарья", "Ковалёва", tag="student", language_code="ru", start="INVITE_128"),
    person(SECRETARY, "Ольга", "Ким", tag="staff", language_code="ru"),
)
GROUPS = (
    Group(COMMISSION, "Апелляциялық комиссия", (AIGERIM, SECRETARY), (SECRETARY,), "supergroup", "administrator"),
)


@pytest.fixture
def world() -> World:
    return World(bot=BotAccount(), people=PEOPLE, groups=GROUPS, start=START)


@asynccontextmanager
async def talking(address: str, script: Script) -> AsyncIterator[Bot]:
    bot = Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(address)))
    for language, description in (("kk", "Бағаларым"), ("ru", "Мои оценки")):
        await bot.set_my_commands([BotCommand(command="marks", description=description)], language_code=language)
        await bot.set_my_description(f"{description}: бот", language_code=language)
    dispatcher = Dispatcher()
    dispatcher.include_router(script.router())
    polling = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False))
    try:
        yield bot
    finally:
        script.may_answer.set()
        await dispatcher.stop_polling()
        await polling
        await bot.session.close()


@pytest_asyncio.fixture
async def sandbox(world: World) -> AsyncIterator[Sandbox]:
    runner = web.AppRunner(make_app(world, token=TOKEN), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    script = Script()
    try:
        async with async_playwright() as playwright, talking(address, script) as bot:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            opened = Sandbox(address, bot, script, runner, browser)
            yield opened
            await browser.close()
            assert opened.trouble == []
    finally:
        await runner.cleanup()


def phone(page: Page, person_id: int) -> Locator:
    return page.locator(f"[data-phone='{person_id}']")


def button(place: Locator | Page, text: str) -> Locator:
    return place.locator(f"[data-button='{text}']")


def action(place: Locator | Page, name: str) -> Locator:
    return place.locator(f"[data-action='{name}']")


async def write(place: Locator, text: str) -> None:
    """Type into the text field and send."""
    await place.locator("[data-input]").fill(text)
    await place.locator("[data-input]").press("Enter")


def last(place: Locator) -> Locator:
    return place.locator("article[data-message-id]").last


def last_service(place: Locator) -> Locator:
    return place.locator("[data-service]").last


async def test_a_guest_opens_the_invitation_link_and_the_payload_reaches_the_bot(sandbox: Sandbox) -> None:
    page = await sandbox.open(language="ru")
    await page.locator(f"[data-person='{DARIA}']").click()
    daria = phone(page, DARIA)
    await expect(daria.locator("[data-description]")).to_contain_text("Мои оценки: бот")
    await expect(daria.locator("[data-input]")).to_be_hidden()
    await daria.get_by_role("button", name="Открыть ссылку-приглашение").click()
    await expect(last(daria)).to_contain_text("Қош келдіңіз!")
    await expect(daria.locator("[data-input]")).to_be_visible()
    assert await sandbox.script.next() == ("start", "INVITE_128")


async def test_formatting_is_shown_and_markup_said_in_a_chat_stays_text(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}")
    nurlan = phone(page, NURLAN)
    await action(nurlan, "start").click()
    await write(nurlan, "/say")
    text = last(nurlan).locator("[data-text]")
    await expect(text.locator("strong")).to_have_text("Сәлем, Айгерім!")
    for tag, said in (("strong em", "Айгерім"), ("u", "асты"), ("s", "бос"), ("blockquote >> nth=0", "дәйек")):
        await expect(text.locator(tag)).to_have_text(said)
    await expect(text.locator("pre[data-language=python] code")).to_have_text("print(1)")
    links = text.locator("a")
    assert [await link.get_attribute("href") for link in await links.all()] == [
        "https://example.com/a",
        "https://kenes.kz",
    ]
    assert {await link.get_attribute("rel") for link in await links.all()} == {"noopener noreferrer"}
    await expect(text).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(page.locator("[data-text] img")).to_have_count(0)

    spoiler = text.locator("[data-spoiler]")
    await expect(spoiler.locator("[aria-hidden=true]")).to_have_css("color", "rgba(0, 0, 0, 0)")
    await spoiler.focus()
    await page.keyboard.press("Enter")
    await expect(spoiler).to_have_attribute("data-spoiler", "open")
    quote = text.locator("[data-quote]")
    closed = await quote.bounding_box()
    await quote.locator("[data-expand]").click()
    opened = await quote.bounding_box()
    assert closed
    assert opened
    assert opened["height"] > closed["height"] * 1.5
    await text.locator("[data-command='/marks']").click()
    await expect(last(nurlan)).to_contain_text("/marks")
    await expect(last(nurlan)).to_have_attribute("data-outgoing", "true")


async def test_an_inline_button_waits_for_the_bot_and_shows_its_answer(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}")
    nurlan = phone(page, NURLAN)
    await action(nurlan, "start").click()
    await write(nurlan, "/buttons")
    toast = button(nurlan, "Тост")
    await toast.click()
    await expect(toast).to_have_attribute("aria-busy", "true")
    sandbox.script.may_answer.set()
    await expect(nurlan.locator("[data-toast]")).to_have_text("Сақталды")
    await expect(toast).not_to_have_attribute("aria-busy", "true")

    await button(nurlan, "Терезе").click()
    alert = page.locator("[data-dialog=alert]")
    await expect(alert.locator("[data-alert]")).to_have_text("Мерзімі өтті:\n13:00")
    await page.keyboard.press("Enter")
    await expect(alert).to_have_count(0)

    await button(nurlan, "Көшіру").click()
    await expect(nurlan.locator("[data-toast]")).to_have_text("Көшірілді")
    assert await page.evaluate("navigator.clipboard.readText()") == "көшірме"

    await page.context.route("https://example.com/**", lambda route: route.fulfill(body="outside"))
    async with page.context.expect_page() as outside:
        await button(nurlan, "Сайт").click()
    assert (await outside.value).url == "https://example.com/open"

    await button(nurlan, "Өзгерту").click()
    await expect(last(nurlan).locator("[data-text]")).to_have_text("Өзгерді")
    await expect(last(nurlan).locator("[data-edited]")).to_be_visible()
    await button(nurlan, "Ботқа").click()
    await expect(last(nurlan)).to_contain_text("Қош келдіңіз!")
    assert [await sandbox.script.next() for _ in range(2)] == [("start", None), ("start", "deep")]


async def test_a_keyboard_asks_for_the_number_and_only_an_agreed_one_is_sent(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}")
    nurlan = phone(page, NURLAN)
    await action(nurlan, "start").click()
    await write(nurlan, "/keyboard")
    keyboard = nurlan.locator("[data-reply-keyboard]")
    await expect(nurlan.locator("[data-input]")).to_have_attribute("placeholder", "Батырманы басыңыз")
    await action(nurlan, "keyboard").click()
    await expect(keyboard).to_be_hidden()
    await action(nurlan, "keyboard").click()
    await button(keyboard, "Нөмірім").click()
    await action(page.locator("[data-dialog=contact]"), "cancel").click()
    await expect(keyboard).to_be_visible()
    await button(keyboard, "Нөмірім").click()
    await action(page.locator("[data-dialog=contact]"), "confirm").click()
    await expect(last(nurlan)).to_contain_text("Рақмет!")
    await expect(nurlan.locator("[data-contact='+77010001002']")).to_contain_text("өз нөмірі")
    await expect(keyboard).to_be_hidden()

    await action(nurlan, "attach").click()
    await action(page.locator("[data-menu]"), "contact-other").click()
    await page.locator(f"[data-dialog=contacts] [data-option='{AIGERIM}']").click()
    await expect(nurlan.locator("[data-contact='+77010001001']")).not_to_contain_text("өз нөмірі")
    await expect(nurlan.get_by_text("Рақмет!")).to_have_count(2)
    got = [await sandbox.script.next() for _ in range(3)]
    assert got[1:] == [("contact", NURLAN, NURLAN), ("contact", NURLAN, AIGERIM)]


async def test_commands_are_listed_in_the_persons_language_and_sent_at_a_press(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{DARIA}:{DARIA}")
    daria = phone(page, DARIA)
    await action(daria, "start").click()
    await action(daria, "commands").click()
    command = daria.locator("[data-commands] [data-option='/marks']")
    await expect(command).to_contain_text("Мои оценки")
    await command.click()
    await expect(last(daria)).to_contain_text("/marks")
    await daria.locator("[data-input]").fill("/ma")
    await expect(command).to_be_visible()
    await daria.locator("[data-input]").fill("/xyz")
    await expect(command).to_be_hidden()


async def test_replies_edits_forwards_and_deletions(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{AIGERIM}:{AIGERIM}")
    aigerim = phone(page, AIGERIM)
    field = aigerim.locator("[data-input]")
    await action(aigerim, "start").click()
    await write(aigerim, "/ask")
    await expect(aigerim.locator("[data-context=reply]")).to_contain_text("Себебін жазыңыз")
    await expect(field).to_have_attribute("placeholder", "Себебі")
    await write(aigerim, "ауырдым")
    await expect(last(aigerim).locator("[data-reply-to]")).to_contain_text("Себебін жазыңыз")
    await expect(aigerim.locator("[data-context]").first).to_be_hidden()

    await field.press("ArrowUp")
    await expect(field).to_have_value("ауырдым")
    await write(aigerim, "ауырып қалдым")
    await expect(last(aigerim).locator("[data-edited]")).to_be_visible()
    await expect(last(aigerim).locator("[data-text]")).to_have_text("ауырып қалдым")

    menu = page.locator("[data-menu]")
    await last(aigerim).click(button="right")
    await action(menu, "forward").click()
    await page.locator(f"[data-dialog=forward] [data-option='{COMMISSION}']").click()
    await expect(aigerim.locator(f"[data-open-chat='{COMMISSION}']")).to_be_visible()
    await expect(last(aigerim)).to_contain_text("Кімнен: Айгерім Ахметова")
    await last(aigerim).focus()
    await page.keyboard.press("Enter")
    await action(menu, "delete").click()
    await expect(aigerim.locator("article")).to_have_count(0)
    got = [await sandbox.script.next() for _ in range(4)]
    assert got[1:] == [("text", "ауырдым"), ("edit", "ауырып қалдым"), ("text", "ауырып қалдым")]


async def test_files_go_up_one_by_one_and_as_an_album_and_come_down(sandbox: Sandbox, tmp_path: Path) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}")
    nurlan = phone(page, NURLAN)
    await action(nurlan, "start").click()
    await write(nurlan, "/files")
    photo = nurlan.locator("article", has=page.locator("[data-action=photo]"))
    await expect(photo.locator("[data-text] strong")).to_have_text("3,12")
    await action(photo, "photo").click()
    await expect(page.locator("[data-dialog=photo] img")).to_be_visible()
    await page.keyboard.press("Escape")
    document = last(nurlan).locator("[data-document='Шақыру <b>.pdf']")
    await expect(last(nurlan).locator("[data-protected]")).to_be_visible()
    async with page.expect_download() as download:
        await document.click()
    path = await (await download.value).path()
    assert path.read_bytes() == b"%PDF-1.4"
    await last(nurlan).click(button="right")
    await expect(action(page.locator("[data-menu]"), "reply")).to_be_visible()
    await expect(action(page.locator("[data-menu]"), "forward")).to_have_count(0)
    await page.keyboard.press("Escape")

    async def attach(kind: str, *names: str) -> Locator:
        for name in names:
            (tmp_path / name).write_bytes(PNG)
        await action(nurlan, "attach").click()
        async with page.expect_file_chooser() as chooser:
            await action(page.locator("[data-menu]"), kind).click()
        await (await chooser.value).set_files([tmp_path / name for name in names])
        return page.locator("[data-dialog=upload]")

    upload = await attach("attach-file", "анықтама.png")
    await expect(upload.locator("[data-as-photo]")).not_to_be_checked()
    await upload.locator("[data-caption]").fill("Деканатқа")
    await action(upload, "confirm").click()
    await expect(last(nurlan).locator("[data-document='анықтама.png']")).to_be_visible()
    await expect(last(nurlan)).to_contain_text("Деканатқа")
    upload = await attach("attach-photo", "1.png", "2.png", "3.png")
    await action(upload, "confirm").click()
    await expect(last(nurlan).locator("[data-items='3'] [data-action=photo]")).to_have_count(3)
    got = [await sandbox.script.next() for _ in range(5)]
    assert got[1:] == [("file", "анықтама.png", "Деканатқа"), *[("file", "photo", None)] * 3]


async def test_blocking_and_clearing_the_chat_bring_back_their_buttons(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}", language="ru")
    nurlan = phone(page, NURLAN)
    await action(nurlan, "start").click()
    await expect(last(nurlan)).to_contain_text("Қош келдіңіз!")
    await action(nurlan, "chat-menu").click()
    await action(page.locator("[data-menu]"), "block").click()
    await nurlan.get_by_role("button", name="Разблокировать").click()
    await expect(nurlan.locator("[data-input]")).to_be_visible()
    await action(nurlan, "chat-menu").click()
    await action(page.locator("[data-menu]"), "delete-chat").click()
    await action(page.locator("[data-dialog=delete-chat]"), "confirm").click()
    await expect(nurlan.locator("article")).to_have_count(0)
    await expect(nurlan.get_by_role("button", name="Запустить")).to_be_visible()


async def test_two_phones_side_by_side_see_a_group_and_count_what_is_unread(sandbox: Sandbox) -> None:
    page = await sandbox.open()
    await page.locator("[data-search]").fill("үлгереді")
    await expect(page.locator("[data-person]:visible")).to_have_count(1)
    await page.locator(f"[data-person='{AIGERIM}']").click()
    await page.locator("[data-search]").fill("")
    aigerim, secretary = phone(page, AIGERIM), phone(page, SECRETARY)
    await expect(action(aigerim, "start")).to_be_visible()
    await page.locator(f"[data-group='{COMMISSION}']").click()
    await page.locator(f"[data-dialog=group] [data-option='{SECRETARY}']").click()
    await expect(secretary.locator(f"[data-open-chat='{COMMISSION}'] [data-status]")).to_have_text("2 қатысушы")
    await write(secretary, "Бүгін үш апелляция бар")
    tab = aigerim.locator(f"[data-chat='{COMMISSION}']")
    await expect(tab).to_have_attribute("data-unread", "1")
    async with ChatActionSender.typing(COMMISSION, sandbox.bot, interval=1):
        await expect(secretary.locator("[data-status]")).to_have_text("жазып жатыр…")
    await tab.click()
    await expect(last(aigerim)).to_contain_text("Ольга Ким")
    await expect(last(aigerim)).to_have_attribute("data-outgoing", "false")
    await expect(tab).to_have_attribute("data-unread", "0")

    await action(page, "new-group").click()
    dialog = page.locator("[data-dialog=new-group]")
    await dialog.locator("[data-group-title]").fill("Емтихан")
    await dialog.locator(f"[data-member='{AIGERIM}']").check()
    await action(dialog, "confirm").click()
    await aigerim.locator("[data-chat]", has_text="Емтихан").click()
    await expect(aigerim.locator("[data-service]").first).to_contain_text("«Емтихан» тобы құрылды")


async def test_a_forum_shows_its_topics_one_at_a_time(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{SECRETARY}:{COMMISSION}")
    for change in ({"is_forum": True}, {"open_topic": "Физика"}):
        await page.request.post(f"{sandbox.address}/sandbox/api/groups", data={"id": COMMISSION, **change})
    secretary = phone(page, SECRETARY)
    await write(secretary, "жалпы сөз")
    await secretary.locator("[data-topics]").get_by_text("Физика").click()
    await expect(secretary.locator("article")).to_have_count(0)
    await write(secretary, "физика туралы")
    await expect(secretary.locator("article")).to_have_count(1)
    await secretary.locator("[data-thread='null']").click()
    await expect(secretary.locator("article")).to_have_count(2)


async def test_a_card_in_a_group_leads_to_the_private_chat_of_whoever_opens_it(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{AIGERIM}:{COMMISSION}/{SECRETARY}:{COMMISSION}")
    link = InlineKeyboardButton(text="Ашу", url="https://t.me/kenes_demo_bot?start=case-12")
    taking = InlineKeyboardButton(text="Қабылдау", callback_data="alert")
    card = InlineKeyboardMarkup(inline_keyboard=[[link, taking]])
    await sandbox.bot.send_message(COMMISSION, "№ 12", reply_markup=card, protect_content=True)
    aigerim, secretary = phone(page, AIGERIM), phone(page, SECRETARY)
    await expect(last(aigerim).locator("[data-protected]")).to_be_visible()
    await button(aigerim, "Ашу").click()
    await expect(aigerim.locator(f"[data-open-chat='{AIGERIM}']")).to_be_visible()
    await expect(last(aigerim)).to_contain_text("Қош келдіңіз!")
    assert await sandbox.script.next() == ("start", "case-12")
    await button(secretary, "Қабылдау").click()
    await expect(page.locator("[data-dialog=alert]")).to_be_visible()
    await expect(secretary.locator(f"[data-open-chat='{COMMISSION}']")).to_be_visible()


async def test_voice_notes_and_stickers_are_sent_at_a_press(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}")
    nurlan = phone(page, NURLAN)
    await action(nurlan, "start").click()
    for kind in ("voice", "sticker"):
        await action(nurlan, "attach").click()
        await action(page.locator("[data-menu]"), kind).click()
        await expect(last(nurlan).locator(f"[data-{kind}]")).to_be_visible()
    async with page.expect_download() as download:
        await nurlan.locator("[data-voice='0:01']").click()
    path = await (await download.value).path()
    assert path.read_bytes().startswith(b"OggS")


async def test_an_administrator_makes_a_supergroup_with_topics_and_writes_in_its_name(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{SECRETARY}:{SECRETARY}/{AIGERIM}:{AIGERIM}")
    secretary, aigerim, menu = phone(page, SECRETARY), phone(page, AIGERIM), page.locator("[data-menu]")
    made = await page.request.post(
        f"{sandbox.address}/sandbox/api/groups",
        data={"title": "СҚКО", "members": [SECRETARY, AIGERIM], "admins": [SECRETARY]},
    )
    group = (await made.json())["group"]["id"]

    async def choose(name: str) -> None:
        await action(secretary, "chat-menu").click()
        await action(menu, name).click()

    await secretary.locator(f"[data-chat='{group}']").click()
    await aigerim.locator(f"[data-chat='{group}']").click()
    await action(aigerim, "chat-menu").click()
    await expect(action(menu, "leave")).to_be_visible()
    await expect(action(menu, "migrate")).to_have_count(0)
    await page.keyboard.press("Escape")

    await choose("migrate")
    supergroup = group - 1_000_000_000_000
    await expect(secretary.locator(f"[data-open-chat='{supergroup}']")).to_be_visible()
    await expect(aigerim.locator(f"[data-open-chat='{supergroup}']")).to_be_visible()
    await choose("topics-on")
    await choose("topic-new")
    await page.locator("[data-dialog=topic] [data-topic-name]").fill("Қайта тапсыру")
    await action(page.locator("[data-dialog=topic]"), "confirm").click()
    topic = secretary.locator("[data-topics]").get_by_text("Қайта тапсыру")
    await topic.click()
    await choose("anonymous")
    await expect(secretary.locator("[data-input]")).to_have_attribute("placeholder", "Топ атынан жазасыз")
    await write(secretary, "жиналыс сағат екіде")
    await expect(last(aigerim)).to_contain_text("СҚКО")
    await expect(last(aigerim)).not_to_contain_text("Ольга")
    await choose("topic-close")
    await expect(last_service(aigerim)).to_have_text("Тақырып жабылды")


async def test_a_group_that_becomes_a_supergroup_stays_open(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{SECRETARY}:{SECRETARY}")
    made = await page.request.post(
        f"{sandbox.address}/sandbox/api/groups", data={"title": "ВТ-24-1", "members": [SECRETARY]}
    )
    group = (await made.json())["group"]["id"]
    secretary = phone(page, SECRETARY)
    await secretary.locator(f"[data-chat='{group}']").click()
    await write(secretary, "бұрынғы сөз")
    moved = await page.request.post(f"{sandbox.address}/sandbox/api/groups", data={"id": group, "migrate": True})
    supergroup = (await moved.json())["group"]["id"]
    await expect(secretary.locator(f"[data-open-chat='{supergroup}']")).to_be_visible()
    # what the page was asking about the group just then is refused: there is no such chat any more
    sandbox.trouble[:] = [line for line in sandbox.trouble if "400 (Bad Request)" not in line]


async def test_an_edit_is_not_lost_to_an_answer_that_is_older(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}")
    sent = await sandbox.bot.send_message(NURLAN, "бұрынғы")
    nurlan = phone(page, NURLAN)
    await expect(last(nurlan)).to_contain_text("бұрынғы")
    asked, edited, seen = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        answer = await route.fetch()
        late = seen if asked.is_set() else edited
        asked.set()
        await late.wait()
        await route.fulfill(response=answer)

    await page.route("**/sandbox/api/messages*", slowly)
    await sandbox.bot.send_message(NURLAN, "тағы")
    await asked.wait()
    await sandbox.bot.edit_message_text("жаңа", chat_id=NURLAN, message_id=sent.message_id)
    first = nurlan.locator(f"[data-message-id='{sent.message_id}']")
    await expect(first).to_contain_text("жаңа")
    async with page.expect_response("**/sandbox/api/messages*"):
        edited.set()
    await page.wait_for_timeout(100)
    assert "жаңа" in await first.inner_text()
    seen.set()


async def test_somebody_whose_phone_is_closed_gets_a_badge_that_a_reload_keeps(sandbox: Sandbox) -> None:
    page = await sandbox.open()
    await sandbox.bot.send_message(NURLAN, "Баға шықты")
    row = page.locator(f"[data-person='{NURLAN}']")
    await expect(row).to_have_attribute("data-unread", "1")
    await page.reload()
    await expect(row).to_have_attribute("data-unread", "1")
    await row.click()
    await expect(last(phone(page, NURLAN))).to_contain_text("Баға шықты")
    await expect(row).to_have_attribute("data-unread", "0")


async def test_a_reload_and_a_broken_stream_lose_nothing(sandbox: Sandbox) -> None:
    page = await sandbox.open()
    for one in (NURLAN, SECRETARY):
        await page.locator(f"[data-person='{one}']").click()
    await phone(page, SECRETARY).locator(f"[data-chat='{COMMISSION}']").click()
    nurlan = phone(page, NURLAN)
    await action(nurlan, "start").click()
    await expect(last(nurlan)).to_contain_text("Қош келдіңіз!")
    await nurlan.locator("[data-input]").fill("жіберілмеген")
    await page.reload()
    await expect(phone(page, SECRETARY).locator(f"[data-open-chat='{COMMISSION}']")).to_be_visible()
    await expect(last(nurlan)).to_contain_text("Қош келдіңіз!")
    await expect(nurlan.locator("[data-input]")).to_have_value("жіберілмеген")

    assert sandbox.runner.server
    # Whoever listens is cut off; what is said before they are back must be asked for.
    for connection in sandbox.runner.server.connections:
        connection.force_close()
    await expect(page.locator("body[data-connected=false]")).to_be_visible()
    await sandbox.bot.send_message(NURLAN, "Үзілісте жіберілді")
    await expect(page.locator("body[data-connected=true]")).to_be_visible()
    await expect(last(nurlan)).to_contain_text("Үзілісте жіберілді")
    sandbox.trouble[:] = [line for line in sandbox.trouble if "net::ERR_" not in line]


async def test_the_clock_goes_forward_only(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}")
    nurlan = phone(page, NURLAN)
    await action(nurlan, "start").click()
    await expect(nurlan.locator("[data-day]")).to_have_text("Бүгін")
    await action(page, "clock").first.click()
    panel = page.locator("[data-dialog=clock]")
    face = panel.locator("[data-clock]")
    await panel.locator("[data-until='12:59']").click()
    await expect(face).to_contain_text("12:59:0")
    await expect(face).to_contain_text("2026 жылғы 15 қаңтар, бейсенбі")
    await panel.locator("[data-until='13:00']").click()
    await expect(face).to_contain_text("13:00:0")
    await panel.locator("[data-advance='3600']").click()
    await expect(face).to_contain_text("14:00:")
    await panel.locator("[data-until='09:00']").click()
    await expect(face).to_contain_text("16 қаңтар")
    await expect(nurlan.locator("[data-day]")).to_have_text("Кеше")
    await panel.locator("[data-clock-field]").fill("2026-01-15T10:00:00")
    await action(panel, "move-clock").click()
    await expect(panel.locator("[data-clock-error]")).to_have_text("Бұл уақыт өтіп кетті: сағат тек алға жылжиды")
    await panel.locator("[data-clock-field]").fill("2026-02-01T08:30:00")
    await action(panel, "move-clock").click()
    await expect(face).to_contain_text("2026 жылғы 1 ақпан, жексенбі")
    answer = await page.request.get(f"{sandbox.address}/sandbox/api/world")
    assert (await answer.json())["clock"]["now"].startswith("2026-02-01T08:30:")


class TestAtScale:
    """Three hundred people and a chat of a thousand messages."""

    @pytest.fixture
    def world(self) -> World:
        many = tuple(person(2000 + n, f"Адам{n}", "Көпшіліков", tag="student") for n in range(300))
        return World(people=(*PEOPLE, *many), groups=GROUPS, start=START)

    async def test_older_messages_come_on_scrolling_up_and_nothing_jumps(self, sandbox: Sandbox) -> None:
        page = await sandbox.open()
        acts = [{"as": NURLAN, "chat": NURLAN, "do": "send", "text": f"Хабар {n}"} for n in range(1000)]
        answer = await page.request.post(f"{sandbox.address}/sandbox/api/acts", data=acts)
        assert (await answer.json())["ok"]
        await expect(page.locator("[data-person]")).to_have_count(304)
        await page.locator("[data-search]").fill("адам299")
        await expect(page.locator("[data-person]:visible")).to_have_count(1)
        await page.locator("[data-search]").fill("нұрлан")
        await page.locator(f"[data-person='{NURLAN}']").click()
        nurlan = phone(page, NURLAN)
        await expect(last(nurlan)).to_be_in_viewport()
        pane = nurlan.locator("[data-pane]")
        await expect(nurlan.locator("article")).to_have_count(50)
        seen = nurlan.locator("article", has_text="Хабар 960")
        await seen.scroll_into_view_if_needed()
        before = await seen.bounding_box()
        await pane.evaluate("pane => pane.scrollTop -= 1")
        await expect(nurlan.locator("article")).to_have_count(150)
        after = await seen.bounding_box()
        assert before
        assert after
        assert abs(before["y"] - after["y"]) < 5
        for count in (250, 550, 1000):
            while await nurlan.locator("article").count() < count:
                shown = await nurlan.locator("article").count()
                await pane.evaluate("pane => { pane.scrollTop = 0; }")
                await expect(nurlan.locator("article")).not_to_have_count(shown)
        await expect(nurlan.locator("article").first.locator("[data-text]")).to_have_text("Хабар 0")

        await sandbox.act(page, **{"as": NURLAN, "chat": NURLAN, "do": "send", "text": "басқа құрылғыдан"})
        await expect(last(nurlan)).to_contain_text("басқа құрылғыдан")
        await expect(last(nurlan)).to_be_in_viewport()


async def test_on_a_phones_screen_there_is_one_thing_at_a_time(sandbox: Sandbox) -> None:
    page = await sandbox.open(narrow=True, dark=True)
    people, nurlan = page.locator("[data-people]"), phone(page, NURLAN)
    await page.locator(f"[data-person='{NURLAN}']").tap()
    await expect(nurlan).to_be_visible()
    await expect(people).to_be_hidden()
    await action(nurlan, "start").tap()
    await write(nurlan, "/buttons")
    await expect(button(nurlan, "Тост")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await action(nurlan, "back").tap()
    await expect(people).to_be_visible()
    await page.go_back()
    await expect(nurlan).to_be_visible()


async def test_the_language_is_switched_and_remembered(sandbox: Sandbox) -> None:
    page = await sandbox.open(f"#{AIGERIM}:{AIGERIM}")
    await expect(phone(page, AIGERIM)).to_contain_text("апелляцияға үлгереді")
    await page.locator("[data-language=ru]").click()
    await expect(phone(page, AIGERIM)).to_contain_text("ещё успевает")
    await expect(action(phone(page, AIGERIM), "start")).to_have_text("Запустить")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "ru")
    await expect(page.locator("[data-people] h2").first).to_have_text("Студенты")


async def test_every_word_exists_in_both_languages(sandbox: Sandbox) -> None:
    page = await sandbox.open()
    kinds = await page.evaluate(
        """async () => {
            const { TABLE } = await import("/page/words.js");
            const kind = (text) => Array.isArray(text) ? text.length : typeof text;
            return Object.fromEntries(Object.entries(TABLE).map(([language, words]) =>
                [language, Object.fromEntries(Object.entries(words).map(([key, text]) => [key, kind(text)]))]));
        }"""
    )
    assert kinds["kk"] == kinds["ru"]
    code = "".join(path.read_text(encoding="utf-8") for path in PAGE.glob("*.js") if path.name != "words.js")
    used = set(re.findall(r'\bsay\(\s*"(\w+)"', code))
    assert used - kinds["kk"].keys() == set()
    indirect = set(re.findall(r'"(\w+)"', code))
    assert kinds["kk"].keys() - indirect - {"units"} == set()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_texts_stand_out_and_every_button_has_a_name(sandbox: Sandbox, *, dark: bool) -> None:
    page = await sandbox.open(f"#{NURLAN}:{NURLAN}/{SECRETARY}:{COMMISSION}", dark=dark)
    await action(phone(page, NURLAN), "start").click()
    await write(phone(page, NURLAN), "/buttons")
    await expect(button(phone(page, NURLAN), "Тост")).to_be_visible()
    for sender in (AIGERIM, SECRETARY):
        await sandbox.act(page, **{"as": sender, "chat": COMMISSION, "do": "send", "text": "сәлем"})
    await expect(phone(page, SECRETARY).locator("article")).to_have_count(2)
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll("button, input, textarea")]
            .filter((one) => one.checkVisibility())
            .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.placeholder))
            .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    faint = await page.evaluate(CONTRAST)
    assert faint == []


CONTRAST = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const paint = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((part) => part / 255)
            .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const node of document.querySelectorAll("#app *")) {
        const own = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
        if (!own || !node.checkVisibility()) continue;
        const backs = [];
        for (let at = node; at; at = at.parentElement) backs.unshift(getComputedStyle(at).backgroundColor);
        const [text, back] = [[...backs, getComputedStyle(node).color], backs].map((colours) => light(paint(colours)));
        const ratio = (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
        if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${node.className} ${node.textContent}`);
    }
    return found;
}"""
"""Texts of the page whose colour is closer to what lies behind them than WCAG AA allows."""
