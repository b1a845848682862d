"""AWS over HTTP: reads requests and writes answers as the SDK's own models say, and refuses whatever they do not allow.

A request or an answer that does not fit its model is a fault of whoever made it: the first is answered with AWS's own
SerializationException, the second fails the test that asked (HTTP 500, `InvalidDouble`).
"""

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.session
from aiohttp import web
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from tests.doubles.aws import letters

SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_TARGETS = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "Logs_20140328": "logs",
    "secretsmanager": "secretsmanager",
    "AmazonSSM": "ssm",
    "AmazonSQS": "sqs",
    "CodeBuild_20161006": "codebuild",
    "CodePipeline_20150709": "codepipeline",
}


class Refusal(Exception):  # noqa: N818 - what AWS says
    """AWS says no."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request, understood."""

    key: str
    token: str
    region: str
    service: str
    operation: str
    given: dict[str, Any]


@cache
def model_of(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


async def read(request: web.Request) -> tuple[Asked, OperationModel]:
    """Understand a request. Raises `Refusal` for what does not fit the model."""
    scope = SCOPE.search(request.headers.get("Authorization", ""))
    if scope is None:
        raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    target = request.headers.get("X-Amz-Target")
    body = await request.text()
    if target:
        prefix, _, name = target.partition(".")
        service, given = _TARGETS[prefix], json.loads(body or "{}")
        operation = model_of(service).operation_model(name)
    else:
        form = dict(parse_qsl(body, keep_blank_values=True))
        service = scope["service"]
        operation = model_of(service).operation_model(form["Action"])
        given = _parsed(operation.input_shape, form, "", ec2=service == "ec2") or {}
    if operation.input_shape is not None:
        report = ParamValidator().validate(_with_times(operation.input_shape, given), operation.input_shape)
        if report.has_errors():
            raise Refusal("SerializationException", report.generate_report())
        if wrong := list(letters.wrong_in(operation.input_shape, given)):
            raise Refusal("ValidationException", "; ".join(wrong))
    asked = Asked(
        key=scope["key"],
        token=request.headers.get("X-Amz-Security-Token", ""),
        region=scope["region"],
        service=service,
        operation=operation.name,
        given=given,
    )
    return asked, operation


def answer(operation: OperationModel, made: Mapping[str, Any]) -> web.Response:
    """Write an answer; one that does not fit the model is our fault."""
    shape, protocol = operation.output_shape, operation.service_model.resolved_protocol
    if shape is not None:
        report = ParamValidator().validate(dict(made), shape)
        if report.has_errors():
            raise AssertionError(f"the double's answer to {operation.name}: {report.generate_report()}")
        wrong = list(letters.wrong_in(shape, made))
        assert not wrong, f"the double's answer to {operation.name}: {wrong}"
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    if protocol == "json":
        return web.Response(
            text=json.dumps(made, default=_plain), content_type="application/x-amz-json-1.1", headers=headers
        )
    inside = _xml_members(shape, made, ec2=protocol == "ec2") if isinstance(shape, StructureShape) else ""
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    wrapped = f"<{wrapper}>{inside}</{wrapper}>" if wrapper else inside
    text = f"<{operation.name}Response>{wrapped}</{operation.name}Response>"
    return web.Response(text=text, content_type="text/xml", headers=headers)


def refusal(service: str, error: Refusal) -> web.Response:
    """Write an error as the service's protocol has it."""
    if model_of(service).resolved_protocol == "json":
        body = json.dumps({"__type": error.code, "message": str(error)})
        return web.Response(text=body, status=error.status, content_type="application/x-amz-json-1.1")
    if service == "s3":
        text = f"<Error><Code>{error.code}</Code><Message>{escape(str(error))}</Message></Error>"
        return web.Response(text=text, status=error.status, content_type="application/xml")
    inside = f"<Error><Type>Sender</Type><Code>{error.code}</Code><Message>{escape(str(error))}</Message></Error>"
    if service == "ec2":
        text = f"<Response><Errors>{inside}</Errors><RequestID>x</RequestID></Response>"
    else:
        text = f"<ErrorResponse>{inside}<RequestId>x</RequestId></ErrorResponse>"
    return web.Response(text=text, status=error.status, content_type="text/xml")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    return base64.b64encode(value).decode()


def _with_times(shape: Shape, value: Any) -> Any:
    """Give the value with numbers turned into times where the model has times."""
    if shape.type_name == "timestamp" and isinstance(value, int | float):
        return datetime.fromtimestamp(value).astimezone()
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {k: _with_times(shape.members[k], v) if k in shape.members else v for k, v in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_with_times(shape.member, each) for each in value]
    return value


def _parsed(shape: Shape | None, form: Mapping[str, str], prefix: str, *, ec2: bool) -> Any:
    if isinstance(shape, StructureShape):
        found = {}
        for name, member in shape.members.items():
            key = _query_name(name, member, ec2=ec2)
            value = _parsed(member, form, f"{prefix}.{key}" if prefix else key, ec2=ec2)
            if value is not None:
                found[name] = value
        return found or None
    if isinstance(shape, ListShape):
        items, number = [], 1
        start = prefix if ec2 or shape.serialization.get("flattened") else f"{prefix}.member"
        while (value := _parsed(shape.member, form, f"{start}.{number}", ec2=ec2)) is not None:
            items.append(value)
            number += 1
        return items or None
    text = form.get(prefix)
    if text is None or shape is None:
        return None
    if shape.type_name == "integer":
        return int(text)
    return text == "true" if shape.type_name == "boolean" else text


def _query_name(name: str, member: Shape, *, ec2: bool) -> str:
    known = member.serialization.get("name", name)
    if not ec2:
        return str(known)
    return str(member.serialization.get("queryName") or known[0].upper() + known[1:])


def _xml_members(shape: StructureShape, value: Mapping[str, Any], *, ec2: bool) -> str:
    return "".join(
        _xml(shape.members[name].serialization.get("name", name), shape.members[name], each, ec2=ec2)
        for name, each in value.items()
    )


def _xml(name: str, shape: Shape, value: Any, *, ec2: bool) -> str:
    if isinstance(shape, StructureShape):
        inside = _xml_members(shape, value, ec2=ec2)
    elif isinstance(shape, ListShape):
        item = shape.member.serialization.get("name", "item" if ec2 else "member")
        inside = "".join(_xml(item, shape.member, each, ec2=ec2) for each in value)
    elif isinstance(value, bool):
        inside = str(value).lower()
    else:
        inside = value.isoformat() if isinstance(value, datetime) else escape(str(value))
    return f"<{name}>{inside}</{name}>"
