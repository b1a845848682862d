"""Says things in Slack so that nothing is said twice: every message has a key, and the key is remembered.

Between "Slack took it" and "we wrote that down" the process may die. The repeat then carries the same `client_msg_id`,
made from the key, so that it can be known as the same message. (The local workspace does so; Slack does not document
what it does, and without the right to read channels there is no asking.)
"""

import asyncio
import hashlib
import io
import json
import logging
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import Block
from bot.slack.cards.shown import Desired
from bot.slack.client import error_of
from bot.slack.marks import Say
from bot.slack.plainly import barely, plainly
from runners.crash import crash_here
from storage.posts import Post
from storage.store import Store
from storage.tenures import Tenure

log = logging.getLogger(__name__)

NAMESPACE = uuid.UUID("6f2ad5c0-4d0e-5f0e-9d0a-6573746976a1")
_BAD_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
_NO_ENTRY = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_read_only_channel"}
)
_NOTING = 5.0
_STAMP = re.compile(r"[0-9a-f]{12}\.\d+")
_TRANSIENT = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
    | {"team_added_to_org", "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
)
"""Refusals that end when time passes or the operator acts: nothing said meanwhile may be lost."""


class UnavailableError(Exception):
    """Slack cannot be reached or refuses for now; the same thing can be said again later."""


class RefusedError(Exception):
    """Slack refuses this message for good."""


