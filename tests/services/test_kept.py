"""What is kept is what would be read."""

from services.kept import KeptWhileUnchanged
from storage.database import Database
from storage.unit import Storage


async def test_what_is_kept_of_somebody_is_read_anew_once_the_history_has_grown(database: Database) -> None:
    reads: list[str] = []

    async def read(_: Storage, person_id: str) -> int:
        reads.append(person_id)
        return len(reads)

    kept = KeptWhileUnchanged(read, most=2)
    async with database.read() as storage:
        assert [await kept.of("A", storage, history=7) for _ in range(2)] == [1, 1]
        assert await kept.of("A", storage, history=8) == 2
        assert await kept.of("B", storage, history=8) == 3
        assert await kept.of("A", storage, history=8) == 2
        assert await kept.of("C", storage, history=8) == 4, "in place of B, who was seen longest ago"
        assert await kept.of("A", storage, history=8) == 2
        assert await kept.of("B", storage, history=8) == 5
    assert reads == ["A", "A", "B", "C", "B"]
