"""Pipelines of a service in the catalog."""

from pathlib import Path

import pytest

from storage.model.catalog import Mode
from storage.reading.document import NAMING
from tests.storage.catalogs import MINIMAL, Easy, read, wrong

KINDS = {kind: Easy() for kind in ("git", "dockerfile", "docker", "command")} | {
    "push": Easy(exports=("IMAGE_DIGEST",))
}
SEVERAL = MINIMAL.replace(
    "image: localhost",
    """pipelines:
      quick:
        mode: superseded
        stages:
          - {stage: deploy, environment: homolog, actions: [{name: deploy, uses: docker}]}
      nightly: {mode: parallel}
      again: default
    image: localhost""",
)


def test_a_service_may_have_several_pipelines(tmp_path: Path) -> None:
    hello = read(tmp_path, SEVERAL, KINDS).services["hello"]
    assert [(each.name, each.mode) for each in hello.pipelines.values()] == [
        ("quick", Mode.SUPERSEDED),
        ("nightly", Mode.PARALLEL),
        ("again", Mode.QUEUED),
    ]
    assert hello.stages == hello.pipeline().stages == hello.pipelines["quick"].stages
    assert [stage.name for stage in hello.stages] == ["deploy"]
    assert hello.pipelines["nightly"].stages == hello.pipelines["again"].stages
    assert hello.pipeline("again").stages[0].name == "source"


@pytest.mark.parametrize("pipeline", ["pipeline: default", "pipeline: {mode: superseded}"])
def test_what_stands_under_pipeline_is_the_default_one(tmp_path: Path, pipeline: str) -> None:
    text = SEVERAL.replace("pipelines:", f"{pipeline}\n    pipelines:")
    hello = read(tmp_path, text, KINDS).services["hello"]
    assert list(hello.pipelines) == ["default", "quick", "nightly", "again"]
    assert hello.stages[0].name == "source"
    assert (hello.pipeline().mode is Mode.SUPERSEDED) == ("superseded" in pipeline)


def test_the_pipeline_that_is_called_default_comes_first(tmp_path: Path) -> None:
    hello = read(tmp_path, SEVERAL.replace("again:", "default:"), KINDS).services["hello"]
    assert list(hello.pipelines) == ["default", "quick", "nightly"]


def test_a_pipeline_that_says_only_its_stages_is_queued(tmp_path: Path) -> None:
    hello = read(tmp_path, MINIMAL, KINDS).services["hello"]
    assert (list(hello.pipelines), hello.pipeline().mode) == (["default"], Mode.QUEUED)


def test_everything_wrong_with_the_pipelines_is_said_at_once(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "image: localhost",
        """pipeline:
      - stage: build
        actions:
          - {name: image, uses: dockerfile, with: {args: {V: "#{push.IMAGE_DIGEST}"}}}
          - {name: push, uses: push, run_order: 2, on_failure: rollback}
      - stage: test
        environment: homolog
        actions:
          - name: probe
            uses: command
            on_failure: rollback
            with:
              run: [probe, "#{imag.IMAGE}", "#{push.DIGEST} and #{build/push.IMAGE_DIGEST}"]
              env: {ID: "#{run.ID}", WHAT: "#{run.WHAT}", LITERAL: "##{x}", EMPTY: "#{}"}
    pipelines:
      default: default
      Quick: {mode: fast, stages: none}
    build: {with: {args: {A: "#{tests.X}"}}}
    image: localhost""",
    )
    place = "services.hello.pipeline"
    probe = f"{place}[1].actions[0]"
    write = "write #{action.NAME} or #{stage/action.NAME}, and ##{ for what should stay as it is"
    late = "build/push does not end before this action begins"
    nothing = "nothing deploys to homolog up to this stage, so there is nothing to roll back"
    exports = "build/push hands on no DIGEST; did you mean IMAGE_DIGEST?"
    tests = "there is no action tests; there are: checkout, source/checkout"
    assert wrong(tmp_path, text, KINDS) == [
        f"11: {place}[0].actions[0].with.args.V: #{{push.IMAGE_DIGEST}}: {late}",
        f"12: {place}[0].actions[1].on_failure: the stage has no environment to roll back: set its environment",
        f"18: {probe}.on_failure: {nothing}",
        f"20: {probe}.with.run[1]: #{{imag.IMAGE}}: there is no action imag; did you mean image?",
        f"20: {probe}.with.run[2]: #{{push.DIGEST}}: {exports}",
        f"21: {probe}.with.env.WHAT: #{{run.WHAT}}: run has no WHAT; there are: ID, REF, REQUESTER",
        f"21: {probe}.with.env.EMPTY: '#{{}}' names no variable: {write}",
        "23: services.hello.pipelines.default: is the default pipeline, which stands under pipeline already",
        f"24: services.hello.pipelines.Quick: 'Quick' is no name: {NAMING}",
        "24: services.hello.pipelines.Quick.mode: 'fast' is not one of queued, superseded, parallel",
        "24: services.hello.pipelines.Quick.stages: 'none' is not one of default",
        f"25: services.hello.build.with.args.A: #{{tests.X}}: {tests}",
    ]
