"""A bot that speaks, in a workspace where Rui reads Portuguese and Ana English. No Docker: nobody gets that far."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.workspace.server import LocalWorkspace
from tests.registry import free_port
from tests.stories.person import Person, at_work
from tests.stories.place import ROOT, Bot, settings_for, workspace
from tests.stories.sources import make_demo_repositories


@dataclass(frozen=True)
class Office:
    """Where people talk to the bot."""

    local: LocalWorkspace
    bot: Bot

    def person(self, handle: str) -> contextlib.AbstractAsyncContextManager[Person]:
        return at_work(self.local.url, self.local.token, handle)


Open = Callable[[str], AbstractContextManager[Office]]


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_repositories(tmp_path_factory.mktemp("sources"))


@pytest.fixture
def office(repositories: Path, tmp_path: Path) -> Open:
    """`with office("pt_BR") as place`: a bot whose ESTIVA_LANGUAGE is that."""

    @contextlib.contextmanager
    def opened(language: str) -> Iterator[Office]:
        catalog = (ROOT / "examples" / "demo" / "catalog.yml").read_text()
        (tmp_path / "catalog.yml").write_text(catalog.replace("/srv/estiva/repos", str(repositories)))
        with workspace("socket") as local:
            settings = {
                **{name: value for name, value in os.environ.items() if not name.startswith("ESTIVA_")},
                **settings_for(local, "socket"),
                "ESTIVA_DATA": str(tmp_path / "data"),
                "ESTIVA_CATALOG": str(tmp_path / "catalog.yml"),
                "ESTIVA_HTTP_PORT": str(free_port()),
                "ESTIVA_LANGUAGE": language,
                "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
            }
            bot = Bot(settings, tmp_path / "bot.log")
            try:
                bot.start()
                yield Office(local, bot)
            finally:
                bot.end()

    return opened
