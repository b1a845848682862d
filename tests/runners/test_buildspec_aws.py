"""What a build of the kind `buildspec` has of AWS: parameters, region and account, and a role that it works as."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runners.aws.session import Clouds
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed
from storage.model.catalog import Environment, Json
from storage.model.cloud import Aws
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.server import ACCOUNT, KEY, REGION, SECRET, Server, serving
from tests.doubles.aws.values import Kept
from tests.registry import Registry
from tests.runners.bench import Bench, Notes
from tests.runners.building import build, left_running, phases

pytestmark = pytest.mark.docker


async def test_a_parameter_is_read_only_where_the_catalog_allows_it(
    bench: Bench, notes: Notes, registry: Registry
) -> None:
    spec = "env: {parameter-store: {P: /hello/password}}\n" + phases(build="{commands: ['echo $P']}")
    with serving(Server()) as server:
        Kept(server).parameters["/hello/password"] = "pa55word-one"
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION}
        environ = {**registry.environ, **keys, "AWS_ENDPOINT_URL_SSM": server.url}
        builder = BuildspecRunner(bench.containers, environ, bench.root / "caches")
        with pytest.raises(ActionFailed, match="does not let this build read the parameter /hello/password") as failed:
            await builder.run(build(bench, spec), notes)
        assert failed.value.error == "no_secret"
        assert server.count("GetParameters") == 0
        allowed = Notes()
        await builder.run(build(bench, spec, {"parameter_store": ["/hello/*"]}, attempt=2), allowed)
        assert allowed.said() == ["***"]


@pytest.fixture
def homolog(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """AWS, in which the environment of the work is an account that is entered by a role."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    role = f"arn:aws:iam::{ACCOUNT}:role/homolog"
    with serving(Server()) as server:
        Identities(server).trusted[role] = None
        place = Aws(account=ACCOUNT, region="us-west-2", role=role, endpoints=server.endpoints)
        bench.environment = Environment(name="homolog", aws=place)
        yield server


