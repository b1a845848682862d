"""The double of AWS itself: it refuses what AWS's own models do not allow, also where the SDK leaves that to AWS."""

from typing import Any

import aiohttp
import pytest
from botocore.model import Shape

from runners.aws.session import Account
from runners.contract import ActionFailed
from tests.doubles.aws import letters
from tests.doubles.aws.objects import Objects
from tests.doubles.aws.server import REGION, Server
from tests.doubles.aws.wire import model_of

ROLE = "arn:aws:iam::111122223333:role/estiva"
QUEUE = "http://127.0.0.1:1/111122223333/estiva"


@pytest.mark.parametrize(
    ("service", "operation", "given", "said"),
    [
        (
            "ecr",
            "put_image_tag_mutability",
            {"repositoryName": "hello", "imageTagMutability": "SOMETIMES"},
            ".imageTagMutability is 'SOMETIMES', which is none of",
        ),
        ("ecr", "describe_repositories", {"repositoryNames": ["Hello World"]}, ".repositoryNames is 'Hello World'"),
        ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "x" * 65}, ".RoleSessionName is 65 long"),
        (
            "sts",
            "assume_role",
            {"RoleArn": ROLE, "RoleSessionName": "a b"},
            ".RoleSessionName is 'a b', which does not",
        ),
        (
            "sts",
            "assume_role",
            {"RoleArn": ROLE, "RoleSessionName": "hello-1", "DurationSeconds": 50_000},
            ".DurationSeconds is 50000 long, or large, and 43200",
        ),
        (
            "sts",
            "assume_role",
            {"RoleArn": ROLE, "RoleSessionName": "hello-1", "Tags": [{"Key": "a\u0007b", "Value": "x"}]},
            ".Tags.Key is 'a\\x07b', which does not match",
        ),
        ("sqs", "set_queue_attributes", {"QueueUrl": QUEUE, "Attributes": {"Speed": "1"}}, "(a key) is 'Speed'"),
        ("codebuild", "batch_get_builds", {"ids": ["x:1"] * 101}, ".ids is 101 long"),
        ("s3", "list_objects_v2", {"Bucket": "kept", "EncodingType": "none"}, ".EncodingType is 'none'"),
        ("s3", "get_object", {"Bucket": "kept", "Key": "k" * 1_025}, "KeyTooLongError"),
        ("s3", "put_object", {"Bucket": "kept", "Key": "k", "Body": b"x", "StorageClass": "COLD"}, "is 'COLD'"),
    ],
)
async def test_what_the_models_do_not_allow_is_refused(
    account: Account, server: Server, service: str, operation: str, given: dict[str, Any], said: str
) -> None:
    Objects(server).kept["kept"] = {}
    with pytest.raises(ActionFailed) as failed:
        await account.call(service, operation, **given)
    assert said in failed.value.reason


@pytest.mark.parametrize(
    ("service", "shape", "value"),
    [("ecs", "TagKey", "équipe: web/1"), ("ssm", "DisplayName", "ação"), ("logs", "ResourceType", "a-b_c")],
)
def test_patterns_are_read_as_aws_means_them(service: str, shape: str, value: str) -> None:
    assert list(letters.wrong_in(_shape(service, shape), value)) == []
    assert list(letters.wrong_in(_shape(service, shape), "a\u0007")) != []


async def test_a_request_of_s3_has_nothing_that_the_model_does_not_know(server: Server) -> None:
    Objects(server).kept["kept"] = {"k": b"x"}
    signed = f"AWS4-HMAC-SHA256 Credential=AKIAESTIVA0000000001/20261127/{REGION}/s3/aws4_request"
    async with aiohttp.ClientSession(headers={"Authorization": signed}) as session:
        for query, headers, status in [
            ("", {}, 200),
            ("?versionId=1", {}, 200),
            ("?versionid=1", {}, 400),
            ("", {"x-amz-expected-bucket-ower": "1"}, 400),
            ("", {"x-amz-expected-bucket-owner": "999999999999"}, 403),
        ]:
            async with session.get(f"{server.url}/kept/k{query}", headers=headers) as answer:
                assert answer.status == status, (query, headers)


def _shape(service: str, name: str) -> Shape:
    return model_of(service).shape_for(name)
