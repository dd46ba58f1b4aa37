"""`kenes invite`, `grant`, `revoke`, `correct`: what they write, say and answer, and that a refusal changes nothing."""

import asyncio
import csv
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner, Result

from kenes.__main__ import main
from policy.people import Role, RoleGrant
from services.invitations import redeem
from storage.database import Database
from storage.records import MotionState, Person
from storage.unit import Storage
from tests.storage.examples import DEAN, NOW, REGISTRAR, enrolment, student

T = TypeVar("T")
AIDA, BERIK = student("02500000", phone=None), student("02500001", "Ахметов", phone=None)
MARK = ("02500000", "2025-2026/1", "MAT1201", "--attempt", "1")


def stored(url: str, task: Callable[[Storage], Awaitable[T]]) -> T:
    """Do something to the records, as another process would."""

    async def run() -> T:
        async with Database.open(url) as database, database.write() as storage:
            done = await task(storage)
            await storage.commit()
            return done

    return asyncio.run(run())


@pytest.fixture
def url(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    async def fill(storage: Storage) -> None:
        await storage.students.save([AIDA, BERIK])
        await storage.people.save([REGISTRAR, DEAN, Person("T0010", DEAN.name, DEAN.language)])
        await storage.marks.save([enrolment()])
        await storage.roles.grant([RoleGrant(REGISTRAR.person_id, Role.REGISTRAR)], at=NOW, by=None)

    stored(database_url, fill)
    monkeypatch.chdir(tmp_path)
    for name in ("BOT_TOKEN", "BOT_API_URL", "KENES_PROFILE", "KENES_CLOCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database_url


def kenes(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text, delimiter=";"))


# invite


def test_links_of_students_are_written_for_their_owner_only(url: str, tmp_path: Path) -> None:
    done = kenes("invite", "--students", "--csv", "links.csv", "--bot", "@kenes_bot")
    assert done.exit_code == 0, done.output
    file = tmp_path / "links.csv"
    rows = table(file)
    assert list(rows[0]) == ["person_id", "surname", "given_name", "patronymic", "group", "link"]
    assert {row["person_id"] for row in rows} == {AIDA.person_id, BERIK.person_id}
    assert all(re.fullmatch(r"https://t\.me/kenes_bot\?start=[A-Za-z0-9_-]{22,64}", row["link"]) for row in rows)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if "csv" in path.name] == ["links.csv"]


def test_a_link_of_the_file_opens_its_person_and_the_linked_are_left_out_later(url: str, tmp_path: Path) -> None:
    from policy.profile import load_profile

    kenes("invite", "--students", "--csv", "links.csv", "--bot", "kenes_bot")
    code = next(row["link"] for row in table(tmp_path / "links.csv") if row["person_id"] == "02500000").split("=")[1]

    async def open_and_link(storage: Storage) -> object:
        offer = await redeem(storage, code=code, user=1001, now=datetime.now(UTC), profile=load_profile(None))
        await storage.accounts.link(1001, "02500000", at=NOW, consent_version="1")
        return offer

    assert getattr(stored(url, open_and_link), "person_id", None) == "02500000"
    again = kenes("invite", "--students", "--csv", "again.csv", "--bot", "kenes_bot")
    assert "1 linked already" in again.output
    assert [row["person_id"] for row in table(tmp_path / "again.csv")] == [BERIK.person_id]
    one = kenes("invite", "--person", "02500000", "--release", "--csv", "one.csv", "--bot", "kenes_bot")
    assert one.exit_code == 0
    assert stored(url, lambda storage: storage.accounts.of_person("02500000")) is None


def test_staff_and_groups_are_chosen(url: str, tmp_path: Path) -> None:
    kenes("invite", "--staff", "--csv", "staff.csv", "--bot", "kenes_bot")
    assert [row["person_id"] for row in table(tmp_path / "staff.csv")] == [REGISTRAR.person_id]
    nobody = kenes("invite", "--students", "--group", "ЖОҚ-1", "--csv", "group.csv", "--bot", "kenes_bot")
    assert nobody.exit_code == 1
    assert not (tmp_path / "group.csv").exists()


