"""The environment is checked as a whole, and every complaint names the setting and what is allowed."""

from pathlib import Path

import pytest

from kenes.settings import Settings, SettingsError, load_settings

TOKEN = "123456:" + "A" * 35


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_an_empty_environment_means_telegram_and_a_file_under_var() -> None:
    settings = load_settings()
    assert settings.bot_api_url == "https://api.telegram.org"
    assert settings.database_url == "sqlite+aiosqlite:///var/kenes.db"
    assert settings.kenes_profile is None
    assert settings.speaks_to_telegram


def test_a_missing_token_is_named_when_it_is_needed() -> None:
    with pytest.raises(SettingsError, match="BOT_TOKEN is missing"):
        _ = load_settings().token


def test_settings_are_read_from_a_dotenv_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"BOT_TOKEN={TOKEN}\nBOT_API_URL=http://127.0.0.1:8080/\nUNRELATED=1\n")
    settings = load_settings()
    assert settings.token == TOKEN
    assert settings.bot_api_url == "http://127.0.0.1:8080"
    assert not settings.speaks_to_telegram


def test_every_wrong_setting_is_named_at_once_and_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "secret-but-no-token")
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@localhost/kenes")
    monkeypatch.setenv("BOT_API_URL", "localhost:8080")
    monkeypatch.setenv("KENES_PROFILE", "nowhere.toml")
    monkeypatch.setenv("KENES_IMPORT_DIR", "nowhere")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    text = str(caught.value)
    for name in (
        "BOT_TOKEN",
        "DATABASE_URL",
        "BOT_API_URL=localhost:8080",
        "KENES_PROFILE=nowhere.toml",
        "KENES_IMPORT_DIR=nowhere",
    ):
        assert name in text
    assert text.count("allowed:") == 5
    assert "hunter2" not in text
    assert "secret-but-no-token" not in text


@pytest.mark.parametrize(("address", "refused"), [("https://api.telegram.org", True), ("http://127.0.0.1:8080", False)])
def test_a_moved_clock_is_refused_on_telegram_itself(
    monkeypatch: pytest.MonkeyPatch, address: str, refused: bool
) -> None:
    monkeypatch.setenv("KENES_CLOCK", "var/clock")
    monkeypatch.setenv("BOT_API_URL", address)
    if refused:
        with pytest.raises(SettingsError, match="KENES_CLOCK"):
            load_settings()
    else:
        assert load_settings().kenes_clock == "var/clock"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"WEBHOOK_URL": "https://bot.kz/telegram"}, "WEBHOOK_SECRET is missing"),
        ({"WEBHOOK_URL": "bot.kz/telegram", "WEBHOOK_SECRET": "x" * 16}, "WEBHOOK_URL=bot.kz/telegram: allowed"),
        ({"WEBHOOK_URL": "http://bot.kz/telegram", "WEBHOOK_SECRET": "x" * 16}, "https addresses only"),
        ({"WEBHOOK_URL": "https://bot.kz/t", "WEBHOOK_SECRET": "құпия-құпия-құпия"}, r"WEBHOOK_SECRET=\*\*\*: allowed"),
        ({"WEBHOOK_PORT": "70000"}, "WEBHOOK_PORT=70000"),
    ],
)
def test_a_webhook_that_cannot_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], complaint: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=complaint):
        load_settings()


def test_a_webhook_needs_an_address_and_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_URL", "https://bot.kz/telegram")
    monkeypatch.setenv("WEBHOOK_SECRET", "only-Telegram-knows")
    settings = load_settings()
    assert settings.webhook_url == "https://bot.kz/telegram"
    assert "only-Telegram-knows" not in repr(settings)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("KENES_BACKUP_HOUR", "KENES_BACKUP_HOURS"),
        ("KENES_METRIC_PORT", "KENES_METRICS_PORT"),
        ("kenes_profil", "KENES_PROFILE"),
        ("KENES_ANYTHING_ELSE", "KENES_"),
    ],
)
def test_a_misspelt_setting_of_ours_is_refused_with_the_nearest_right_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, misspelt: str, meant: str
) -> None:
    monkeypatch.setenv(misspelt, "")
    with pytest.raises(SettingsError, match=f"{misspelt.upper()} is no setting. Did you mean {meant}"):
        load_settings()
    monkeypatch.delenv(misspelt)
    (tmp_path / ".env").write_text(f"{misspelt}=\n")
    with pytest.raises(SettingsError, match=f"{misspelt.upper()} is no setting. Did you mean {meant}"):
        load_settings()


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [("BOT_TOKN", "BOT_TOKEN"), ("DATABASE_URI", "DATABASE_URL"), ("WEBHOOK_SECRT", "WEBHOOK_SECRET")],
)
def test_what_looks_like_a_setting_in_the_dotenv_file_is_a_slip_and_in_the_environment_it_is_somebody_else_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, misspelt: str, meant: str
) -> None:
    monkeypatch.setenv(misspelt, "x")
    load_settings()
    (tmp_path / ".env").write_text(f"{misspelt}=x\n")
    with pytest.raises(SettingsError, match=f"{misspelt} is no setting. Did you mean {meant}"):
        load_settings()


def test_a_slip_and_a_wrong_value_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KENES_PROFIL", "x")
    monkeypatch.setenv("KENES_BACKUP_HOURS", "daily")
    with pytest.raises(SettingsError, match=r"(?s)KENES_PROFIL is no.*KENES_BACKUP_HOURS=daily"):
        load_settings()
