"""Signed HTTP: the same payloads, posted to the app's request URL."""

import hashlib
import hmac
import json
import secrets
import ssl
from urllib.parse import urlencode

import aiohttp

from bot.workspace.delivery import Outcome, Retry
from bot.workspace.settings import Settings
from bot.workspace.state import Workspace
from bot.workspace.wire import Json

_REDIRECTS = 2


class HttpEvents:
    """Posts payloads to the request URL, once that has proved to be the app's."""

    def __init__(self, workspace: Workspace, settings: Settings, url: str) -> None:
        self.url = url
        self.verified = False
        self._workspace = workspace
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def send(self, kind: str, payload: Json, retry: Retry, entry: Json) -> Outcome:
        """Post one payload, signed, and wait for a status of 2xx."""
        entry["url"] = self.url
        if not self.verified and not await self.verify():
            return Outcome(acked=False, reason="connection_failed")
        outcome = await self._post(*_encoded(kind, payload), retry)
        self._workspace.connected("http", int(outcome.reason != "connection_failed"))
        return outcome

    async def verify(self) -> bool:
        """Send the url_verification challenge; True when it was echoed."""
        challenge = secrets.token_hex(24)
        question = {"token": self._settings.verification_token, "challenge": challenge, "type": "url_verification"}
        outcome = await self._post(json.dumps(question).encode(), "application/json", Retry())
        echoed = outcome.payload.get("challenge", outcome.payload.get("text", ""))
        self.verified = outcome.acked and echoed == challenge
        self._workspace.connected("http", int(self.verified))
        return self.verified

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, body: bytes, content_type: str, retry: Retry) -> Outcome:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        headers = self._signed(body) | {"Content-Type": content_type}
        if retry.attempt:
            headers |= {"X-Slack-Retry-Num": str(retry.attempt), "X-Slack-Retry-Reason": retry.reason}
        timeout = aiohttp.ClientTimeout(total=self._settings.ack_seconds)
        post = self._session.post(self.url, data=body, headers=headers, timeout=timeout, max_redirects=_REDIRECTS)
        try:
            async with post as answer:
                return await _outcome(answer)
        except aiohttp.TooManyRedirects:
            return Outcome(acked=False, reason="too_many_redirects")
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Outcome(acked=False, reason="ssl_error")
        except TimeoutError:
            return Outcome(acked=False, reason="http_timeout")
        except (aiohttp.ClientConnectionError, OSError):
            return Outcome(acked=False, reason="connection_failed")
        except aiohttp.ClientError:
            return Outcome(acked=False, reason="unknown_error")

    def _signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._workspace.clock()))
        content = b"v0:" + timestamp.encode() + b":" + body
        digest = hmac.new(self._settings.signing_secret.encode(), content, hashlib.sha256).hexdigest()
        return {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": f"v0={digest}",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }


def _encoded(kind: str, payload: Json) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


async def _outcome(answer: aiohttp.ClientResponse) -> Outcome:
    text = await answer.text()
    if not answer.ok:
        final = answer.headers.get("X-Slack-No-Retry") == "1"
        return Outcome(acked=False, reason="http_error", payload={"status": answer.status}, final=final)
    try:
        content = json.loads(text) if text else {}
    except json.JSONDecodeError:
        content = text
    return Outcome(acked=True, payload=content if isinstance(content, dict) else {"text": text})
