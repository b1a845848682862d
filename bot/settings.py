"""The settings: environment variables that begin with `ESTIVA_`, each documented here and nowhere else.

`docs/settings.md` is generated from these fields.
"""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SLACK = "https://slack.com/api/"
NAMESPACE, CATALOG = "namespace", "catalog.yml"
"""Files in a data folder: what names its containers, and its catalog, when no variable does. The demo writes them."""


class Mode(StrEnum):
    """How Slack reaches the bot."""

    SOCKET = "socket"
    HTTP = "http"


class Settings(BaseSettings):
    """What an operator can set. Unset secrets are refused only by the commands that need them."""

    model_config = SettingsConfigDict(env_prefix="ESTIVA_", env_file=None, extra="ignore", frozen=True)

    data: Path = Field(Path(".estiva"), description="Folder for the database, the logs, mirrors and workspaces.")
    database_url: str | None = Field(
        None,
        description="`postgresql+psycopg://user:password@host/name`; unset: SQLite in the data folder.",
    )
    catalog: Path = Field(
        Path(CATALOG),
        description="The catalog file: what can be deployed, where, by whom. "
        "Unset, and not there: the `catalog.yml` in the data folder, if there is one (the demo's).",
    )
    namespace: str = Field(
        "estiva",
        pattern=r"^[a-z][a-z0-9-]{0,30}$",
        description="Prefix of container, network and label names: two Estivas on one engine need two. "
        "Unset: what the file `namespace` in the data folder says, if there is one (the demo makes it).",
    )
    slack_mode: Mode = Field(Mode.SOCKET, description="`socket` (no public address needed) or `http`.")
    slack_base_url: str = Field(SLACK, description="Where Slack's Web API is; the local workspace prints its own.")
    slack_bot_token: SecretStr | None = Field(None, description="Bot token, `xoxb-...`.")
    slack_app_token: SecretStr | None = Field(None, description="App token with `connections:write`, socket mode.")
    slack_signing_secret: SecretStr | None = Field(None, description="Signing secret, HTTP mode.")
    http_host: str = Field("127.0.0.1", description="Address that health, metrics and HTTP mode listen on.")
    http_port: int = Field(8910, ge=0, le=65535, description="Port of the same; 0: any free one.")
    worker_port: int = Field(
        0, ge=0, le=65535, description="Port of an `estiva worker`'s health and metrics, on the same address; 0: none."
    )
    workspace_port: int = Field(
        8900, ge=0, le=65535, description="Port of the local workspace's page; 0: any free one."
    )
    pages: bool = Field(
        False,
        description="Show each run as a page under `/runs/` of the same address, to whoever has a signed link to it.",
    )
    pages_secret: SecretStr | None = Field(
        None, min_length=16, description="What the links are signed with; the same in every process. Needed for pages."
    )
    pages_url: str | None = Field(
        None, description="Where people reach the pages, `https://estiva.example.com`; unset: the address itself."
    )
    pages_days: int = Field(30, ge=1, le=366, description="For how many days after its beginning a run's link is good.")
    work_slots: int = Field(8, ge=1, le=64, description="How many actions may run at the same time in one process.")
    language: Literal["en", "pt_BR"] = Field(
        "en",
        description="Language of what everybody in a channel reads, `en` or `pt_BR`. "
        "Who asks something alone is answered in the language of their own Slack.",
    )
    secrets_from: tuple[str, ...] = Field(
        (),
        description="Names of further environment variables whose values are masked in every log (JSON list).",
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="How much the process logs.")

    @model_validator(mode="before")
    @classmethod
    def _what_the_folder_says(cls, given: dict[str, Any]) -> dict[str, Any]:
        data, said = Path(given.get("data", ".estiva")), {}
        if (data / NAMESPACE).is_file():
            said["namespace"] = (data / NAMESPACE).read_text().strip()
        if (data / CATALOG).is_file() and not Path(CATALOG).exists():
            said["catalog"] = str(data / CATALOG)
        return {**said, **given}

    @model_validator(mode="after")
    def _base_url_ends_with_a_slash(self) -> Self:
        if not self.slack_base_url.endswith("/"):
            raise ValueError("ESTIVA_SLACK_BASE_URL must end with a slash, as https://slack.com/api/ does")
        return self

    @property
    def store_url(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'estiva.db'}"

    @property
    def lite(self) -> bool:
        """Whether the database is SQLite: one process, nothing to install."""
        return self.store_url.startswith("sqlite")

    def missing(self) -> list[str]:
        """Name the environment variables without which the bot cannot talk to Slack in the chosen mode."""
        needed = {"ESTIVA_SLACK_BOT_TOKEN": self.slack_bot_token}
        if self.slack_mode is Mode.SOCKET:
            needed["ESTIVA_SLACK_APP_TOKEN"] = self.slack_app_token
        else:
            needed["ESTIVA_SLACK_SIGNING_SECRET"] = self.slack_signing_secret
        if self.pages:
            needed["ESTIVA_PAGES_SECRET"] = self.pages_secret
        return [name for name, value in needed.items() if value is None]
