import time
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.limits import PER_CHANNEL, TIER_1, TIER_3, Limits
from bot.workspace.server import LocalWorkspace, running

DEPLOYS = "C0DEPLOYS"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_window_slides_and_says_when_to_come_back() -> None:
    clock = Clock()
    limits = Limits(clock)
    first = [limits.take("a", PER_CHANNEL) for _ in range(5)]
    clock.now += 2
    refused = limits.take("a", PER_CHANNEL)
    clock.now += 3.1

    assert first == [None] * 5
    assert refused == 3
    assert limits.take("a", PER_CHANNEL) is None
    assert limits.take("b", TIER_1) is None


async def test_slack_s_numbers_are_on_by_default() -> None:
    async with running() as local:
        slack = AsyncWebClient(token=local.bot_token, base_url=local.api_url)
        posted = await slack.chat_postMessage(channel=DEPLOYS, text="0")
        for number in range(TIER_3.calls):
            await slack.chat_update(channel=DEPLOYS, ts=posted["ts"], text=str(number))

        with pytest.raises(SlackApiError) as refusal:
            await slack.chat_update(channel=DEPLOYS, ts=posted["ts"], text="too much")

    answer: Any = refusal.value.response
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


async def test_a_channel_takes_one_message_a_second_in_short_bursts() -> None:
    async with running() as local:
        slack = AsyncWebClient(token=local.bot_token, base_url=local.api_url)
        for number in range(PER_CHANNEL.calls):
            await slack.chat_postMessage(channel=DEPLOYS, text=str(number))

        with pytest.raises(SlackApiError, match="ratelimited"):
            await slack.chat_postMessage(channel=DEPLOYS, text="too much")
        await slack.chat_postMessage(channel="C0GENERAL", text="elsewhere is fine")


async def test_the_switch_answers_429_and_the_sdk_comes_back(local: LocalWorkspace, ana: Any) -> None:
    slack = AsyncWebClient(token=local.bot_token, base_url=local.api_url)
    slack.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    await ana.control("switch", rate_limited={"auth.test": 1}, retry_after=1)
    began = time.monotonic()

    await slack.auth_test()

    assert time.monotonic() - began >= 1
    assert [entry["status"] for entry in await ana.log(method="auth.test")] == [429, 200]
