"""Which image of `imagedefinitions.json` is the service's: by its repository, whichever way it is named."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from runners.buildspec.definitions import image_of
from runners.buildspec.runner import BuildspecRunner
from runners.contract import ActionFailed, Work
from runners.push import PushRunner
from tests.aws.images import put
from tests.registry import Registry
from tests.runners.bench import Bench, Notes

pytestmark = pytest.mark.docker
PORT = "registry.example.com:5000/team/hello"
PLAIN = "registry.example.com/hello"
DIGEST = f"sha256:{'a1' * 32}"


def _work(bench: Bench, image: str, text: str) -> Work:
    bench.service = replace(bench.service, image=image)
    work = bench.work()
    (work.workspace / "artifacts").mkdir()
    (work.workspace / "artifacts" / "imagedefinitions.json").write_text(text)
    return work


@pytest.mark.parametrize(
    ("image", "names", "uri"),
    [
        (PLAIN, {"hello": f"{PLAIN}:1"}, f"{PLAIN}:1"),
        (PLAIN, {"nginx": "registry.example.com/nginx:1", "web": f"{PLAIN}:2"}, f"{PLAIN}:2"),
        (PLAIN, {"hello": "registry.example.com/nginx:1", "web": f"{PLAIN}:2"}, f"{PLAIN}:2"),
        (PLAIN, {"job": f"{PLAIN}:1", "hello": f"{PLAIN}:2"}, f"{PLAIN}:2"),
        (PLAIN, {"job": f"{PLAIN}:1", "web": f"{PLAIN}:2"}, f"{PLAIN}:1"),
        (PLAIN, {"hello": f"{PLAIN}@{DIGEST}"}, f"{PLAIN}@{DIGEST}"),
        (PLAIN, {"hello": f"{PLAIN}:1@{DIGEST}"}, f"{PLAIN}@{DIGEST}"),
        (PLAIN, {"hello": PLAIN}, f"{PLAIN}:latest"),
        (PORT, {"hello": f"{PORT}:1"}, f"{PORT}:1"),
        (PORT, {"hello": f"{PORT}@{DIGEST}"}, f"{PORT}@{DIGEST}"),
        (PORT, {"hello": PORT}, f"{PORT}:latest"),
    ],
)
def test_the_image_is_the_one_of_the_services_repository(
    bench: Bench, image: str, names: Mapping[str, str], uri: str
) -> None:
    text = json.dumps([{"name": name, "imageUri": each} for name, each in names.items()])
    found = image_of(_work(bench, image, text))
    assert found is not None
    assert (found.repository, found.uri) == (image, uri)


def test_a_file_without_the_services_image_is_told_with_what_it_names(bench: Bench) -> None:
    uris = ["docker.io/nginx:1", f"{PLAIN}-worker:1", f"evil.example.com/{PLAIN}:1", *(f"x:{n}" for n in range(9))]
    work = _work(bench, PLAIN, json.dumps([{"name": "hello", "imageUri": uri} for uri in uris]))
    with pytest.raises(ActionFailed, match=f"no image of {PLAIN}, only docker.io/nginx:1, {PLAIN}-worker:1,") as failed:
        image_of(work)
    assert failed.value.reason.endswith(", x:0, x:1, …")
    assert failed.value.error == "wrong_image"


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", '["x"]', '[{"name": "hello"}]', "[" * 9_000])
def test_a_file_of_another_shape_is_refused(bench: Bench, text: str) -> None:
    with pytest.raises(ActionFailed) as failed:
        image_of(_work(bench, PLAIN, text))
    assert failed.value.error == "bad_image_definitions"


def test_without_the_file_there_is_no_image(bench: Bench) -> None:
    assert image_of(bench.work()) is None


class TestBuilt:
    """A build here that has pushed its image by itself, and a push that comes after it."""

    def work(self, bench: Bench, reference: str) -> Work:
        named = [
            {"name": "nginx", "imageUri": "docker.io/nginx:1"},
            {"name": "web", "imageUri": bench.service.image + reference},
        ]
        spec = "version: 0.2\nphases: {}\nartifacts: {files: imagedefinitions.json}\n"
        source = bench.source({"buildspec.yml": spec, "imagedefinitions.json": json.dumps(named)})
        return bench.work({"image": "estiva/ci:base"}, source)

    @pytest.mark.parametrize("named", ["tag", "digest", "nothing"])
    async def test_its_image_is_handed_on_and_is_there_for_a_push(
        self, builder: BuildspecRunner, bench: Bench, registry: Registry, notes: Notes, named: str
    ) -> None:
        tag = "c0ffee1" if named == "tag" else "latest"
        digest = put(registry, bench.service.image.partition("/")[2], "x", tag=tag)
        reference = {"tag": f":{tag}", "digest": f"@{digest}", "nothing": ""}[named]
        made = (await builder.run(self.work(bench, reference), notes)).artifacts
        uri = bench.service.image + (reference or ":latest")
        assert (made["image"], made["digest"]) == (uri, digest)
        pushed = await PushRunner(bench.containers, registry.environ).run(bench.work(artifacts=made), notes)
        assert pushed.artifacts == {"image": uri, "digest": digest}
        assert f"{uri} is there already: {digest}" in notes.text

    async def test_a_digest_that_the_registry_does_not_have_is_no_image(
        self, builder: BuildspecRunner, bench: Bench, registry: Registry, notes: Notes
    ) -> None:
        with pytest.raises(ActionFailed, match=f"hello-.*@{DIGEST} is not in the registry") as failed:
            await builder.run(self.work(bench, f"@{DIGEST}"), notes)
        assert failed.value.error == "image_missing"
        image = f"{bench.service.image}@{DIGEST}"
        with pytest.raises(ActionFailed, match=f"{DIGEST} is not in the registry") as failed:
            await PushRunner(bench.containers, registry.environ).run(
                bench.work(artifacts={"image": image, "image_id": DIGEST}), notes
            )
        assert failed.value.error == "image_missing"
