"""Documents of requests: fetched from Telegram, kept as files under their hash, begun again after a kill, or lost."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetFile

from bot.delivery.metrics import Uncounted
from bot.jobs.documents import AGAIN_AFTER, GIVEN_UP_AFTER, DocumentFetching
from policy.decision import Refused
from policy.instant import MessageInstant
from policy.profile import Profile
from policy.requests import Kind
from services.requests.documents import Loss, keep_lost
from services.requests.filing import Filed, FilingRefusal, add_document, file_request
from services.standing import study_of
from storage.database import Database
from storage.files import Files
from storage.requests import Document, ExamKey, SentFile
from tests.bot.conftest import AIGERIM, NOW, HandClock
from tests.bot.staff import SECRETARY, at_work, employ
from tests.bot.studies import WINTER, course, load
from tests.telegram import Person, Telegram

PHOTO = b"a photo of the answers"


@dataclass(slots=True)
class Scene:
    """An appeal of Aigerim's, the files kept so far, and the fetching of what she sends."""

    telegram: Telegram
    database: Database
    profile: Profile
    files: Files
    fetching: DocumentFetching
    request: int

    async def sends(self, file_id: str, size: int = 10) -> None:
        file = SentFile(f"{file_id}.jpg", "photo", None, size, file_id, file_id)
        async with self.database.write() as storage:
            added = await add_document(
                storage,
                request_id=self.request,
                document=file,
                student_id=AIGERIM,
                sent=MessageInstant(NOW),
                now=NOW,
                profile=self.profile,
            )
        assert isinstance(added, Document), added

    async def documents(self) -> list[Document]:
        async with self.database.read() as storage:
            return list(await storage.requests.documents_of(self.request))

    def kept(self) -> list[Path]:
        return [path for path in self.files.folder.rglob("*") if path.is_file()]


@pytest.fixture
async def scene(telegram: Telegram, database: Database, profile: Profile, clock: HandClock, tmp_path: Path) -> Scene:
    await load(database, course("MAT1", "60", posted=NOW - timedelta(hours=1)))
    async with database.write() as storage:
        aigerim = await storage.students.by_id(AIGERIM)
        assert aigerim
        filed = await file_request(
            storage,
            kind=Kind.APPEAL,
            study=await study_of(storage, student=aigerim, now=NOW, profile=profile),
            exam=ExamKey(WINTER, "MAT1", 1),
            filed=MessageInstant(NOW),
            by=AIGERIM,
            now=NOW,
            profile=profile,
            reason="3-сұрақ дұрыс",
        )
    assert isinstance(filed, Filed)
    files = Files(tmp_path / "var" / "documents")
    fetching = DocumentFetching(telegram.bot, database, files, profile, clock, Uncounted())
    return Scene(telegram, database, profile, files, fetching, filed.request.id)


async def test_a_document_becomes_a_private_file_named_by_its_content(scene: Scene) -> None:
    await scene.sends(scene.telegram.keep("photo", "x", PHOTO))

    await scene.fetching.look()

    (document,) = await scene.documents()
    assert (document.sha256, document.file.size, document.stored_at) == (sha256(PHOTO).hexdigest(), len(PHOTO), NOW)
    (path,) = scene.kept()
    assert path == scene.files.folder / path.name[:2] / sha256(PHOTO).hexdigest()
    assert path.read_bytes() == PHOTO
    assert path.stat().st_mode & 0o777 == 0o600
    async with scene.database.read() as storage:
        history = await storage.changes.of("request_document", (str(scene.request),))
    assert [each.after and each.after.get("sha256") for each in history] == [None, document.sha256]


async def test_the_same_content_is_kept_once(scene: Scene) -> None:
    for _ in range(2):
        await scene.sends(scene.telegram.keep("photo", "x", PHOTO))

    await scene.fetching.look()

    assert len({each.sha256 for each in await scene.documents()}) == 1
    assert len(scene.kept()) == 1


