"""The artifacts of a build, fetched from S3 into the workspace of its run. Strangers made them: nothing is believed."""

import asyncio
import io
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
_ARN = ":s3:::"
_NOT_A_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError, FileExistsError, NotADirectoryError, IsADirectoryError)


async def fetch(account: Account, location: str, into: Path) -> int:
    """Put the files of an artifact (its ARN) into a folder, in place of what was there; gives how many they are."""
    bucket, _, key = location.partition(_ARN)[2].partition("/")
    sizes = await _listed(account, bucket, key)
    if not sizes:
        raise _bad(worded("there is nothing at {location}", location=location))
    if sum(sizes.values()) > _LARGEST or len(sizes) > _MOST_FILES:
        raise _bad(worded("{location} is too large to be fetched", location=location))
    fresh = into.with_name(f".{into.name}-{uuid.uuid4().hex[:8]}")
    fresh.mkdir(parents=True)
    count = 0
    try:
        for name in sizes:
            content = await account.download("s3", "get_object", "Body", _LARGEST, Bucket=bucket, Key=name)
            below = name.removeprefix(key).strip("/") or PurePosixPath(name).name
            count += await asyncio.to_thread(_unpack, fresh, below, content)
        shutil.rmtree(into, ignore_errors=True)
        fresh.rename(into)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return count


def _unpack(root: Path, name: str, content: bytes) -> int:
    count = 0
    try:
        for path, part in _parts(name, content):
            _write(root, path, part)
            count += 1
    except _NOT_A_ZIP as error:
        raise _bad(worded("{location} cannot be unpacked: {error}", location=name, error=str(error)[:200])) from error
    return count


async def _listed(account: Account, bucket: str, key: str) -> dict[str, int]:
    """Give the objects of an artifact with their sizes: one, when it was packed, or all in a folder."""
    sizes: dict[str, int] = {}
    more: dict[str, str] = {}
    while True:
        answer = await account.call("s3", "list_objects_v2", Bucket=bucket, Prefix=key, **more)
        sizes |= {each["Key"]: each["Size"] for each in answer.get("Contents", [])}
        if not answer.get("IsTruncated") or len(sizes) > _MOST_FILES:
            break
        more = {"ContinuationToken": answer["NextContinuationToken"]}
    return {key: sizes[key]} if key in sizes else {k: n for k, n in sizes.items() if k.startswith(f"{key}/")}


def _parts(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the files of an object: those in it, when it is a ZIP."""
    opened = io.BytesIO(content)
    if not zipfile.is_zipfile(opened):
        yield name, content
        return
    with zipfile.ZipFile(opened) as packed:
        files = [each for each in packed.infolist() if not each.is_dir()]
        if sum(each.file_size for each in files) > _LARGEST or len(files) > _MOST_FILES:
            raise _bad(worded("{location} is too large to be fetched", location=name))
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


def _bad(reason: str) -> ActionFailed:
    return ActionFailed(
        reason,
        hint=worded("see artifacts in the buildspec and in the project, or leave out the option fetch"),
        error="bad_artifacts",
    )
