"""What the environment says: read once at the edge, checked, handed on as values."""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

DOTENV = ".env"
OURS = "KENES_"  # what the names of our own settings begin with
NOT_READ_HERE = "KENES_TEST_"  # settings of the tests
ALIKE = 0.8  # so much like one of ours a name in `.env` is a slip

TELEGRAM = "https://api.telegram.org"
ENGINES = ("sqlite+aiosqlite", "postgresql+asyncpg")


class SettingsError(ValueError):
    """One or more settings are wrong or missing; the text names each, its value unless secret, and what is allowed."""


def _token(token: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]{20,}", token.get_secret_value()):
        raise ValueError("allowed: the token BotFather gave, digits:letters")
    return token


def _address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"allowed: the http or https address of a Bot API server, as {TELEGRAM}")
    return address.rstrip("/")


def _engine(address: str) -> str:
    if address.partition("://")[0] not in ENGINES:
        raise ValueError("allowed: " + " or ".join(f"{engine}://..." for engine in ENGINES))
    return address


def _file(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("allowed: the path of a TOML file that exists")
    return path


def _folder(path: Path | None) -> Path | None:
    if path is not None and not path.is_dir():
        raise ValueError("allowed: the path of a folder that exists")
    return path


def _webhook(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("allowed: the https address Telegram is to call, as https://bot.example.kz/telegram")
    return address


def _secret(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", secret.get_secret_value()):
        raise ValueError("allowed: 16 to 256 of A-Z a-z 0-9 _ -")
    return secret


class Settings(BaseSettings):
    """The environment of every command, also read from `.env` in the working directory."""

    model_config = SettingsConfigDict(env_file=DOTENV, env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore")

    bot_token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    bot_api_url: Annotated[str, AfterValidator(_address)] = TELEGRAM
    database_url: Annotated[str, AfterValidator(_engine)] = "sqlite+aiosqlite:///var/kenes.db"
    kenes_profile: Annotated[Path | None, AfterValidator(_file)] = None
    kenes_clock: str | None = None
    webhook_url: Annotated[str, AfterValidator(_webhook)] | None = None
    webhook_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    webhook_listen: str = "127.0.0.1"
    webhook_port: Annotated[int, Field(ge=1, le=65535)] = 8080
    kenes_metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None  # /healthz and /metrics, for this machine
    kenes_backup_hours: Annotated[float, Field(gt=0)] | None = None  # without a backup for so long, administrators hear
    kenes_import_hours: Annotated[float, Field(gt=0)] | None = None  # the same of files of the university's systems
    kenes_import_dir: Annotated[Path | None, AfterValidator(_folder)] = None  # what is put there is loaded
    kenes_documents: Path | None = None  # where the documents of requests are kept; None: beside the database
    kenes_updates_a_minute: Annotated[float, Field(gt=0)] = 60  # of one person; more is not handled; inf: all is
    kenes_messages_a_second: Annotated[float, Field(gt=0)] = 29  # Telegram's own limit: 30; inf where there is none

    @property
    def speaks_to_telegram(self) -> bool:
        """Whether the Bot API server is Telegram's own."""
        host = urlsplit(self.bot_api_url).hostname or ""
        return host == "telegram.org" or host.endswith(".telegram.org")

    @property
    def records_file(self) -> Path | None:
        """The database, when it is a file on this machine."""
        engine, _, path = self.database_url.partition(":///")
        return Path(path.partition("?")[0]) if engine.startswith("sqlite") else None

    @property
    def records_folder(self) -> Path | None:
        """Where the database is, when it is a file on this machine."""
        return None if self.records_file is None else self.records_file.parent

    @property
    def documents_folder(self) -> Path:
        """Where the documents of requests are kept."""
        return self.kenes_documents or (self.records_folder or Path("var")) / "documents"

    @property
    def token(self) -> str:
        """The bot's token; raises SettingsError when none is set."""
        if self.bot_token is None:
            raise SettingsError("BOT_TOKEN is missing; allowed: the token BotFather gave, in the environment or .env")
        return self.bot_token.get_secret_value()


def load_settings() -> Settings:
    """Read and check the environment; raises SettingsError naming every setting that is wrong or misspelt."""
    dotenv = DotEnvSettingsSource(Settings, env_ignore_empty=False).env_vars
    wrong = [*_misspelt(os.environ, dotenv)]
    try:
        settings = Settings()
    except ValidationError as error:
        wrong += [_complaint(problem["loc"], problem["input"], problem["msg"]) for problem in error.errors()]
    if wrong:
        raise SettingsError("\n".join(wrong))
    if settings.kenes_clock and settings.speaks_to_telegram:
        raise SettingsError(
            "KENES_CLOCK is for the sandbox and tests: it is refused while BOT_API_URL is Telegram's own"
        )
    if settings.webhook_url and settings.webhook_secret is None:
        raise SettingsError("WEBHOOK_SECRET is missing; allowed: 16 to 256 of A-Z a-z 0-9 _ -")
    if settings.webhook_url and settings.speaks_to_telegram and not settings.webhook_url.startswith("https://"):
        raise SettingsError(f"WEBHOOK_URL={settings.webhook_url}: Telegram calls https addresses only")
    return settings


def _misspelt(environment: Mapping[str, str], dotenv: Mapping[str, str | None]) -> Iterator[str]:
    """Name the settings there are none of: ours, and in `.env`, which is ours, what looks like one."""
    known = [name.upper() for name in Settings.model_fields]
    in_file = {name.upper() for name in dotenv}
    for name in dict.fromkeys([*(name.upper() for name in environment), *in_file]):
        if name in known or name.startswith(NOT_READ_HERE):
            continue
        if name.startswith(OURS) or name in in_file:
            alike = get_close_matches(name, known, n=1, cutoff=0 if name.startswith(OURS) else ALIKE)
            if alike:
                yield f"{name} is no setting. Did you mean {alike[0]}?"


def _complaint(location: tuple[int | str, ...], given: object, text: str) -> str:
    name = str(location[0]).upper()
    value = "***" if name in {"BOT_TOKEN", "DATABASE_URL", "WEBHOOK_SECRET"} else given
    return f"{name}={value}: {text.removeprefix('Value error, ')}"
