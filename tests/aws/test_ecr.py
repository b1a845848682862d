"""An image goes to ECR: a real push through ECR's own rules, settings and scans from a strict double."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from runners.aws.ecr import Registries
from runners.aws.repositories import lifecycle
from runners.aws.session import Clouds, Visitor
from runners.contract import ActionFailed
from runners.dockerfile import DockerfileRunner
from runners.push import PushRunner
from storage.model import artifact
from storage.model.catalog import Registry
from storage.model.cloud import Aws, Ecr, Severity
from tests.doubles.aws.front import Front
from tests.doubles.aws.identities import Identities
from tests.doubles.aws.repositories import Repositories, Scan
from tests.doubles.aws.server import ACCOUNT, Fault, Server
from tests.runners.bench import Bench, Notes

pytestmark = pytest.mark.docker
PACE = 0.01
OURS = [{"Key": "managed-by", "Value": "estiva"}]
VISITOR = Visitor(name="hello-1")


@pytest.fixture
def ecr(bench: Bench, place: Aws, front: Front, repositories: Repositories) -> Ecr:
    """The bench's registry is one of ECR's; nothing else says how to log in."""
    known = Ecr(aws=place, untagged=14, keep=200)
    bench.registry = Registry(host=front.host, ecr=known)
    bench.service = replace(bench.service, image=f"{front.host}/hello-{bench.run}")
    return known


@pytest.fixture
def registries(clouds: Clouds) -> Registries:
    return Registries(clouds, pace=PACE)


@pytest.fixture
def runner(bench: Bench, clouds: Clouds) -> PushRunner:
    return PushRunner(bench.containers, {}, Registries(clouds, pace=PACE))


async def built(bench: Bench, text: str, run: str | None = None) -> dict[str, str]:
    source = bench.source({"Dockerfile": f"FROM estiva/busybox:base\nRUN echo {text} > /text\n"}, run=run)
    outcome = await DockerfileRunner(bench.containers, {}).run(bench.work(artifacts=source, run=run), Notes())
    return {**source, **outcome.artifacts}


def with_ecr(bench: Bench, known: Ecr) -> None:
    bench.registry = replace(bench.registry, ecr=known)


def changes(server: Server) -> list[str]:
    """What of a repository was changed."""
    return [each.operation for each in server.calls if each.operation.startswith(("Put", "Delete"))]


def name_of(bench: Bench) -> str:
    return bench.service.image.partition("/")[2]


async def test_makes_the_repository_as_declared_and_pushes_into_it(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, repositories: Repositories, server: Server
) -> None:
    outcome = await runner.run(bench.work(artifacts=await built(bench, "one")), notes)
    made = repositories.known[name_of(bench)]
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    assert json.loads(repositories.policies[name_of(bench)]) == lifecycle(untagged=14, keep=200)
    assert outcome.artifacts[artifact.DIGEST].startswith("sha256:")
    assert "pushed" in notes.text
    assert server.count("GetAuthorizationToken") == 1


async def test_pushing_again_is_success_and_changes_nothing(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, server: Server
) -> None:
    work = bench.work(artifacts=await built(bench, "one"))
    first = await runner.run(work, Notes())
    again = await runner.run(work, notes)
    assert again.artifacts == first.artifacts
    assert "is there already" in notes.text
    assert server.count("CreateRepository") == server.count("PutLifecyclePolicy") == 1
    assert server.count("GetAuthorizationToken") == 2, "the login is renewed before each push"


async def test_a_tag_that_another_run_pushed_meanwhile_is_success_when_it_is_the_same(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, front: Front
) -> None:
    work = bench.work(artifacts=await built(bench, "one"))
    first = await runner.run(work, Notes())
    front.hidden = 1
    again = await runner.run(work, notes)
    assert "cannot be overwritten because the tag is immutable" in notes.text
    assert again.artifacts == first.artifacts


async def test_a_tag_that_another_run_pushed_meanwhile_is_a_failure_when_it_is_another(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, front: Front
) -> None:
    await runner.run(bench.work(artifacts=await built(bench, "one")), Notes())
    other = bench.work(artifacts=await built(bench, "two", run=f"{bench.run}-2"), run=f"{bench.run}-2")
    front.hidden = 1
    with pytest.raises(ActionFailed, match="already holds another image") as failed:
        await runner.run(other, notes)
    assert failed.value.error == "tag_taken"


async def test_a_repository_of_others_is_left_as_it_is(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, repositories: Repositories
) -> None:
    repositories.add(name_of(bench), mutable=True)
    await runner.run(bench.work(artifacts=await built(bench, "one")), notes)
    assert "was not made by Estiva and lets tags be moved" in notes.text
    assert "was not made by Estiva: what the catalog says of keep and untagged does not hold for it" in notes.text
    assert repositories.policies == {}


async def test_a_repository_of_others_that_lets_no_tag_be_moved_is_left_as_it_is(
    registries: Registries, place: Aws, repositories: Repositories, server: Server, notes: Notes
) -> None:
    repositories.add("hello")
    repositories.policies["hello"] = json.dumps(lifecycle(untagged=14, keep=200))
    await registries.ensure(Ecr(aws=place, immutable=False, scan=False), "hello", VISITOR, notes)
    assert "was not made by Estiva and lets no tag be moved" in notes.text
    assert repositories.known["hello"]["imageTagMutability"] == "IMMUTABLE"
    assert "hello" in repositories.policies
    assert changes(server) == []


@pytest.mark.parametrize("declared", [True, False])
async def test_our_repository_gets_the_settings_that_are_declared_later(
    registries: Registries, place: Aws, repositories: Repositories, server: Server, notes: Notes, *, declared: bool
) -> None:
    repositories.add("hello", mutable=declared, tags=OURS)
    known = Ecr(aws=place, immutable=declared, scan=declared)
    await registries.ensure(known, "hello", VISITOR, notes)
    made = repositories.known["hello"]
    assert made["imageTagMutability"] == ("IMMUTABLE" if declared else "MUTABLE")
    assert made["imageScanningConfiguration"] == {"scanOnPush": declared}
    assert changes(server) == ["PutImageTagMutability", "PutImageScanningConfiguration"]
    assert f"scan on push of hello is {'on' if declared else 'off'} from now on" in notes.text
    await registries.ensure(known, "hello", VISITOR, Notes())
    assert len(changes(server)) == 2, "what is as declared is left alone"


async def test_exceptions_for_some_tags_of_our_repository_stay(
    registries: Registries, place: Aws, repositories: Repositories, server: Server
) -> None:
    repositories.add("hello", tags=OURS)["imageTagMutability"] = "IMMUTABLE_WITH_EXCLUSION"
    await registries.ensure(Ecr(aws=place), "hello", VISITOR, Notes())
    assert changes(server) == []


async def test_a_scan_that_the_registry_alone_sets_keeps_no_image_back(
    registries: Registries, place: Aws, repositories: Repositories, server: Server, notes: Notes
) -> None:
    repositories.add("hello", tags=OURS)["imageScanningConfiguration"] = {"scanOnPush": False}
    server.faults.append(Fault("PutImageScanningConfiguration", "ValidationException"))
    await registries.ensure(Ecr(aws=place), "hello", VISITOR, notes)
    assert "scan on push of hello cannot be set: AWS refuses ecr:PutImageScanningConfiguration" in notes.text


async def test_our_lifecycle_policy_goes_when_nothing_is_declared_any_more(
    registries: Registries, place: Aws, repositories: Repositories, notes: Notes
) -> None:
    await registries.ensure(Ecr(aws=place, untagged=14, keep=200), "hello", VISITOR, Notes())
    await registries.ensure(Ecr(aws=place, keep=300), "hello", VISITOR, Notes())
    assert json.loads(repositories.policies["hello"]) == lifecycle(untagged=None, keep=300)
    await registries.ensure(Ecr(aws=place), "hello", VISITOR, notes)
    assert repositories.policies == {}
    assert "lifecycle policy of hello deleted: the catalog says neither keep nor untagged any more" in notes.text


async def test_a_lifecycle_policy_that_somebody_else_wrote_is_left_as_it_is(
    registries: Registries, place: Aws, repositories: Repositories, notes: Notes
) -> None:
    repositories.add("hello", tags=OURS)
    theirs = lifecycle(untagged=14, keep=None)
    theirs["rules"][0]["description"] = "by hand"
    repositories.policies["hello"] = json.dumps(theirs)
    await registries.ensure(Ecr(aws=place), "hello", VISITOR, notes)
    assert json.loads(repositories.policies["hello"]) == theirs
    assert "the lifecycle policy of hello was not written by Estiva" in notes.text


async def test_a_setting_that_may_not_be_changed_names_the_permission(
    registries: Registries, place: Aws, repositories: Repositories, server: Server
) -> None:
    repositories.add("hello", mutable=True, tags=OURS)
    server.denied.add("ecr:PutImageTagMutability")
    with pytest.raises(ActionFailed) as failed:
        await registries.ensure(Ecr(aws=place), "hello", VISITOR, Notes())
    assert failed.value.error == "aws_denied"
    assert "allow ecr:PutImageTagMutability" in failed.value.hint


async def test_the_login_is_never_written_down(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    await runner.run(bench.work(artifacts=await built(bench, "one")), notes)
    assert list((tmp_path / "docker").iterdir()) == []
    assert "correct horse" not in notes.text


async def test_findings_are_shown(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, repositories: Repositories
) -> None:
    with_ecr(bench, replace(ecr, block=Severity.CRITICAL))
    repositories.scan = Scan({"HIGH": 1, "LOW": 3}, [{"name": "CVE-2026-0001", "severity": "HIGH"}], after=3)
    outcome = await runner.run(bench.work(artifacts=await built(bench, "one")), notes)
    assert outcome.summary.endswith("; scan: 1 high, 3 low")
    assert "high: CVE-2026-0001" in notes.text


async def test_a_finding_as_bad_as_declared_stops_the_release(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, repositories: Repositories
) -> None:
    with_ecr(bench, replace(ecr, block=Severity.HIGH))
    repositories.scan = Scan({"CRITICAL": 1, "LOW": 3})
    with pytest.raises(ActionFailed, match="found 1 critical, 3 low") as failed:
        await runner.run(bench.work(artifacts=await built(bench, "one")), notes)
    assert failed.value.error == "scan_blocked"
    repositories.scan = Scan({"MEDIUM": 7})
    await runner.run(bench.work(artifacts=await built(bench, "one")), notes)


@pytest.mark.parametrize(
    ("scan", "again"), [(None, "may"), (Scan(status="UNSUPPORTED_IMAGE"), "must not"), (Scan(after=10_000), "may")]
)
async def test_without_findings_what_must_be_judged_goes_no_further(
    runner: PushRunner, bench: Bench, ecr: Ecr, repositories: Repositories, scan: Scan | None, again: str
) -> None:
    with_ecr(bench, replace(ecr, block=Severity.HIGH, scan_timeout=20))
    repositories.scan = scan
    with pytest.raises(ActionFailed, match="gave no findings") as failed:
        await runner.run(bench.work(artifacts=await built(bench, "one")), Notes())
    assert (failed.value.error, failed.value.retryable) == ("scan_missing", again == "may")


async def test_findings_that_may_not_be_read_stop_only_what_is_judged_by_them(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, server: Server
) -> None:
    server.denied.add("ecr:DescribeImageScanFindings")
    work = bench.work(artifacts=await built(bench, "one"))
    await runner.run(work, notes)
    assert "image scan: ecr:DescribeImageScanFindings is denied" in notes.text
    with_ecr(bench, replace(ecr, block=Severity.HIGH))
    with pytest.raises(ActionFailed) as failed:
        await runner.run(replace(work, registry=bench.registry), notes)
    assert failed.value.error == "aws_denied"


async def test_a_repository_that_appears_meanwhile_is_fine(
    runner: PushRunner, bench: Bench, ecr: Ecr, notes: Notes, repositories: Repositories, server: Server
) -> None:
    repositories.add(name_of(bench))
    server.faults = [Fault("DescribeRepositories", "RepositoryNotFoundException")]
    await runner.run(bench.work(artifacts=await built(bench, "one")), notes)
    assert "pushed" in notes.text


async def test_all_that_a_push_asks_is_asked_as_the_run(
    runner: PushRunner, bench: Bench, ecr: Ecr, server: Server, identities: Identities
) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/estiva-registry"
    identities.trusted[role] = None
    with_ecr(bench, replace(ecr, aws=replace(ecr.aws, role=role)))
    await runner.run(bench.work(artifacts=await built(bench, "one")), Notes())
    asked = {(each.operation, server.keys[each.key].arn) for each in server.calls if each.service == "ecr"}
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/estiva-registry/{bench.run}"
    assert ("GetAuthorizationToken", session) in asked, "whoever pushes with it is that session in CloudTrail"
    assert {who for _, who in asked} == {session}
    (tags,) = [each.given["Tags"] for each in server.calls if each.operation == "AssumeRole"]
    assert {"Key": "estiva:run", "Value": bench.run} in tags


async def test_images_are_deleted_by_digest(clouds: Clouds, ecr: Ecr, repositories: Repositories) -> None:
    repositories.add("hello")
    await Registries(clouds).delete(ecr, "hello", "sha256:" + "a" * 64, VISITOR)
    assert repositories.deleted == ["sha256:" + "a" * 64]


def test_a_lifecycle_policy_expires_what_is_declared() -> None:
    assert lifecycle(untagged=None, keep=None)["rules"] == []
    untagged, tagged = lifecycle(untagged=14, keep=200)["rules"]
    assert untagged["rulePriority"] == 1
    assert untagged["selection"]["countNumber"] == 14
    assert tagged["selection"] == {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": "imageCountMoreThan",
        "countNumber": 200,
    }
