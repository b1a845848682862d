"""Templates of a commit, as CloudFormation takes them: in the call itself, or those too large for it from S3."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from runners.aws.errors import AwsRefused
from runners.aws.infra.stack import Declared, unreadable
from runners.aws.session import Account
from runners.contract import ActionFailed, Sink, Work
from runners.crash import crash_here
from storage.model import artifact
from storage.model.catalog import Json
from storage.model.worded import worded

ERRORS = {
    "no_source": "no earlier stage has fetched the source that the template is in",
    "no_bucket": "the template is too large for a call, and no bucket is named for it, or one that is not there",
    "template_differs": "the object in the bucket that should hold the template holds something else",
}
PREFIX = "estiva-templates/"
"""What the names of the objects begin with."""
_IN_A_CALL, _IN_S3 = 51_200, 1_000_000
"""Bytes that AWS takes."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


def bucket(value: Json) -> str | None:
    """The name of a bucket of S3."""
    right = isinstance(value, str) and _BUCKET.fullmatch(value)
    return None if right else "the name of a bucket: small letters, digits, `-` and `.`"


def read(declared: Declared, work: Work, bucket_: str) -> str:
    """Read a template from the commit; touches nothing. Raises `ActionFailed`, also when it is too large."""
    source = work.artifacts.get(artifact.SOURCE)
    if not source:
        raise ActionFailed(
            worded("there is no source to take {template} from", template=declared.template),
            hint=worded("fetch it in an earlier stage, with an action that uses git"),
            error="no_source",
        )
    try:
        path = (Path(source) / declared.template).resolve()
        if not path.is_relative_to(Path(source).resolve()):
            raise unreadable(declared, worded("it leads out of the source"))
        text = path.read_text()
    except (OSError, UnicodeDecodeError, RuntimeError) as error:  # also a link to itself
        raise unreadable(declared, type(error).__name__) from error
    _check_size(declared, len(text.encode()), bucket_)
    return text


async def body(account: Account, declared: Declared, text: str, bucket_: str, sink: Sink) -> Mapping[str, str]:
    """Give a template as CloudFormation takes it; a large one is put into the bucket first, once for its content."""
    content = text.encode()
    if len(content) <= _IN_A_CALL:
        return {"TemplateBody": text}
    key = f"{PREFIX}{hashlib.sha256(content).hexdigest()}"
    crash_here("stack.upload.before")
    try:
        await account.call(
            "s3",
            "put_object",
            Bucket=bucket_,
            Key=key,
            Body=content,
            ExpectedBucketOwner=account.place.account,
            IfNoneMatch="*",
        )
        sink.line(f"{declared.template} is in S3 now, as {key} in {bucket_}")
    except AwsRefused as refused:
        if refused.code == "NoSuchBucket":
            raise _no_bucket(declared, worded("there is no bucket {bucket}", bucket=bucket_)) from refused
        if refused.code != "PreconditionFailed":  # which says that it is there already
            raise
        await _compare(account, declared, content, bucket_, key)
    crash_here("stack.upload.after")
    return {"TemplateURL": f"{await account.endpoint('s3')}/{bucket_}/{key}"}


async def _compare(account: Account, declared: Declared, content: bytes, bucket_: str, key: str) -> None:
    """Raise unless what is there is the template: others may write into the bucket too."""
    owner = account.place.account
    there = await account.download(
        "s3", "get_object", "Body", len(content) + 1, Bucket=bucket_, Key=key, ExpectedBucketOwner=owner
    )
    if there != content:
        raise ActionFailed(
            worded(
                "{key} in {bucket} is not {template} of this commit",
                key=key,
                bucket=bucket_,
                template=declared.template,
            ),
            hint=worded("see who writes into the bucket, and remove the object; nothing was changed"),
            error="template_differs",
        )


def _check_size(declared: Declared, size: int, bucket_: str) -> None:
    if size > _IN_S3:
        raise unreadable(declared, worded("it has more than {most} bytes, and AWS takes no more", most=_IN_S3))
    if size > _IN_A_CALL and not bucket_:
        raise _no_bucket(
            declared, worded("it has more than {most} bytes, which AWS takes only from S3", most=_IN_A_CALL)
        )


def _no_bucket(declared: Declared, why: str) -> ActionFailed:
    return ActionFailed(
        worded("{template}, the template of {stack}: {why}", template=declared.template, stack=declared.name, why=why),
        hint=worded("name a bucket of the account as `bucket` beside `stacks` in the catalog; nothing was changed"),
        error="no_bucket",
    )
