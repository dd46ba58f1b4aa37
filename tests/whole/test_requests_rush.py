"""The rush before 13:00: more file at once than Telegram lets a bot answer; all are in time, and receipts go first."""

from pathlib import Path

from bench.rush import rush_hour

STUDENTS = 150


async def test_everybody_who_files_in_the_last_seconds_is_in_time_and_nobodys_receipt_waits_for_the_staffs_cards(
    tmp_path: Path,
) -> None:
    rush = await rush_hour(tmp_path, students=STUDENTS)
    assert len(rush.sent) == STUDENTS
    assert rush.filed == {user: [instant] for user, (_, instant) in rush.sent.items()}
    assert {user: len(times) for user, times in rush.receipts.items()} == dict.fromkeys(rush.sent, 1)
    assert rush.staff_before < STUDENTS / 10
    assert rush.refused <= STUDENTS / 100
