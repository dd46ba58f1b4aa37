"""What a watcher on the machine is told: well or not, and the numbers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from bot.delivery.health import SILENCE, STANDSTILL, Health, answering
from bot.delivery.metrics import Metrics, Uncounted
from bot.delivery.troubles import Troubles
from services.owing import owe
from storage.database import Database
from storage.outbox import Priority
from storage.trouble import Trouble
from tests.bot.conftest import AIGERIM, DMITRY, HandClock


class Seconds:
    """Real time, moved by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def real() -> Seconds:
    return Seconds()


@pytest.fixture
def metrics(real: Seconds) -> Metrics:
    return Metrics(real)


@pytest.fixture
async def watcher(metrics: Metrics, database: Database, clock: HandClock) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async with TestClient(TestServer(Health(metrics, database, clock, polls=True).app())) as client:
        yield client


async def numbers(watcher: TestClient) -> dict[str, float]:  # type: ignore[type-arg]
    """Read /metrics as Prometheus does: name and labels -> value."""
    answer = await watcher.get("/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(await answer.text())
        for sample in family.samples
    }


async def test_everything_that_happens_is_counted(
    watcher: TestClient,  # type: ignore[type-arg]
    metrics: Metrics,
    real: Seconds,
) -> None:
    metrics.update_handled(0.02)
    metrics.update_handled(4.0)
    metrics.update_failed()
    metrics.message_sent(Priority.NOTICE)
    metrics.message_failed("blocked")
    metrics.rate_limited()
    metrics.ask_for_waiting(lambda: 3, lambda: 42.0)
    metrics.swept("records", 100)
    real.at += 130
    told = await numbers(watcher)
    assert told["kenes_update_seconds_count"] == 2
    assert told["kenes_update_seconds_bucket 0.025"] == 1
    assert told["kenes_updates_failed_total"] == 1
    assert told["kenes_messages_sent_total 2"] == 1
    assert told["kenes_messages_failed_total blocked"] == 1
    assert told["kenes_rate_limited_total"] == 1
    assert told["kenes_updates_waiting"] == 3
    assert told["kenes_oldest_update_seconds"] == 42
    assert told["kenes_since_poll_seconds"] == 130
    assert told["kenes_sweep_lag_seconds records"] == 30
    assert told["process_resident_memory_bytes"] > 0


async def test_what_the_database_knows_is_asked_for_each_time(
    watcher: TestClient,  # type: ignore[type-arg]
    database: Database,
    clock: HandClock,
) -> None:
    async with database.write() as storage:
        for person_id, priority in (
            (AIGERIM, Priority.DEADLINE),
            (AIGERIM, Priority.NOTICE),
            (DMITRY, Priority.NOTICE),
        ):
            await owe(storage, to=person_id, kind="alert", content={}, now=clock.now(), priority=priority)
        await storage.accounts.link(1, AIGERIM, at=clock.now(), consent_version="1")
        await storage.accounts.mark_unreachable(1, since=clock.now(), why="blocked")
        await storage.commit()
    told = await numbers(watcher)
    assert [told[f"kenes_outbox_messages {priority}"] for priority in range(4)] == [0, 1, 2, 0]
    assert told["kenes_unreachable_accounts"] == 1
    async with database.write() as storage:
        await storage.outbox.withdraw(2)
        await storage.commit()
    assert (await numbers(watcher))["kenes_outbox_messages 2"] == 1


async def test_it_is_well_until_telegram_or_an_update_stands_still(
    watcher: TestClient,  # type: ignore[type-arg]
    metrics: Metrics,
    real: Seconds,
) -> None:
    answer = await watcher.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"healthy": True, "problems": []})
    real.at += SILENCE + 1
    answer = await watcher.get("/healthz")
    assert answer.status == 503
    assert (await answer.json())["problems"] == ["Telegram has not answered for 121 s"]
    metrics.polled()
    assert (await watcher.get("/healthz")).status == 200
    metrics.ask_for_waiting(lambda: 1, lambda: STANDSTILL + 1)
    assert (await (await watcher.get("/healthz")).json())["problems"] == ["an update has waited for 301 s"]


async def test_a_database_that_cannot_be_read_is_no_health(
    metrics: Metrics, clock: HandClock, tmp_path: object
) -> None:
    async with Database.open(f"sqlite+aiosqlite:///{tmp_path}/none/kenes.db") as gone:
        health = Health(metrics, gone, clock, polls=False)
        async with TestClient(TestServer(health.app())) as watcher:
            answer = await watcher.get("/healthz")
            assert answer.status == 503
            assert "the database cannot be read" in (await answer.json())["problems"][0]


async def test_a_trouble_is_said_in_a_line_and_the_numbers_of_the_process_stay(
    metrics: Metrics, clock: HandClock, database: Database, tmp_path: Path
) -> None:
    troubles = Troubles(clock)
    health = Health(metrics, database, clock, polls=False, troubles=troubles)
    async with TestClient(TestServer(health.app())) as watcher:
        troubles.struck(Trouble.FULL, "somebody")
        answer = await watcher.get("/healthz")
        assert answer.status == 503
        assert (await answer.json())["problems"] == ["the disk of the database is full, since 2026-01-15 05:00:00 UTC"]
        troubles.passed("somebody")
        assert (await watcher.get("/healthz")).status == 200
        (tmp_path / "kenes.db").unlink()
        assert (await (await watcher.get("/healthz")).json())["problems"] == [
            "the database cannot be read: the database is not there"
        ]
        numbers_left = await numbers(watcher)
        assert numbers_left["kenes_updates_failed_total"] == 0
        assert "kenes_outbox_messages 0" not in numbers_left


async def test_a_webhook_may_be_silent(metrics: Metrics, real: Seconds, database: Database, clock: HandClock) -> None:
    real.at += 10_000
    async with TestClient(TestServer(Health(metrics, database, clock, polls=False).app())) as watcher:
        assert (await watcher.get("/healthz")).status == 200


async def test_only_this_machine_is_answered(
    metrics: Metrics, database: Database, clock: HandClock, unused_tcp_port: int
) -> None:
    async with answering(Health(metrics, database, clock, polls=False), unused_tcp_port):
        listening = {line.split()[1] for line in open_ports() if line.split()[3] == "0A"}
        assert f"0100007F:{unused_tcp_port:04X}" in listening
        assert f"00000000:{unused_tcp_port:04X}" not in listening


def open_ports() -> list[str]:
    with open("/proc/net/tcp", encoding="ascii") as sockets:  # noqa: PTH123 - no file, the kernel
        return sockets.read().splitlines()[1:]


def test_counting_nothing_takes_whatever_is_counted() -> None:
    counts = Uncounted()
    assert {name for name in dir(Metrics) if not name.startswith("_")} - {"text", "oldest", "since_poll"} == {
        name for name in dir(counts) if not name.startswith("_")
    }