@pytest.mark.parametrize("killed_at", ["fetched", "written", "renamed"])
async def test_a_fetch_that_was_killed_begins_again_and_leaves_nothing_half(
    scene: Scene, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.sends(scene.telegram.keep("photo", "x", PHOTO))

    def killed(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as now:
        if killed_at == "fetched":
            now.setattr(Files, "keep", killed)
        elif killed_at == "written":
            now.setattr(os, "fsync", killed)
        else:
            now.setattr(Database, "write", killed)
        with pytest.raises(asyncio.CancelledError):
            await scene.fetching.look()
    assert (await scene.documents())[0].stored_at is None
    assert [path.read_bytes() for path in scene.kept()] == ([PHOTO] if killed_at == "renamed" else [])

    await scene.fetching.look()

    assert (await scene.documents())[0].sha256 == sha256(PHOTO).hexdigest()
    assert [path.read_bytes() for path in scene.kept()] == [PHOTO]


async def test_what_a_killed_process_left_half_is_cleared_away_later(scene: Scene) -> None:
    scene.files.keep(PHOTO)
    old, new = (scene.files.folder / "ab" / name for name in (".old", ".new"))
    old.parent.mkdir()
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))

    await scene.fetching.clear()

    assert sorted(path.name for path in scene.kept()) == sorted([".new", sha256(PHOTO).hexdigest()])


async def test_a_server_that_does_not_answer_is_asked_again_in_a_minute(scene: Scene, clock: HandClock) -> None:
    file_id = scene.telegram.keep("photo", "x", PHOTO)
    await scene.sends(file_id)
    scene.telegram.failures.append(TelegramNetworkError(GetFile(file_id=file_id), "away"))
    for expected in (None, None, sha256(PHOTO).hexdigest()):
        await scene.fetching.look()
        assert (await scene.documents())[0].sha256 == expected
        clock.move(AGAIN_AFTER / 2)


@pytest.mark.parametrize("why", ["too_large", "gone"])
async def test_a_document_that_cannot_be_had_is_lost_and_its_student_told_once(
    scene: Scene, clock: HandClock, linked: Callable[..., Awaitable[Person]], why: str
) -> None:
    large = scene.telegram.keep("document", "x", bytes(20 * 1024**2 + 1))
    await scene.sends(large if why == "too_large" else "nobody has it")
    await scene.fetching.look()
    clock.move(GIVEN_UP_AFTER)

    for _ in range(2):
        await scene.fetching.look()

    assert [each.error for each in await scene.documents()] == [why]
    async with scene.database.read() as storage:
        owed = await storage.outbox.to_person(AIGERIM, None)
    assert [(each.kind, each.content["why"]) for each in owed] == [("lost document", why)]
    aigerim = await linked(AIGERIM)
    await scene.telegram.sender.send_due()
    assert f"№ {scene.request}" in aigerim.sees
    await employ(scene.database)
    secretary = await at_work(linked, SECRETARY)
    await secretary.sends(f"/start case-{scene.request}")
    assert "⚠️ Сақталмады" in secretary.sees


async def test_the_documents_of_one_student_take_so_much_room_and_no_more(scene: Scene) -> None:
    rules = replace(scene.profile.requests, documents_megabytes=1)
    scene.profile = replace(scene.profile, requests=rules)
    whole = 1024 * 1024
    await scene.sends("half", size=whole // 2)
    await scene.sends("other half", size=whole // 2)

    async with scene.database.write() as storage:
        refused = await add_document(
            storage,
            request_id=scene.request,
            document=SentFile("x.jpg", "photo", None, 1, "more", "more"),
            student_id=AIGERIM,
            sent=MessageInstant(NOW),
            now=NOW,
            profile=scene.profile,
        )

    assert isinstance(refused, Refused)
    assert refused.reason is FilingRefusal.NO_ROOM
    assert len(await scene.documents()) == 2


@pytest.mark.parametrize("fetched", [False, True], ids=["before they are fetched", "and after"])
async def test_three_photos_are_three_documents_added_in_the_history(
    scene: Scene, linked: Callable[..., Awaitable[Person]], *, fetched: bool
) -> None:
    aigerim = await linked(AIGERIM)
    for number in range(3):
        await scene.sends(scene.telegram.keep("photo", "x", PHOTO + bytes([number])))
    if fetched:
        await scene.fetching.look()
    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    assert aigerim.sees.count("құжат қосылды") == 3
    async with scene.database.read() as storage:
        history = await storage.changes.of("request_document", (str(scene.request),))
    assert sum(each.before is None for each in history) == 3


async def test_a_document_that_was_lost_is_a_step_of_its_own(
    scene: Scene, linked: Callable[..., Awaitable[Person]], clock: HandClock
) -> None:
    aigerim = await linked(AIGERIM)
    await scene.sends("gone")
    async with scene.database.write() as storage:
        await keep_lost(storage, (await scene.documents())[0], Loss.GONE, now=clock.now())
    await scene.telegram.sender.send_due()
    await aigerim.sends("/requests")
    await aigerim.taps("№ 1")
    assert (aigerim.sees.count("құжат қосылды"), aigerim.sees.count("құжат сақталмады")) == (1, 1)
