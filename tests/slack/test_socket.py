"""Every way in which Socket Mode breaks mends itself (the faults that were measured against slack_sdk)."""

import asyncio
import logging
import time

import pytest

from bot.slack.connection import Slack
from tests.slack.town import Town

_REFRESHING = {"refresh": {"how": "refresh"}, "close": {"how": "close"}, "reset": {"how": "reset"}}


@pytest.mark.parametrize("fault", sorted(_REFRESHING))
async def test_a_lost_connection_comes_back(place: Town, fault: str) -> None:
    async with place.working():
        await _answered(place, "@estiva before")
        await place.control("disconnect", **_REFRESHING[fault])
        await _answered(place, "@estiva after")


async def test_a_silent_peer_is_left(place: Town) -> None:
    async with place.working() as slack:
        await _answered(place, "@estiva before")
        await place.control("switch", silent=True)
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await place.until(lambda: _is(slack, connected=False), 20)
        await place.control("switch", silent=False)
        await _answered(place, "@estiva after")
        assert time.monotonic() - began < 20


async def test_a_refused_open_is_tried_again(place: Town) -> None:
    async with place.working():
        await place.control("switch", fail_open=3)
        await place.control("disconnect", how="close")
        await _answered(place, "@estiva after")


async def test_a_spent_address_is_given_up(place: Town, caplog: pytest.LogCaptureFixture) -> None:
    """slack_sdk alone never recovers from this one: it tries the same address for ever."""
    caplog.set_level(logging.WARNING, logger="bot.slack.socket")
    async with place.working():
        await place.control("switch", refuse_tickets=1)
        await place.control("disconnect", how="close")
        await _answered(place, "@estiva after")
    assert "asking for a new one" in caplog.text


async def test_an_address_refused_at_the_very_start_is_given_up(place: Town) -> None:
    await place.control("switch", refuse_tickets=1)
    async with place.working() as slack:
        await _answered(place, "@estiva after")
        facts = await slack.facts()
    assert facts["connected"] is True
    assert float(str(facts["last_frame_age_seconds"])) < 5


async def _is(slack: Slack, *, connected: bool) -> bool:
    return (await slack.facts())["connected"] is connected


async def _answered(place: Town, text: str) -> None:
    said = await place.say(text)
    await place.until(lambda: place.bots(thread=said["ts"]), 25)