def test_cards_are_drawn_for_their_owner_only(url: str, tmp_path: Path) -> None:
    done = kenes("invite", "--students", "--csv", "links.csv", "--pdf", "cards.pdf", "--bot", "kenes_bot")
    assert done.exit_code == 0, done.output
    sheet = tmp_path / "cards.pdf"
    assert sheet.read_bytes().startswith(b"%PDF")
    assert sheet.stat().st_mode & 0o777 == 0o600


def test_many_cards_are_spread_over_files(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kenes.commands.invite.CARDS_IN_A_FILE", 1)
    done = kenes("invite", "--students", "--csv", "links.csv", "--pdf", "cards.pdf", "--bot", "kenes_bot")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in tmp_path.glob("*.pdf")) == ["cards-2.pdf", "cards.pdf"]


@pytest.mark.parametrize("there", ["links.csv", "cards.pdf"])
def test_a_file_that_is_there_is_kept_and_no_invitation_is_made(url: str, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("earlier")
    arguments = ("invite", "--students", "--csv", "links.csv", "--pdf", "cards.pdf", "--bot", "kenes_bot")
    refused = kenes(*arguments)
    assert refused.exit_code == 1
    assert f"{there} is there already" in refused.output
    assert (tmp_path / there).read_text() == "earlier"
    assert stored(url, lambda storage: storage.invitations.of_person(AIDA.person_id)) == ()
    assert kenes(*arguments, "--overwrite").exit_code == 0
    assert (tmp_path / there).read_bytes() != b"earlier"


def test_a_stranger_or_a_missing_folder_refuses_the_whole(url: str, tmp_path: Path) -> None:
    refused = kenes("invite", "--person", "02500000", "--person", "999", "--csv", "links.csv", "--bot", "kenes_bot")
    assert refused.exit_code == 1
    assert "999" in refused.output
    assert kenes("invite", "--students", "--csv", "no/links.csv", "--bot", "kenes_bot").exit_code == 1
    assert stored(url, lambda storage: storage.invitations.of_person(AIDA.person_id)) == ()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--csv", "a.csv"),
        ("--students", "--staff", "--csv", "a.csv"),
        ("--staff", "--group", "ЭН-25-1", "--csv", "a.csv"),
        ("--students", "--release", "--csv", "a.csv"),
        ("--students", "--csv", "a.csv", "--pdf", "a.csv"),
        ("--students",),
    ],
)
def test_wrong_use_of_invite_is_said(url: str, arguments: tuple[str, ...]) -> None:
    assert kenes("invite", *arguments, "--bot", "kenes_bot").exit_code == 2


