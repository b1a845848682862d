import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from runners.contract import ActionFailed
from runners.git import GitRunner
from runners.mirrors import Mirrors, UnknownRef
from storage.model.catalog import Service
from tests.runners.bench import Bench, Notes, Repository, git


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.made(tmp_path / "origin", {"README": "one\n"})


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors")


@pytest.fixture
def service(repository: Repository) -> Service:
    return Service(name="hello", repository=str(repository.path), image="127.0.0.1:1/hello")


@pytest.fixture
def bench(tmp_path: Path, service: Service) -> Bench:
    from runners.containers import Containers
    from storage.model.catalog import Registry

    return Bench(containers=Containers(), registry=Registry(host="127.0.0.1:1"), root=tmp_path, service=service)


async def test_checks_the_branch_out_as_a_repository_of_its_own(
    bench: Bench, mirrors: Mirrors, repository: Repository, notes: Notes
) -> None:
    head = git(repository.path, "rev-parse", "HEAD")
    outcome = await GitRunner(mirrors).run(bench.work(), notes)
    source = Path(outcome.artifacts["source"])
    assert (source / "README").read_text() == "one\n"
    assert git(source, "rev-parse", "HEAD") == head == outcome.artifacts["commit"]
    assert outcome.artifacts["author"] == "Ana"
    assert outcome.artifacts["subject"] == "first"
    assert not (source / ".git" / "objects" / "info" / "alternates").exists()


async def test_a_run_keeps_its_commit_though_the_branch_moves(
    bench: Bench, mirrors: Mirrors, repository: Repository, notes: Notes
) -> None:
    runner = GitRunner(mirrors)
    first = await runner.run(bench.work(), notes)
    moved = repository.commit("second", {"README": "two\n"})
    assert (await runner.run(bench.work(attempt=2), notes)).artifacts == first.artifacts
    assert (await runner.run(bench.work(run="hello-2"), notes)).artifacts["commit"] == moved
    pinned = bench.work(artifacts={"commit": first.artifacts["commit"], "ref": "main"}, run="hello-3")
    assert (await runner.run(pinned, notes)).artifacts["commit"] == first.artifacts["commit"]


async def test_its_log_says_the_commit_once_and_as_what_it_was_asked_for(
    bench: Bench, mirrors: Mirrors, repository: Repository, notes: Notes
) -> None:
    head = git(repository.path, "rev-parse", "HEAD")
    git(repository.path, "tag", "v1.0")
    pinned: dict[str, str] = {"commit": head}
    for run, ref in {"hello-1": "v1.0", "hello-2": head, "hello-3": head[:7]}.items():
        await GitRunner(mirrors).run(bench.work(artifacts={**pinned, "ref": ref}, run=run), notes)
    await GitRunner(mirrors).run(bench.work(run="hello-4"), notes)
    assert [line for line in notes.lines if line.startswith("commit ")] == [
        f"commit {head}, asked for as v1.0",
        f"commit {head}",
        f"commit {head}",
        f"commit {head}, asked for as main",
    ]


async def test_resolves_branches_tags_and_short_commits(
    service: Service, mirrors: Mirrors, repository: Repository
) -> None:
    first = git(repository.path, "rev-parse", "HEAD")
    git(repository.path, "tag", "-a", "v1.0", "-m", "release")
    git(repository.path, "branch", "feature/login")
    second = repository.commit("second", {})
    for ref, commit in {"main": second, "v1.0": first, "feature/login": first, first: first, first[:7]: first}.items():
        assert (await mirrors.resolve(service, ref)).commit == commit, ref


@pytest.mark.parametrize(
    ("ref", "near"), [("mian", "main"), ("login", "feature/login"), ("feature/logn", "feature/login"), ("v1.1", "v1.0")]
)
async def test_an_unknown_ref_names_the_nearest(
    service: Service, mirrors: Mirrors, repository: Repository, ref: str, near: str
) -> None:
    git(repository.path, "tag", "v1.0")
    git(repository.path, "branch", "feature/login")
    with pytest.raises(UnknownRef, match=f"no branch, tag or commit {ref}") as unknown:
        await mirrors.resolve(service, ref)
    assert unknown.value.nearest[0] == near


