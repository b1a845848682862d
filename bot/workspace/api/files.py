"""files.*: the three steps of an upload, and what there is."""

import asyncio
import secrets

from bot.workspace import messages, posting
from bot.workspace.api.method import Call, method
from bot.workspace.channels import Channel
from bot.workspace.files import File
from bot.workspace.limits import TIER_3, TIER_4
from bot.workspace.wire import BOT_USER, Json, SlackError, fresh

_LARGEST = 1 << 30
_SHARED_AFTER = 0.02
"""Seconds: the message of a file comes after the answer, as in Slack."""


@method("files.getUploadURLExternal", TIER_4, "files:write")
def get_upload_url(call: Call) -> Json:
    """Step one: name and length; returns where to post the bytes."""
    name = call.needed("filename")
    length = call.number("length", 0, _LARGEST + 1) if call.text("length") else 0
    if length < 1 or length > _LARGEST:
        raise SlackError("invalid_arguments" if length < 1 else "file_too_large")
    created = int(call.workspace.clock())
    file = File(id=fresh("F"), name=name, title=name, size=length, created=created, ticket=secrets.token_hex(16))
    call.workspace.files[file.id] = file
    url = f"{call.workspace.url}/upload/{file.id}/{file.ticket}"
    return {"ok": True, "upload_url": url, "file_id": file.id}


@method("files.completeUploadExternal", TIER_4, "files:write")
def complete_upload(call: Call) -> Json:
    """Step three: title the files and share them in a channel or thread."""
    wanted = call.structure("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments")
    files = [_uploaded(call, each) for each in wanted]
    channel = _destination(call)
    for file in files:
        file.complete = True
        call.workspace.remember("file", file=file.record())
        call.workspace.stream.publish({"type": "file", "file": file.shared(call.workspace.url)})
    if channel is not None:
        _share(call, channel, files)
    return {"ok": True, "files": [file.shared(call.workspace.url) for file in files]}


@method("files.info", TIER_4, "files:read")
def info(call: Call) -> Json:
    """Describe one file."""
    return {"ok": True, "file": _known(call).shared(call.workspace.url), "comments": []}


@method("files.delete", TIER_3, "files:write")
def delete(call: Call) -> Json:
    """Delete a file."""
    file = _known(call)
    call.workspace.files.pop(file.id)
    return {"ok": True}


def _known(call: Call) -> File:
    file = call.workspace.files.get(call.needed("file", "file_not_found"))
    if file is None or not file.complete:
        raise SlackError("file_not_found")
    return file


def _uploaded(call: Call, wanted: Json) -> File:
    file = call.workspace.files.get(str(wanted.get("id", "")))
    if file is None or not file.stored:
        raise SlackError("file_not_found")
    file.title = wanted.get("title") or file.name
    return file


def _destination(call: Call) -> Channel | None:
    single = call.text("channel_id") or call.text("channels").split(",")[0]
    if not single:
        return None
    channel = call.workspace.channels.get(single)
    if channel is None:
        raise SlackError("channel_not_found")
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _share(call: Call, channel: Channel, files: list[File]) -> None:
    parts = posting.content({"text": call.text("initial_comment"), "blocks": call.arguments.get("blocks")})
    shared = [file.shared(call.workspace.url) for file in files]
    message = messages.bot_message(text=parts["text"] or "", blocks=parts["blocks"], files=shared, upload=True)
    if thread := call.text("thread_ts"):
        if thread not in channel.messages:
            raise SlackError("invalid_thread_ts")
        message["thread_ts"] = thread
    loop = asyncio.get_running_loop()
    loop.call_later(_SHARED_AFTER, posting.post, call.platform, channel, message)
