"""Entering an account: as the right one, in the right one, and with a word that helps when it cannot be."""

from dataclasses import replace
from datetime import timedelta

import botocore.session
import pytest

from runners.aws.session import Clouds, Visitor
from runners.contract import ActionFailed
from storage.model.cloud import SERVICES, Aws
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.objects import Objects
from tests.doubles.aws.server import ACCOUNT, KEY, Fault, Server
from tests.registry import free_port

VISITOR = Visitor(name="hello-12", tags={"estiva:run": "hello-12", "estiva:service": "hello"})
ROLE = f"arn:aws:iam::{ACCOUNT}:role/estiva-homolog"


async def refused(clouds: Clouds, place: Aws) -> ActionFailed:
    with pytest.raises(ActionFailed) as failed:
        await clouds.enter(place, VISITOR)
    return failed.value


async def test_enters_with_the_credentials_that_the_process_has(clouds: Clouds, place: Aws, server: Server) -> None:
    account = await clouds.enter(place, VISITOR)
    assert account.identity.endswith("user/estiva")
    assert await clouds.enter(place, VISITOR) is account
    assert [asked.operation for asked in server.calls] == ["GetCallerIdentity"]


async def test_assumes_the_role_as_the_run(clouds: Clouds, place: Aws, server: Server, identities: Identities) -> None:
    identities.trusted[ROLE] = "estiva-external-1"
    account = await clouds.enter(replace(place, role=ROLE, external_id="estiva-external-1"), VISITOR)
    assert account.identity == f"arn:aws:sts::{ACCOUNT}:assumed-role/estiva-homolog/hello-12"
    tags = [who.tags for who in server.keys.values() if "assumed-role" in who.arn]
    assert tags == [{"estiva:run": "hello-12", "estiva:service": "hello"}]
    again = await clouds.enter(replace(place, role=ROLE, external_id="estiva-external-1"), Visitor(name="hello-13"))
    assert again.identity.endswith("/hello-13")


async def test_a_role_that_cannot_be_assumed_is_named(clouds: Clouds, place: Aws, identities: Identities) -> None:
    identities.trusted[ROLE] = "another"
    failure = await refused(clouds, replace(place, role=ROLE))
    assert failure.error == "aws_denied"
    assert "sts:AssumeRole is denied" in failure.reason
    assert failure.hint.startswith(
        f"allow sts:AssumeRole on {ROLE} to arn:aws:iam::{ACCOUNT}:user/estiva, "
        "and let the trust policy of that role trust it"
    )


async def test_a_role_that_cannot_be_assumed_is_named_also_where_aws_does_not_say_to_whom(
    clouds: Clouds, place: Aws, server: Server
) -> None:
    server.faults = [Fault("AssumeRole", "AccessDenied", "Access denied", status=403)]
    failure = await refused(clouds, replace(place, role=ROLE))
    assert failure.hint.startswith(f"allow sts:AssumeRole on {ROLE} to the identity that Estiva runs as, and let")


async def test_what_a_role_may_not_do_is_to_be_allowed_to_the_role(
    clouds: Clouds, place: Aws, server: Server, identities: Identities
) -> None:
    identities.trusted[ROLE] = None
    account = await clouds.enter(replace(place, role=ROLE), VISITOR)
    server.denied.add("ecs:DescribeServices")
    with pytest.raises(ActionFailed) as failed:
        await account.call("ecs", "describe_services", services=["hello"])
    assert failed.value.hint.startswith(f"allow ecs:DescribeServices on * to {ROLE};")


async def test_role_credentials_renew_themselves(
    clouds: Clouds, place: Aws, server: Server, identities: Identities
) -> None:
    identities.trusted[ROLE] = None
    identities.lifetime = timedelta(minutes=1)
    account = await clouds.enter(replace(place, role=ROLE), VISITOR)
    await account.call("sts", "get_caller_identity")
    assert server.count("AssumeRole") >= 2


async def test_another_account_is_refused_before_anything_is_asked(clouds: Clouds, place: Aws, server: Server) -> None:
    failure = await refused(clouds, replace(place, account="999988887777"))
    assert failure.error == "aws_wrong_account"
    assert f"of the account {ACCOUNT}" in failure.reason
    assert "the catalog says 999988887777" in failure.reason
    assert [asked.operation for asked in server.calls] == ["GetCallerIdentity"]