@pytest.fixture
def bot_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A Bot API server that knows one method and gives what the test puts in."""
    answers: dict[str, Any] = {}

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers[self.path.rpartition("/")[2]]).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("BOT_API_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("BOT_TOKEN", "1:" + "A" * 30)
        yield answers
        server.shutdown()
        thread.join()


def test_the_bots_name_is_asked_of_the_server(url: str, bot_api: dict[str, Any], tmp_path: Path) -> None:
    bot_api["getMe"] = {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "K", "username": "asked_bot"}}
    done = kenes("invite", "--students", "--csv", "links.csv")
    assert done.exit_code == 0, done.output
    assert all(row["link"].startswith("https://t.me/asked_bot?start=") for row in table(tmp_path / "links.csv"))


def test_without_the_bots_name_nothing_is_made(url: str, bot_api: dict[str, Any], tmp_path: Path) -> None:
    bot_api["getMe"] = {"ok": False, "error_code": 401}
    refused = kenes("invite", "--students", "--csv", "links.csv")
    assert refused.exit_code == 1
    assert "--bot NAME" in refused.output
    assert not (tmp_path / "links.csv").exists()
    assert stored(url, lambda storage: storage.invitations.of_person(AIDA.person_id)) == ()


# grant, revoke


def test_a_role_is_given_and_taken(url: str) -> None:
    done = kenes("grant", "appeals.chair", "T0002", "--scope", "Энергетика мектебі", "--until", "31.08.2100")
    assert done.exit_code == 0
    assert "appeals.chair in Энергетика мектебі until 2100-08-31" in done.output
    (grant,) = stored(url, lambda storage: storage.roles.of_person("T0002"))
    assert (grant.role, grant.scope, str(grant.until)) == (
        Role.APPEALS_CHAIR,
        "Энергетика мектебі",
        "2100-08-31",
    )
    everywhere = kenes("revoke", "appeals.chair", "T0002")
    assert everywhere.exit_code == 1
    assert "Held: appeals.chair in Энергетика мектебі" in everywhere.output
    assert kenes("revoke", "appeals.chair", "T0002", "--scope", "Энергетика мектебі").exit_code == 0
    assert stored(url, lambda storage: storage.roles.of_person("T0002")) == ()


def test_the_same_role_again_is_nothing_to_do(url: str) -> None:
    assert kenes("grant", "registrar", "T0002").exit_code == 0
    again = kenes("grant", "registrar", "T0002")
    assert (again.exit_code, "Nothing was changed" in again.output) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("grant", "king", "T0002"), 2),
        (("grant", "registrar", "T0002", "--until", "soon"), 2),
        (("grant", "registrar", "T9999"), 1),
        (("grant", "registrar", "T0002", "--until", "2000-01-01"), 1),
        (("revoke", "registrar", "T0002"), 1),
    ],
)
def test_a_role_that_cannot_be_given_or_taken(url: str, arguments: tuple[str, ...], code: int) -> None:
    refused = kenes(*arguments)
    assert refused.exit_code == code
    assert stored(url, lambda storage: storage.roles.of_person("T0002")) == ()


# correct


def test_the_command_line_proposes_a_correction_and_never_confirms_one(url: str) -> None:
    done = kenes("correct", *MARK, "--exam", "54,5", "--reason", "Ведомость бойынша")
    assert done.exit_code == 0, done.output
    assert "exam 49.4999 -> 54.5" in done.output
    assert "/confirm" in done.output
    assert kenes("correct", "--confirm", "1", "--by", "T0001").exit_code == 2
    kept = stored(url, lambda storage: storage.marks.by_key("02500000", "2025-2026/1", "MAT1201"))
    assert kept == enrolment()
    motion = stored(url, lambda storage: storage.motions.by_id(1))
    assert motion
    assert (motion.moved_by, motion.state) == (None, MotionState.OPEN)


def test_what_the_command_line_proposed_it_withdraws_with_a_reason(url: str) -> None:
    kenes("correct", *MARK, "--exam", "54", "--reason", "Ведомость бойынша")
    assert kenes("correct", "--withdraw", "1").exit_code == 1
    assert kenes("correct", "--withdraw", "1", "--reason", "Қате өтініш").exit_code == 0
    again = kenes("correct", "--withdraw", "1", "--reason", "Қате өтініш")
    assert (again.exit_code, "decided already" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        ((*MARK, "--reason", "x"), 2),
        (("02500000", "2025-2026/1", "--exam", "54", "--reason", "x"), 2),
        ((*MARK, "--withdraw", "1", "--exam", "54"), 2),
        (("--withdraw", "1", "--exam", "54"), 2),
        ((*MARK, "--exam", "many", "--reason", "Ведомость бойынша"), 2),
        ((*MARK, "--exam", "101", "--reason", "Ведомость бойынша"), 1),
        ((*MARK, "--exam", "nan", "--reason", "Ведомость бойынша"), 1),
        ((*MARK, "--exam", "54"), 1),
        ((*MARK, "--exam", "54", "--reason", "қате"), 1),
        (("--withdraw", "7", "--reason", "Қате өтініш"), 1),
    ],
)
def test_what_cannot_be_corrected_is_said_and_nothing_changes(url: str, arguments: tuple[str, ...], code: int) -> None:
    refused = kenes("correct", *arguments)
    assert refused.exit_code == code, refused.output
    assert code == 2 or "Nothing was changed" in refused.output
    kept = stored(url, lambda storage: storage.marks.by_key("02500000", "2025-2026/1", "MAT1201"))
    assert kept == enrolment()
