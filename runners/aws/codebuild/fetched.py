"""The artifacts of a build, fetched from S3 into the workspace of its run. Strangers made them: nothing is believed."""

import asyncio
import io
import re
import shutil
import stat
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from runners.aws.session import Account
from runners.contract import ActionFailed
from storage.model.worded import worded

ERRORS = {"bad_artifacts": "the artifacts of the build are not there, too large, or not what they should be"}
_LARGEST = 256_000_000
_MOST_FILES = 10_000
_IDENTIFIER = re.compile(r"\w{1,128}", re.ASCII)
_ARN = ":s3:::"
_NOT_A_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError, FileExistsError, NotADirectoryError, IsADirectoryError)


async def fetch(account: Account, location: str, into: Path) -> int:
    """Put the files of an artifact (its ARN) into a folder, in place of what was there; gives how many they are."""
    bucket, _, key = location.partition(_ARN)[2].partition("/")
    sizes = await _listed(account, bucket, key)
    if not sizes:
        raise _bad(worded("there is nothing at {location}", location=location))
    if sum(sizes.values()) > _LARGEST or len(sizes) > _MOST_FILES:
        raise _too_large(location)
    fresh = into.with_name(f".{into.name}-{uuid.uuid4().hex[:8]}")
    count, left = 0, _LARGEST
    try:
        await asyncio.to_thread(fresh.mkdir, parents=True)
        for name in sizes:
            content = await account.download("s3", "get_object", "Body", left + 1, Bucket=bucket, Key=name)
            left -= len(content)
            if left < 0:  # it has grown since it was listed
                raise _too_large(location)
            count += await asyncio.to_thread(_put, fresh, name, name.removeprefix(key).strip("/"), content)
        await asyncio.to_thread(_replace, into, fresh)
    finally:
        await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
    return count


def folder(identifier: str) -> str:
    """Give the name of the folder for a secondary artifact: CodeBuild allows letters, digits and `_`."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise _bad(worded("{name} is no path inside the artifacts", name=f"{identifier[:200]!r}"))
    return identifier


def _put(root: Path, name: str, below: str, content: bytes) -> int:
    """Put the files of an object into a folder; gives how many.

    `below`: its place in the folder that the artifact is, where a ZIP is a file like others; empty: it is the artifact.
    """
    count = 0
    try:
        for path, part in [(below, content)] if below else _parts(name, content):
            _write(root, path, part)
            count += 1
    except _NOT_A_ZIP as error:
        raise _bad(worded("{location} cannot be unpacked: {error}", location=name, error=str(error)[:200])) from error
    return count


def _replace(into: Path, fresh: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    fresh.rename(into)


async def _listed(account: Account, bucket: str, key: str) -> dict[str, int]:
    """Give the objects of an artifact with their sizes: its own, when it is packed, or all in its folder."""
    sizes: dict[str, int] = {}
    async for page in account.pages("s3", "list_objects_v2", Bucket=bucket, Prefix=key):
        sizes |= {each["Key"]: each["Size"] for each in page.get("Contents", [])}
        if len(sizes) > _MOST_FILES:
            break
    return {key: sizes[key]} if key in sizes else {k: n for k, n in sizes.items() if k.startswith(f"{key}/")}


def _parts(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the files of what is the whole artifact: those in it, when it is a ZIP."""
    opened = io.BytesIO(content)
    if not zipfile.is_zipfile(opened):
        yield PurePosixPath(name).name, content
        return
    with zipfile.ZipFile(opened) as packed:
        files = [each for each in packed.infolist() if not each.is_dir()]
        if sum(each.file_size for each in files) > _LARGEST or len(files) > _MOST_FILES:
            raise _too_large(name)
        for each in files:
            if not stat.S_ISLNK(each.external_attr >> 16):
                yield each.filename, packed.read(each)


def _write(root: Path, name: str, content: bytes) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise _bad(worded("{name} is no path inside the artifacts", name=f"{name[:200]!r}"))
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def _too_large(location: str) -> ActionFailed:
    return _bad(worded("{location} is too large to be fetched", location=location))


def _bad(reason: str) -> ActionFailed:
    return ActionFailed(
        reason,
        hint=worded("see artifacts in the buildspec and in the project, or leave out the option fetch"),
        error="bad_artifacts",
    )
