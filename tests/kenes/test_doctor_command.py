"""`kenes doctor`: where the documents of requests are kept must take files, and nothing is written in two ways."""

import asyncio
import shutil
from pathlib import Path

from kenes.commands.doctor import CHECKS, Health, Patient
from kenes.settings import Settings
from policy.marks import Course
from policy.profile import load_profile
from services.clock import WallClock
from storage.database import Database


def finding(folder: Path) -> tuple[Health, str]:
    settings = Settings.model_construct(kenes_documents=folder, database_url="sqlite+aiosqlite:///var/kenes.db")
    found = CHECKS["documents"](Patient(settings, load_profile(None), WallClock()))
    return found.health, found.says


def test_the_folder_of_documents_need_not_be_there_but_its_place_must_take_it(tmp_path: Path) -> None:
    assert finding(tmp_path / "var" / "documents") == (Health.GOOD, f"kept in {tmp_path / 'var' / 'documents'}")
    (tmp_path / "file").touch()
    health, says = finding(tmp_path / "file" / "documents")
    assert health is Health.BAD
    assert "KENES_DOCUMENTS" in says


def test_documents_are_kept_beside_the_database_unless_told_otherwise(tmp_path: Path) -> None:
    beside = Settings.model_construct(database_url=f"sqlite+aiosqlite:///{tmp_path}/kenes.db")
    assert beside.documents_folder == tmp_path / "documents"
    elsewhere = Settings.model_construct(database_url="postgresql+asyncpg://x@y/z")
    assert elsewhere.documents_folder == Path("var/documents")


def test_a_course_written_in_two_ways_is_told(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "kenes.db"
    shutil.copy(sqlite_template, file)
    patient = Patient(
        Settings.model_construct(database_url=f"sqlite+aiosqlite:///{file}"), load_profile(None), WallClock()
    )

    async def save(*codes: str) -> None:
        async with Database.open(patient.settings.database_url) as database, database.write() as storage:
            await storage.courses.save(Course(code, None, None) for code in codes)
            await storage.commit()

    asyncio.run(save("MAT1105", "INF2304"))
    assert CHECKS["spellings"](patient).health is Health.GOOD

    asyncio.run(save("МАТ1105"))
    found = CHECKS["spellings"](patient)
    assert found.health is Health.DOUBTFUL
    assert "MAT1105 = МАТ1105" in found.says