@pytest.mark.parametrize(
    "ref",
    [
        "--upload-pack=touch pwned",
        "-h",
        "",
        "a b",
        "main\n",
        "x\0y",
        "main..x",
        "@{u}",
        "main~1",
        ":/first",
        "a:b",
        "ab12",
    ],
)
async def test_a_ref_is_never_an_option_or_an_expression(service: Service, mirrors: Mirrors, ref: str) -> None:
    with pytest.raises(UnknownRef):
        await mirrors.resolve(service, ref)


@pytest.mark.parametrize("name", ["a;touch pwned", "$(touch pwned)", "a`id`", "a|b", "a&b"])
async def test_names_that_a_shell_would_read_are_only_names(
    service: Service, mirrors: Mirrors, repository: Repository, name: str
) -> None:
    if " " not in name:
        git(repository.path, "branch", name)
        assert (await mirrors.resolve(service, name)).commit
    assert not list(repository.path.rglob("pwned"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/nonexistent/repository", "cannot be reached"),
        ("https://127.0.0.1:1/x.git", "cannot be reached"),
        ("ext::sh -c touch% pwned", "no address"),
        ("ext::touch", "not allowed"),
        ("git://127.0.0.1/x", "not allowed"),
        ("--upload-pack=touch", "no address"),
    ],
)
async def test_says_why_a_repository_cannot_be_used(service: Service, mirrors: Mirrors, url: str, reason: str) -> None:
    with pytest.raises(ActionFailed, match=reason):
        await mirrors.resolve(replace(service, repository=url), "main")


async def test_lists_what_changed_newest_first(service: Service, mirrors: Mirrors, repository: Repository) -> None:
    old = git(repository.path, "rev-parse", "HEAD")
    second = repository.commit("second: with | and \x1b", {})
    third = repository.commit("third", {})
    await mirrors.resolve(service, "main")
    log = await mirrors.log_between(service, old, third, 10)
    assert [(commit, author) for commit, author, _ in log] == [(third, "Ana"), (second, "Ana")]
    assert log[0][2] == "third"
    assert len(await mirrors.log_between(service, old, third, 1)) == 1
    assert await mirrors.log_between(service, "f" * 40, third, 10) == []
    assert await mirrors.log_between(service, "--all", third, 10) == []


async def test_nothing_of_the_repository_runs_at_checkout(
    bench: Bench, mirrors: Mirrors, repository: Repository, notes: Notes, tmp_path: Path
) -> None:
    pwned = tmp_path / "pwned"
    repository.commit("evil", {".gitattributes": "* filter=evil\n", ".lfsconfig": "[lfs]\nurl = http://127.0.0.1:1\n"})
    hook = repository.path / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {pwned}\n")
    hook.chmod(0o755)
    await GitRunner(mirrors).run(bench.work(), notes)
    assert not pwned.exists()


async def test_what_a_killed_git_left_is_removed_and_refuses_no_fetch(
    service: Service, mirrors: Mirrors, repository: Repository, tmp_path: Path
) -> None:
    await mirrors.resolve(service, "main")
    mirror = tmp_path / "mirrors" / "hello.git"
    (mirror / "objects" / "pack").mkdir(parents=True, exist_ok=True)
    # what stands in the way of this fetch, an unfinished pack, and one that may still be written
    left = [mirror / "refs" / "heads" / "main.lock", mirror / "packed-refs.lock", mirror / "objects/pack/tmp_pack_old"]
    fresh = mirror / "objects" / "pack" / "tmp_pack_new"
    for path in (*left, fresh):
        path.write_text("")
    head = repository.commit("second", {"README": "two\n"})
    with pytest.raises(ActionFailed, match="remove the file"):
        await mirrors.resolve(service, "main")
    for path in left:
        os.utime(path, (time.time() - 3600, time.time() - 3600))
    assert (await mirrors.resolve(service, "main")).commit == head
    assert [path.exists() for path in (*left, fresh)] == [False, False, False, True]


async def test_branches_and_tags_are_listed_the_default_one_first(
    mirrors: Mirrors, service: Service, repository: Repository
) -> None:
    git(repository.path, "tag", "v1.0")
    git(repository.path, "checkout", "--quiet", "-b", "feature/login")
    repository.commit("later", {"README": "two\n"})
    names = await mirrors.refs(service, 10)
    assert names[0] == "main"
    assert set(names) == {"main", "feature/login", "v1.0"}
    assert len(await mirrors.refs(service, 1)) == 1
    with pytest.raises(ActionFailed, match="cannot be reached"):
        await mirrors.refs(replace(service, name="gone", repository="/nowhere/at/all"), 10)
