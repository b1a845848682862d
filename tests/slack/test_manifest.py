"""The manifests that people paste into Slack are the ones that the code makes."""

import json
from pathlib import Path

import pytest

from bot.slack.manifest import EVENTS, SCOPES, Mode, manifest

FOLDER = Path(__file__).parents[2] / "docs" / "manifests"


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_the_committed_manifest_is_up_to_date(mode: Mode) -> None:
    committed = json.loads((FOLDER / f"{mode}.json").read_text(encoding="utf-8"))
    assert committed == manifest(mode), f"write it anew: estiva manifest {mode} > docs/manifests/{mode}.json"


def test_nothing_is_asked_for_that_is_not_needed() -> None:
    assert not {scope for scope in SCOPES if scope.startswith(("channels:", "groups:", "admin", "users:read.email"))}
    assert EVENTS == ("app_home_opened", "app_mention", "message.im")


def test_http_mode_names_one_address_everywhere() -> None:
    made = json.dumps(manifest("http", "https://ci.example.org/"))
    assert made.count("https://ci.example.org/slack/events") == 3
    assert "request_url" not in json.dumps(manifest("socket"))
