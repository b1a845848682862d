"""The Web API client: one shared session, patient with Slack's limits, and counted."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

Counted = Callable[[str, str], None]
Hold = Callable[[float], None]

_LONGEST = 300.0
_REFUSED = 429


class RateLimited(AsyncRetryHandler):
    """Waits as long as Slack says, and tells everybody else to wait as well."""

    def __init__(self, hold: Hold) -> None:
        """`hold` is called with the seconds that nothing should be sent."""
        super().__init__(max_retry_count=3)
        self._hold = hold

    async def _can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> bool:
        return response is not None and response.status_code == _REFUSED

    async def prepare_for_next_attempt_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> None:
        """Sleep out the refusal, with a little jitter against a stampede."""
        seconds = _retry_after(response)
        self._hold(seconds)
        state.next_attempt_requested = True
        await asyncio.sleep(seconds + random.random() / 2)  # noqa: S311 - jitter, not a secret
        state.increment_current_attempt()


class CountedClient(AsyncWebClient):
    """A client that says of every call how it ended."""

    def __init__(self, *, counted: Counted, **options: Any) -> None:
        """`counted` gets the method (`chat.update`) and the result (`ok`, or Slack's word for the fault)."""
        super().__init__(**options)
        self._counted = counted

    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        """Call a method of the Web API."""
        try:
            answer = await super().api_call(api_method, **arguments)
        except SlackApiError as problem:
            self._counted(api_method, error_of(problem))
            raise
        except (aiohttp.ClientError, TimeoutError):
            self._counted(api_method, "unreachable")
            raise
        self._counted(api_method, "ok")
        return answer


def slack_client(
    token: str, *, session: aiohttp.ClientSession, base_url: str, counted: Counted, hold: Hold
) -> AsyncWebClient:
    """Make the one client of the process. `base_url` ends in `/api/`."""
    return CountedClient(
        counted=counted,
        token=token,
        base_url=base_url if base_url.endswith("/") else f"{base_url}/",
        session=session,
        timeout=15,
        retry_handlers=[
            AsyncConnectionErrorRetryHandler(),
            AsyncServerErrorRetryHandler(max_retry_count=2),
            RateLimited(hold),
        ],
    )


def error_of(problem: SlackApiError) -> str:
    """Give Slack's word for what was wrong; `http_503` when there was none."""
    response = problem.response
    if isinstance(response, dict):
        return str(response.get("error", "unknown"))
    data = getattr(response, "data", None)
    word = data.get("error") if isinstance(data, dict) else None
    return str(word) if word else f"http_{getattr(response, 'status_code', 0)}"


def _retry_after(response: HttpResponse | None) -> float:
    headers = {name.lower(): value for name, value in response.headers.items()} if response else {}
    value = headers.get("retry-after", "1")
    text = str(value[0] if isinstance(value, list) and value else value)
    return min(float(text), _LONGEST) if text.isdigit() else 1.0
