"""Bare copies of the services' repositories: fetched under a lock, asked about refs and history.

Repositories and refs are other people's words. So: argument lists only, `--` before every URL and ref, nothing that
begins with a dash or holds a control character, three protocols, and a git that reads no configuration but ours, runs
no hook and asks no questions. Only ids that git itself printed are used after a ref was resolved.
"""

import asyncio
import contextlib
import difflib
import os
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from runners.alone import alone
from runners.contract import ActionFailed
from storage.model.catalog import Service
from storage.model.worded import worded

_COMMIT = re.compile(r"[0-9a-fA-F]{7,40}")
_UNSAFE = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{")
_STALE = 600
"""Seconds without a change, after which a lock or an unfinished pack is nobody's."""
_LONGEST_SUBJECT, _LONGEST_NAME = 500, 200
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A ref, as the commit it was at one moment."""

    ref: str
    commit: str
    author: str
    subject: str
    committed_at: str
    """ISO 8601 with offset."""


ERRORS = {
    "unknown_ref": "no branch, tag or commit has this name",
    "bad_repository": "the repository's address is of a kind that is not allowed",
    "repository_refused": "the repository refuses our credentials",
    "repository_unavailable": "the repository does not answer",
}


class UnknownRef(ActionFailed):
    """No branch, tag or commit is called that. `nearest` are names that look like it, best first."""

    def __init__(self, reason: str, nearest: list[str]) -> None:
        """Take the reason and the near names."""
        if nearest:
            hint = worded("nearest: {names}", names=", ".join(nearest))
        else:
            hint = worded("name a branch, a tag, or a commit of 7 digits or more")
        super().__init__(reason, hint=hint, error="unknown_ref")
        self.nearest = nearest


class Mirrors:
    """One bare mirror per service under `root`."""

    def __init__(self, root: Path) -> None:
        """Take the directory to keep the mirrors in."""
        self._root = root
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def resolve(self, service: Service, ref: str) -> Resolved:
        """Say which commit a ref is now; fetches first. Branch before tag before (abbreviated) commit.

        Raises `UnknownRef` with the nearest names, `ActionFailed` when the repository does not answer.
        """
        _refuse_unsafe(ref)
        async with self._locked(service):
            mirror = await self._fetched(service)
            commit = await _commit_of(mirror, ref)
            if commit is None:
                names = (await git("for-each-ref", "--format=%(refname:short)", cwd=mirror)).split()
                raise UnknownRef(
                    worded("there is no branch, tag or commit {ref} in {service}", service=service.name, ref=ref),
                    nearest(ref, names),
                )
            return await _described(mirror, ref, commit)

    async def refs(self, service: Service, limit: int) -> list[str]:
        """List branches and tags, the default branch first, then the newest; fetches first.

        Raises `ActionFailed` when the repository does not answer.
        """
        async with self._locked(service):
            mirror = await self._fetched(service)
            order = ("--sort=-creatordate", f"--count={limit}", "--format=%(refname:lstrip=2)")
            names = (await git("for-each-ref", *order, "refs/heads", "refs/tags", cwd=mirror)).split()
        return list(dict.fromkeys([name for name in names if name == service.branch] + names))

    async def log_between(self, service: Service, old: str, new: str, limit: int) -> list[tuple[str, str, str]]:
        """List what `new` has and `old` has not, newest first: (commit, author, subject), at most `limit`.

        Both are full commit ids, of the mirror as last fetched. Empty when either is unknown there.
        """
        mirror = self._path(service)
        both = [commit for commit in (old, new) if _COMMIT.fullmatch(commit)]
        if len(both) != 2 or not mirror.exists():  # noqa: PLR2004 - old and new
            return []
        try:
            log = await git(
                "log", f"--max-count={limit}", "-z", "--format=%H%x00%an%x00%s", f"{old}..{new}", "--", cwd=mirror
            )
        except GitFailed:
            return []
        # NUL is the one character that no commit can hold
        words = log.split("\0")
        rows = zip(words[0::3], words[1::3], words[2::3], strict=False)
        return [(commit, author[:_LONGEST_NAME], subject[:_LONGEST_SUBJECT]) for commit, author, subject in rows]

    async def authors_between(self, service: Service, old: str, new: str) -> frozenset[str] | None:
        """Give the addresses, in lower case, of who wrote or committed what `new` has and `old` has not.

        Without `old`: of `new` alone. `None` when that cannot be told.
        """
        mirror = self._path(service)
        if not _COMMIT.fullmatch(new) or (old and not _COMMIT.fullmatch(old)) or not mirror.exists():
            return None
        which = (f"{old}..{new}",) if old and old != new else ("--max-count=1", new)
        try:
            log = await git("log", "-z", "--format=%ae%x00%ce", *which, "--", cwd=mirror)
        except GitFailed:
            return None
        return frozenset(word.strip().lower() for word in log.split("\0") if word.strip())

    async def export(self, service: Service, commit: str, target: Path) -> None:
        """Put the tree of a commit into `target`, as a repository of its own with that one commit.

        A shallow fetch, as CodeBuild does it: `git rev-parse HEAD` works in there, and it stays whole where the mirror
        is not mounted. A shared or hard-linked clone would either break inside a build container or let it write into
        the mirror.
        """
        async with self._locked(service):
            mirror = self._path(service)
            # a commit id may be asked for even when no branch ends there
            await git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=mirror)
            await git("init", "--quiet", "--template=", "--", str(target), cwd=self._root)
            await git("fetch", "--quiet", "--depth=1", "--no-tags", "--", f"file://{mirror}", commit, cwd=target)
        await git("checkout", "--quiet", "--detach", commit, "--", cwd=target)
        (target / ".git" / "FETCH_HEAD").unlink(missing_ok=True)  # names a path of this machine

    @contextlib.asynccontextmanager
    async def _locked(self, service: Service) -> AsyncIterator[None]:
        lock = self._locks.setdefault(service.name, asyncio.Lock())
        self._root.mkdir(parents=True, exist_ok=True)
        async with lock, alone(self._root / f"{service.name}.lock"):
            yield

    async def _fetched(self, service: Service) -> Path:
        mirror = self._path(service)
        url = _safe_url(service)
        if not (mirror / "HEAD").exists():
            await git("init", "--quiet", "--bare", "--template=", "--", str(mirror), cwd=self._root)
        await asyncio.to_thread(_tidy, mirror)
        try:
            await git("fetch", "--quiet", "--prune", "--no-tags", "--", url, *_REFS, cwd=mirror)
        except GitFailed as error:
            raise _unreachable(service, str(error)) from error
        return mirror

    def _path(self, service: Service) -> Path:
        return (self._root / f"{service.name}.git").resolve()


def _tidy(mirror: Path) -> None:
    """Remove what a git that was killed left behind: its locks would refuse every fetch, its packs would add up.

    One that runs holds a lock for moments, and writes to its pack all the time.
    """
    left = (*mirror.glob("*.lock"), *mirror.glob("refs/**/*.lock"), *mirror.glob("objects/pack/tmp_*"))
    for path in left:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - _STALE:
                path.unlink()


class GitFailed(Exception):  # noqa: N818 - a fact about git's work
    """Git said no; the text is all that it said."""


async def git(*arguments: str, cwd: Path) -> str:
    """Run git with nothing of this machine's or the repository's configuration; returns what it printed.

    Raises `GitFailed`. On cancellation the process is killed first.
    """
    process = await asyncio.create_subprocess_exec(
        "git", *arguments, cwd=cwd, env=_environment(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise GitFailed(errors.decode(errors="replace").strip() or f"exit code {process.returncode}")
    return output.decode(errors="replace")


def _environment() -> dict[str, str]:
    """Pass on only what credentials, proxies and certificates need."""
    passed = ("PATH", "SSH_AUTH_SOCK", "GIT_ASKPASS", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE")
    return {
        **{name: os.environ[name] for name in passed if name in os.environ},
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(Path(__file__).with_name("gitconfig")),
        "GIT_ALLOW_PROTOCOL": "https:ssh:file",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        "GIT_LFS_SKIP_SMUDGE": "1",
        "LC_ALL": "C.UTF-8",
    }


def nearest(ref: str, names: list[str]) -> list[str]:
    """Names that look like `ref`: by their last part too (`login` finds `feature/login`)."""
    by_end = [name for name in names if name.rpartition("/")[2].lower() == ref.rpartition("/")[2].lower()]
    close = difflib.get_close_matches(ref, names, 3, cutoff=0.5)
    return list(dict.fromkeys(by_end + close))[:3]


def _refuse_unsafe(ref: str) -> None:
    if not ref or ref.startswith("-") or _UNSAFE.search(ref):
        raise UnknownRef(worded("{ref} cannot be a branch, tag or commit", ref=f"{ref!r}"), [])


def _safe_url(service: Service) -> str:
    url = service.repository
    if url.startswith("-") or any(ord(character) < 33 for character in url):  # noqa: PLR2004 - blank and controls
        raise ActionFailed(
            worded("the repository of {service} is no address: {url}", service=service.name, url=f"{url!r}"),
            hint=worded("mend it in the catalog"),
            error="bad_repository",
        )
    return url


async def _commit_of(mirror: Path, ref: str) -> str | None:
    candidates = [f"refs/heads/{ref}", f"refs/tags/{ref}", ref if ref.startswith("refs/") else ""]
    if _COMMIT.fullmatch(ref):
        candidates.append(ref)
    for candidate in filter(None, candidates):
        try:
            found = await git("rev-parse", "--verify", "--end-of-options", f"{candidate}^{{commit}}", cwd=mirror)
        except GitFailed as error:
            if "ambiguous" in str(error):
                raise UnknownRef(
                    worded("{ref} is ambiguous: several commits begin so", ref=ref), _ids(str(error))
                ) from error
            continue
        return found.strip()
    return None


def _ids(text: str) -> list[str]:
    return re.findall(r"^hint:\s+([0-9a-f]{7,40}) commit", text, re.MULTILINE)[:3]


async def _described(mirror: Path, ref: str, commit: str) -> Resolved:
    shown = await git("show", "--no-patch", "--format=%an%x00%s%x00%cI", commit, "--", cwd=mirror)
    author, subject, committed_at = shown.strip("\n").split("\0")
    return Resolved(
        ref=ref,
        commit=commit,
        author=author[:_LONGEST_NAME],
        subject=subject[:_LONGEST_SUBJECT],
        committed_at=committed_at,
    )


def _unreachable(service: Service, said: str) -> ActionFailed:
    last = said.splitlines()[-1].removeprefix("fatal: ")
    if re.search(r"authentication|permission denied|could not read username|publickey|403", said, re.IGNORECASE):
        return ActionFailed(
            worded("the repository of {service} refused our credentials: {last}", service=service.name, last=last),
            hint=worded("give Estiva a key or token that may read it (see the documentation on repositories)"),
            error="repository_refused",
        )
    if "not allowed" in said:
        return ActionFailed(
            worded(
                "the repository of {service} has an address of a kind that is not allowed: {last}",
                service=service.name,
                last=last,
            ),
            hint=worded("use https://, ssh:// or a path on this machine"),
            error="bad_repository",
        )
    return ActionFailed(
        worded("the repository of {service} cannot be reached: {last}", service=service.name, last=last),
        hint=worded("see that {repository} exists and answers", repository=service.repository),
        error="repository_unavailable",
        retryable=True,
    )