async def test_a_parameter_is_of_the_account_of_the_environment(
    builder: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    spec = "env: {parameter-store: {P: /hello/password}}\n" + phases(build="{commands: ['echo $P']}")
    Kept(homolog).parameters["/hello/password"] = "pa55word-one"
    await builder.run(build(bench, spec, {"parameter_store": ["*"]}), notes)
    assert notes.said() == ["***"]
    asked = next(each for each in homolog.calls if each.operation == "GetParameters")
    assert homolog.keys[asked.key].arn.endswith(f"assumed-role/homolog/{bench.run}")


@pytest.mark.usefixtures("homolog")
async def test_region_and_account_are_those_of_the_environment(bench: Bench, notes: Notes, registry: Registry) -> None:
    elsewhere = {**registry.environ, "AWS_REGION": "eu-central-1"}
    builder = BuildspecRunner(bench.containers, elsewhere, bench.root / "caches")
    spec = phases(
        build="""{commands: [
        'echo $AWS_REGION $AWS_DEFAULT_REGION $(echo $CODEBUILD_BUILD_ARN | cut -d : -f 4,5)',
        'echo $CODEBUILD_PROJECT_ARN']}"""
    )
    await builder.run(build(bench, spec), notes)
    assert notes.said() == [
        f"us-west-2 us-west-2 us-west-2:{ACCOUNT}",
        f"arn:aws:codebuild:us-west-2:{ACCOUNT}:project/hello",
    ]


_AS_THE_ROLE = (
    "env: {exported-variables: [AWS_SECRET_ACCESS_KEY, COPY, PLAIN]}\n"
    "artifacts: {files: ['**/*'], name: $AWS_SESSION_TOKEN}\n"
    + phases(
        build="""{commands: [
        echo up, 'while [ -e wait ]; do sleep 0.1; done',
        'echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN $AWS_REGION',
        'echo ${#AWS_ACCESS_KEY_ID} ${#AWS_SECRET_ACCESS_KEY} ${#AWS_SESSION_TOKEN}',
        'COPY=x$AWS_SECRET_ACCESS_KEY PLAIN=public']}"""
    )
)


async def test_a_build_works_as_the_role_of_its_environment_where_the_catalog_says_so(
    builder: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    work = build(bench, _AS_THE_ROLE, {"aws": True})
    outcome = await builder.run(work, notes)
    assert notes.said() == ["up", "*** *** *** us-west-2", "20 40 16"]
    assert outcome.variables == {"PLAIN": "public"}
    asked = next(each for each in homolog.calls if each.operation == "AssumeRole")
    assert asked.given["RoleSessionName"] == bench.run
    assert not _leaks(work.workspace)


async def test_a_build_has_no_keys_when_the_catalog_does_not_say_so(
    builder: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    await builder.run(build(bench, phases(build="{commands: ['echo ${AWS_ACCESS_KEY_ID-none}']}")), notes)
    assert notes.said() == ["none"]
    assert homolog.calls == []


async def test_keys_of_the_buildspec_itself_win_over_those_of_the_role(
    builder: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    assert homolog.calls == []
    spec = "env: {variables: {AWS_ACCESS_KEY_ID: own, AWS_SECRET_ACCESS_KEY: mine}}\n"
    tells = phases(build="{commands: ['echo $AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN-no token}']}")
    await builder.run(build(bench, spec + tells, {"aws": True}), notes)
    assert notes.said() == ["own no token"]


async def test_each_build_of_a_batch_keeps_the_keys_that_it_began_with(
    builder: BuildspecRunner, bench: Bench, notes: Notes, registry: Registry, homolog: Server
) -> None:
    spec = "batch: {build-list: [{identifier: one}, {identifier: two}]}\n" + phases(
        build="""{commands: [
        echo up, 'while [ ! -e go ]; do sleep 0.1; done', 'echo $AWS_ACCESS_KEY_ID ${#AWS_SECRET_ACCESS_KEY}']}"""
    )
    options: dict[str, Json] = {"aws": True, "batch": True}
    work = build(bench, spec, options)
    await left_running(builder, bench, work, "one | up", "two | up")
    bench.abandoned = False
    homolog.denied |= {"sts:AssumeRole"}
    for place in (work.workspace / ".batch").rglob("source"):
        (place / "go").touch()
    another = BuildspecRunner(bench.containers, registry.environ, bench.root / "caches")
    await another.run(work, notes)
    said = sorted(line for line in notes.lines if "[Container]" not in line)
    assert said == ["one | *** 40", "one | up", "two | *** 40", "two | up"]
    with pytest.raises(ActionFailed) as failed:
        await another.run(build(bench, spec, options, attempt=2), notes)
    assert failed.value.error == "aws_denied"


async def test_a_role_needs_an_environment_with_an_account(
    builder: BuildspecRunner, bench: Bench, notes: Notes, engine: Any
) -> None:
    bench.environment = Environment(name="homolog")
    work = build(bench, phases(build="{commands: [echo never]}"), {"aws": True})
    with pytest.raises(ActionFailed, match="no environment with an account") as failed:
        await builder.run(work, notes)
    assert failed.value.error == "no_environment"
    assert not engine.containers(all=True, filters=bench.containers.filters(key=work.key))


async def test_a_build_that_is_found_again_keeps_the_keys_that_it_began_with(
    builder: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server, registry: Registry
) -> None:
    work = build(bench, _AS_THE_ROLE, {"aws": True})
    held = Path(work.artifacts["source"]) / "wait"
    held.touch()
    await left_running(builder, bench, work)
    homolog.denied |= {"sts:AssumeRole"}
    held.unlink()
    clouds = Clouds()  # another process, which knows nothing of the first
    again = BuildspecRunner(bench.containers, registry.environ, bench.root / "caches", clouds=clouds)
    outcome = await again.run(work, notes)
    clouds.close()
    assert notes.said() == ["up", "*** *** *** us-west-2", "20 40 16"]
    assert outcome.variables == {"PLAIN": "public"}
    assert homolog.count("AssumeRole") == 1
    assert not _leaks(work.workspace)


async def test_a_build_that_is_over_hands_on_no_key_to_who_does_not_know_them(
    builder: BuildspecRunner, bench: Bench, notes: Notes, homolog: Server
) -> None:
    work = build(bench, _AS_THE_ROLE, {"aws": True})
    await builder.run(work, notes)
    outcome = await builder.run(work, Notes())
    assert outcome.variables == {"PLAIN": "public"}
    assert homolog.count("AssumeRole") == 1
    assert not _leaks(work.workspace)


def _leaks(place: Path) -> list[Path]:
    """Give the files that hold a secret of the double's sessions."""
    texts = {file: file.read_text(errors="replace") for file in place.rglob("*") if file.is_file()}
    return [file for file, text in texts.items() if "s" * 40 in text or "t" * 16 in text]