def digest_of(message: Desired) -> str:
    """Tell two versions of a message apart."""
    shown = [message.blocks, message.text, dict(message.payload)]
    return hashlib.sha256(json.dumps(shown, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class Speaker:
    """Posts, edits, whispers, uploads."""

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        store: Store,
        say: Say,
        tenure: Tenure | None = None,
    ) -> None:
        """`session` is the one that file contents are sent with.

        Everything raises `Superseded`, and says nothing, once `tenure` is over; without one only `whisper` makes sense.
        """
        self._client = client
        self._session = session
        self._store = store
        self._say = say
        self._tenure = tenure

    async def deliver(self, message: Desired) -> None:
        """Make Slack show this version of the message. Raises `UnavailableError` when it cannot be done now."""
        post = await self._store.posts.get(message.key)
        digest = digest_of(message)
        if (post is None and message.late) or (post is not None and post.digest == digest):
            return
        try:
            await self._show(message, post, digest)
        except BaseException as problem:
            if post is not None and not isinstance(problem, RefusedError):
                await self._doubt(message)
            raise

    async def _show(self, message: Desired, post: Post | None, digest: str) -> None:
        crash_here("post.before")
        try:
            channel, ts = await (
                self._update(message, digest, post.channel, post.ts) if post else self._post(message, digest)
            )
        except RefusedError as problem:
            log.error("message %s cannot be shown in %s: %s", message.key, message.channel, problem)  # noqa: TRY400
            # written down all the same: a message that Slack will never take must not be tried every second
            channel, ts = (post.channel, post.ts) if post else (message.channel, "")
        crash_here("post.after")
        await self._store.posts.put(message.key, channel, ts, digest, self._tenure)

    async def _doubt(self, message: Desired) -> None:
        """Note that an edit was sent and nobody knows when it takes effect.

        If it is our turn no more, it may do so after a newer one: then whoever's turn it is edits again.
        """
        noting = self._store.posts.doubt(message.key, str(message.payload.get("run", "")))
        try:
            async with asyncio.timeout(_NOTING):
                await asyncio.shield(noting)
        except Exception as problem:  # noqa: BLE001 - what led here weighs more
            log.warning("what %s shows now is not certain, and could not be noted: %s", message.key, problem)

    async def whisper(
        self, *, channel: str, user: str, blocks: Sequence[Block], text: str, thread: str | None = None
    ) -> None:
        """Say something that one person sees; in a direct message when that is not possible there."""
        try:
            await self._call(
                "chat.postEphemeral",
                {"channel": channel, "user": user, "blocks": list(blocks), "text": text, "thread_ts": thread},
            )
        except RefusedError as problem:
            log.info("no ephemeral message in %s (%s): sent directly", channel, problem)
            await self._call("chat.postMessage", {"channel": user, "blocks": list(blocks), "text": text})

    async def upload(self, key: str, *, channel: str, thread: str | None, name: str, text: str) -> None:
        """Share a text file once per key. Raises `UnavailableError` when it cannot be done now."""
        post = await self._store.posts.get(key)
        if post is not None and post.digest == "uploaded":
            return
        file = post.ts if post else await self._send_file(name, text)
        # noted before it is shared: after a crash the very same file is shared again, which changes nothing
        await self._store.posts.put(key, channel, file, "uploading", self._tenure)
        try:
            await self._call(
                "files.completeUploadExternal",
                {"files": [{"id": file, "title": name}], "channel_id": channel, "thread_ts": thread},
            )
        except RefusedError as problem:
            log.warning("file %s of %s was not shared: %s", name, key, problem)
        await self._store.posts.put(key, channel, file, "uploaded", self._tenure)

    async def _send_file(self, name: str, text: str) -> str:
        content = text.encode()
        ticket = await self._call("files.getUploadURLExternal", {"filename": name, "length": len(content)})
        try:
            async with self._session.post(ticket["upload_url"], data=io.BytesIO(content)) as answer:
                if not answer.ok:
                    raise UnavailableError(f"file {name} was answered {answer.status}; it will be sent again")
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise UnavailableError(f"file {name} could not be sent: {problem}") from problem
        return str(ticket["file_id"])

    async def _post(self, message: Desired, digest: str) -> tuple[str, str]:
        channel, thread = await self._place(message)
        shown = await self._belated(message) if message.belated else message
        arguments = {
            "channel": channel,
            "thread_ts": thread,
            "reply_broadcast": True if message.broadcast and thread else None,
            "client_msg_id": str(uuid.uuid5(NAMESPACE, message.key)),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            return await self._posted(arguments, shown, digest)
        except RefusedError as problem:
            if message.instead is None or str(problem) not in _NO_ENTRY:
                raise
            log.warning(
                "cannot write in %s (%s): invite the bot there; %s gets it directly", channel, problem, message.instead
            )
            arguments |= {"channel": message.instead, "thread_ts": None, "reply_broadcast": None}
            return await self._posted(arguments, shown, digest)

    async def _belated(self, message: Desired) -> Desired:
        """Have a message say that it comes late, when what belongs after it stands there already."""
        overtaken = [await self._store.posts.get(key) for key in sorted(message.before)]
        if message.belated is None or not any(post and post.ts for post in overtaken):
            return message
        return replace(message, blocks=(*message.blocks, message.belated))

    async def _posted(self, arguments: Mapping[str, Any], message: Desired, digest: str) -> tuple[str, str]:
        """Post; when it stands there already, as an earlier version, edit that."""
        answer = await self._drawn("chat.postMessage", arguments, message, digest)
        channel, ts = str(answer["channel"]), str(answer["ts"])
        if _shows(answer, digest):
            return channel, ts
        return await self._update(message, digest, channel, ts)

    async def _place(self, message: Desired) -> tuple[str, str | None]:
        """Find where the message goes: beside its parent when it has one."""
        parent = await self._store.posts.get(message.thread_of) if message.thread_of else None
        if parent is not None and parent.ts:
            return parent.channel, parent.ts
        return message.channel, message.thread

    async def _update(self, message: Desired, digest: str, channel: str, ts: str) -> tuple[str, str]:
        if not ts:
            raise RefusedError("it never stood there")
        answer = await self._drawn("chat.update", {"channel": channel, "ts": ts}, message, digest)
        return str(answer["channel"]), str(answer["ts"])

    async def _drawn(
        self, method: str, arguments: Mapping[str, Any], message: Desired, digest: str
    ) -> Mapping[str, Any]:
        """Try the renderings from the richest to the barest; only a fault of the blocks leads to the next."""
        metadata = {"event_type": message.event, "event_payload": dict(message.payload)}
        common = {**arguments, "text": message.text, "metadata": metadata}
        for drawn in (list(message.blocks), plainly(message.blocks, self._say), barely(message.text)):
            try:
                answer = await self._call(method, {**common, "blocks": _stamped(drawn, digest)})
            except RefusedError as problem:
                if str(problem) not in _BAD_BLOCKS:
                    raise
                log.error("Slack does not draw %s (%s): drawn more plainly", message.key, problem)  # noqa: TRY400
            else:
                return answer
        raise RefusedError("invalid_blocks, however plainly drawn")

    async def _call(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._tenure is not None:
            await self._store.tenures.check(self._tenure)
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = (
                await self._client.api_call(method, json=given)
                if method.startswith("chat.")
                else (await self._client.api_call(method, params=_flat(given)))
            )
        except SlackApiError as problem:
            word = error_of(problem)
            if word in _TRANSIENT or word.startswith("http_"):
                raise UnavailableError(f"{method}: {word}") from problem
            raise RefusedError(word) from problem
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise UnavailableError(f"{method}: {type(problem).__name__} {problem}") from problem
        return answer.data if isinstance(answer.data, dict) else {}


def _flat(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()}


def _shows(answer: Mapping[str, Any], digest: str) -> bool:
    """Tell whether what stands there is this version, as far as its blocks say."""
    blocks = (answer.get("message") or {}).get("blocks") or ()
    stamps = [str(block["block_id"]) for block in blocks if _STAMP.fullmatch(str(block.get("block_id", "")))]
    return not stamps or any(stamp.startswith(digest[:12]) for stamp in stamps)


def _stamped(blocks: Sequence[Block], digest: str) -> list[Block]:
    """Give blocks new ids with every version, so that Slack redraws them and an old copy's click shows."""
    return [
        {**block, "block_id": block.get("block_id", f"{digest[:12]}.{place}")} for place, block in enumerate(blocks)
    ]
