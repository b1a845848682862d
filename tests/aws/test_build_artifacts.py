"""What a build of CodeBuild leaves: artifacts, fetched and kept inside their folder, and the image that they name."""

import json

import pytest

from tests.aws.images import put
from tests.aws.workshop import Workshop, packed
from tests.doubles.aws.builds import Script
from tests.runners.bench import Notes


@pytest.mark.parametrize("pinned", [True, False])
async def test_fetches_artifacts_and_hands_on_the_image_that_they_name(
    workshop: Workshop, notes: Notes, *, pinned: bool
) -> None:
    digest = put(workshop.registry, "workshop", "new", tag="c0ffee1")
    uri = f"{workshop.image}@{digest}" if pinned else f"{workshop.image}:c0ffee1"
    named = {"nginx": "docker.io/nginx:1", "web": uri}
    definitions = json.dumps([{"name": name, "imageUri": each} for name, each in named.items()])
    workshop.objects.kept["kept"] = {"hello/out": packed({"imagedefinitions.json": definitions, "docs/a.txt": "a"})}
    workshop.script(Script(location="arn:aws:s3:::kept/hello/out"))
    work = workshop.work({"fetch": True})
    outcome = await workshop.runner.run(work, notes)
    assert (outcome.artifacts["image"], outcome.artifacts["digest"]) == (uri, digest)
    assert (work.workspace / "artifacts" / "docs" / "a.txt").read_text() == "a"
    assert "2 files fetched" in notes.text


async def test_fetches_artifacts_that_are_not_packed(workshop: Workshop, notes: Notes) -> None:
    files = {f"hello/out/{name}": name.encode() for name in ("a.txt", "b/c.txt", "b/d.txt")}
    workshop.objects.kept["kept"] = {**files, "hello/outside": b"another's"}
    workshop.script(Script(location="arn:aws:s3:::kept/hello/out"))
    work = workshop.work({"fetch": True})
    await workshop.runner.run(work, notes)
    found = sorted(each.relative_to(work.workspace / "artifacts").as_posix() for each in work.workspace.rglob("*.txt"))
    assert found == ["a.txt", "b/c.txt", "b/d.txt"]


async def test_fetches_secondary_artifacts_each_into_a_folder_of_its_own(workshop: Workshop, notes: Notes) -> None:
    workshop.objects.kept["kept"] = {"out": packed({"a.txt": "a"}), "docs": packed({"a.txt": "b"}), "site/c.txt": b"c"}
    secondary = {"docs": "arn:aws:s3:::kept/docs", "site": "arn:aws:s3:::kept/site"}
    workshop.script(Script(location="arn:aws:s3:::kept/out", secondary=secondary))
    work = workshop.work({"fetch": True})
    await workshop.runner.run(work, notes)
    found = {each.relative_to(work.workspace).as_posix(): each.read_text() for each in work.workspace.rglob("*.txt")}
    beside = {"secondary-artifacts/docs/a.txt": "b", "secondary-artifacts/site/c.txt": "c"}
    assert found == {"artifacts/a.txt": "a", **beside}


@pytest.mark.parametrize(("name", "key"), [("..", "good"), ("a/b", "good"), ("docs", "evil")])
async def test_secondary_artifacts_stay_where_they_belong(workshop: Workshop, name: str, key: str) -> None:
    workshop.objects.kept["kept"] = {"good": packed({"escape": "x"}), "evil": packed({"../../escape": "x"})}
    workshop.script(Script(secondary={name: f"arn:aws:s3:::kept/{key}"}))
    failure = await workshop.failure({"fetch": True})
    assert failure.error == "bad_artifacts"
    assert not list(workshop.root.rglob("escape*"))


async def test_what_is_packed_in_a_folder_of_artifacts_stays_as_it_is(workshop: Workshop, notes: Notes) -> None:
    jar = packed({"META-INF/MANIFEST.MF": "x", "Main.class": "x"})
    workshop.objects.kept["kept"] = {"out/target/app.jar": jar, "out/a.txt": b"a"}
    workshop.script(Script(location="arn:aws:s3:::kept/out"))
    work = workshop.work({"fetch": True})
    await workshop.runner.run(work, notes)
    found = {each.name for each in (work.workspace / "artifacts").rglob("*") if each.is_file()}
    assert found == {"app.jar", "a.txt"}
    assert (work.workspace / "artifacts" / "target" / "app.jar").read_bytes() == jar
    assert "2 files fetched" in notes.text


@pytest.mark.parametrize("name", ["../escape", "/tmp/escape", "a/../../escape"])
async def test_artifacts_stay_where_they_belong(workshop: Workshop, name: str) -> None:
    workshop.objects.kept["kept"] = {"out": packed({name: "x"})}
    workshop.script(Script(location="arn:aws:s3:::kept/out"))
    failure = await workshop.failure({"fetch": True})
    assert failure.error == "bad_artifacts"
    assert not list(workshop.root.rglob("escape*"))


async def test_an_exported_digest_is_the_image_if_the_registry_has_it(workshop: Workshop) -> None:
    digest = put(workshop.registry, "workshop", "exported", tag="exported")
    workshop.script(Script(exported={"IMAGE_DIGEST": digest}), Script(exported={"IMAGE_DIGEST": "sha256:" + "0" * 64}))
    assert (await workshop.build()).artifacts["digest"] == digest
    assert (await workshop.failure()).error == "image_missing"