@pytest.mark.parametrize("elsewhere", [{}, {"sts": "https://sts.us-est-1.amazonaws.com"}, {"ecs": ""}])
async def test_a_region_that_there_is_not_is_refused_before_anything_is_asked(
    clouds: Clouds, place: Aws, server: Server, elsewhere: dict[str, str]
) -> None:
    endpoints = {service: url or server.url for service, url in elsewhere.items()}
    failure = await refused(clouds, replace(place, region="us-est-1", endpoints=endpoints))
    assert failure.error == "aws_wrong_region"
    assert "us-est-1" in failure.reason
    assert server.calls == []


async def test_what_is_not_aws_may_have_regions_of_its_own(clouds: Clouds, place: Aws) -> None:
    account = await clouds.enter(replace(place, region="local-home-1"), VISITOR)
    assert account.identity.endswith("user/estiva")


async def test_the_sdk_knows_every_service_whose_address_may_be_said() -> None:
    assert set(SERVICES) <= set(botocore.session.get_session().get_available_services())


async def test_every_call_goes_to_the_region_of_the_catalog(
    clouds: Clouds, place: Aws, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    await clouds.enter(place, VISITOR)
    assert {asked.region for asked in server.calls} == {place.region}


async def test_no_credentials_is_told(clouds: Clouds, place: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    failure = await refused(clouds, place)
    assert failure.error == "aws_no_credentials"
    assert "docs/aws.md" in failure.hint


async def test_expired_credentials_are_told(clouds: Clouds, place: Aws, server: Server) -> None:
    server.expired.add(KEY)
    failure = await refused(clouds, place)
    assert failure.error == "aws_expired"
    assert "renew them" in failure.hint
    assert not failure.retryable


async def test_unknown_credentials_are_told(clouds: Clouds, place: Aws, server: Server) -> None:
    del server.keys[KEY]
    failure = await refused(clouds, place)
    assert failure.error == "aws_bad_credentials"


async def test_a_denied_call_names_the_permission(clouds: Clouds, place: Aws, server: Server) -> None:
    account = await clouds.enter(place, VISITOR)
    server.denied.add("ecs:DescribeServices")
    with pytest.raises(ActionFailed) as failed:
        await account.call("ecs", "describe_services", services=["hello"])
    assert failed.value.error == "aws_denied"
    assert failed.value.hint.startswith("allow ecs:DescribeServices on *")


async def test_throttling_is_waited_out_and_told_when_it_goes_on(clouds: Clouds, place: Aws, server: Server) -> None:
    server.faults = [Fault("GetCallerIdentity", "Throttling", "Rate exceeded")]
    await clouds.enter(place, VISITOR)
    assert server.count("GetCallerIdentity") == 2


async def test_no_answer_may_be_tried_again(clouds: Clouds, place: Aws) -> None:
    failure = await refused(clouds, replace(place, endpoints={"sts": f"http://127.0.0.1:{free_port()}"}))
    assert failure.error == "aws_unavailable"
    assert failure.retryable


async def test_a_download_that_breaks_off_may_be_tried_again(clouds: Clouds, place: Aws, server: Server) -> None:
    objects, content = Objects(server), b"x" * 100_000
    objects.kept["kept"], objects.torn = {"out": content}, {"out"}
    account = await clouds.enter(place, VISITOR)
    with pytest.raises(ActionFailed) as failed:
        await account.download("s3", "get_object", "Body", 200_000, Bucket="kept", Key="out")
    assert (failed.value.error, failed.value.retryable) == ("aws_unavailable", True)
    assert await account.download("s3", "get_object", "Body", 200_000, Bucket="kept", Key="out") == content
    assert await account.download("s3", "get_object", "Body", 50, Bucket="kept", Key="out") == b"x" * 50


def test_a_session_is_named_as_aws_takes_it() -> None:
    assert Visitor(name="hello-12").session_name == "hello-12"
    assert Visitor(name="a b/ç").session_name == "a-b--"
    assert len(Visitor(name="x" * 80 + "-12").session_name) == 64
    assert Visitor(name="x").session_name == "x-"
