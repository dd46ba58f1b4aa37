"""`kenes doctor`: where the documents of requests are kept must take files."""

from pathlib import Path

from kenes.commands.doctor import CHECKS, Health, Patient
from kenes.settings import Settings
from policy.profile import load_profile
from services.clock import WallClock


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
