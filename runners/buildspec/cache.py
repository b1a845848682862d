"""What one build leaves for the next: written down for `driver.sh`, which packs and unpacks it inside the container.

Only there are the paths what the buildspec means (`/root/.m2`), and only there is an archive of a build ever opened.
"""

import hashlib
from pathlib import Path

from runners.buildspec.globs import extended, prefix_of
from runners.buildspec.model import Cache
from runners.buildspec.text import spoken


def version_of(cache: Cache) -> str:
    """Name the cache by its paths: with other paths it is another one, even with the same key."""
    return hashlib.sha256("\0".join(cache.paths).encode()).hexdigest()[:16]


def write(directory: Path, cache: Cache, place: Path, most: int = 0) -> None:
    """Write what the driver needs: the keys as scripts, the paths as where to look and what to take.

    At most so many bytes stay of all caches in `place`; zero for as many as they are.
    """
    directory.mkdir()
    (directory / "most").write_text(str(max(1, most // 1024)) if most else "")
    (directory / "place").write_text(str(place))
    (directory / "version").write_text(version_of(cache))
    (directory / "paths").write_text("".join(f"{_where(path)}\n" for path in cache.paths))
    (directory / "key.sh").write_text(spoken(cache.key) if cache.key else "")
    for number, key in enumerate(cache.fallbacks, 1):
        (directory / f"fallback-{number}.sh").write_text(spoken(key))
    for name, wanted in (("restore", cache.restores), ("save", cache.saves)):
        if wanted:
            (directory / name).touch()


def _where(path: str) -> str:
    """Give a directory to look in and an expression for what is found, both from the root or both from the source."""
    clean = path.removeprefix("./").rstrip("/").replace("\n", "")
    start = prefix_of(clean) or ("/" if clean.startswith("/") else ".")
    whole = "(/.*)?" if start == clean else ""  # a directory stands for all that is in it
    return f"{start}\t^{extended(clean)}{whole}$"
