"""Requests of S3, which are like those of no other service: read by the SDK's own model, which they have to fit."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from botocore.model import OperationModel, Shape
from botocore.utils import parse_timestamp
from botocore.validate import ParamValidator

from tests.doubles.aws import letters, wire
from tests.doubles.aws.wire import Asked, Refusal

_PERMISSIONS = {"ListObjectsV2": "ListBucket"}
"""What an operation is called in policies, where that is something else."""
_OF_THE_SIGNATURE = {"x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-user-agent"}
_OF_THE_BODY = {"x-amz-trailer", "x-amz-decoded-content-length"}
_LONGEST_KEY = 1_024
"""Bytes, of which the model says nothing."""


def read(request: web.Request) -> Asked:
    """Understand a GET or a PUT. Raises `Refusal` when it is not signed, and for what does not fit the model."""
    scope = wire.SCOPE.search(request.headers.get("Authorization", ""))
    if scope is None or scope["service"] != "s3":
        raise Refusal("AccessDenied", "Access Denied", 403)
    operation = wire.model_of("s3").operation_model(_name_of(request))
    given = dict(_given(operation, request))
    report = ParamValidator().validate(given, operation.input_shape)
    wrong = [*_unknown(operation, request), *letters.wrong_in(operation.input_shape, given)]
    if report.has_errors() or wrong:
        raise Refusal("InvalidArgument", "; ".join([*wrong, report.generate_report()]))
    if len(str(given.get("Key", "")).encode()) > _LONGEST_KEY:
        raise Refusal("KeyTooLongError", "Your key is too long")
    return Asked(
        key=scope["key"],
        token=request.headers.get("X-Amz-Security-Token", ""),
        region=scope["region"],
        service="s3",
        operation=_PERMISSIONS.get(operation.name, operation.name),
        given=given,
    )


def _name_of(request: web.Request) -> str:
    if request.method == "PUT":
        return "PutObject"
    return "GetObject" if "key" in request.match_info else "ListObjectsV2"


def _given(operation: OperationModel, request: web.Request) -> Iterator[tuple[str, Any]]:
    for name, member in operation.input_shape.members.items():
        sent = member.serialization.get("name", name)
        found = {"uri": request.match_info.get(name.lower()), "querystring": request.query.get(sent)}
        text = found.get(member.serialization.get("location", ""), request.headers.get(sent))
        if text is not None:
            yield name, _value(member, text)


def _value(shape: Shape, text: str) -> Any:
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name == "boolean":
        return text == "true"
    return parse_timestamp(text) if shape.type_name == "timestamp" else text


def _unknown(operation: OperationModel, request: web.Request) -> Iterator[str]:
    """Name what was sent and the model does not know: S3 would let it pass, and do something else than was meant."""
    members = operation.input_shape.members.items()
    known = {member.serialization.get("name", name) for name, member in members}
    of_the_path = parse_qsl(operation.http["requestUri"].partition("?")[2], keep_blank_values=True)
    for name in request.query:
        if name not in known | {each for each, _ in of_the_path}:
            yield f"the query has {name}"
    fine = {name.lower() for name in known} | _OF_THE_SIGNATURE | _OF_THE_BODY
    for name in {each.lower() for each in request.headers} - fine:
        if name.startswith("x-amz-") and not name.startswith("x-amz-meta-"):
            yield f"the headers have {name}"
