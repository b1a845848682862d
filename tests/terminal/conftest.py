from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.main import app

Estiva = Callable[..., Result]

CATALOG = Path(__file__).resolve().parents[2] / "examples" / "demo" / "catalog.yml"


@pytest.fixture
def estiva(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estiva:
    """The `estiva` command on an empty data folder, with the demo's catalog."""
    monkeypatch.setenv("ESTIVA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ESTIVA_CATALOG", str(CATALOG))
    runner = CliRunner()

    def run(*words: str, code: int = 0) -> Result:
        result = runner.invoke(app, list(words))
        assert result.exit_code == code, result.output
        return result

    return run
