"""The demo's catalog: `examples/demo/catalog.yml` with this machine's paths and port in it."""

from places import CATALOG, DEMO_CATALOG, REGISTRY_HOST, REPOSITORIES
from step import Step

WRITTEN_REGISTRY = "127.0.0.1:15001"
WRITTEN_REPOSITORIES = "/srv/estiva/repos"


def text() -> str:
    """Give the catalog as it must be here."""
    example = DEMO_CATALOG.read_text(encoding="utf-8")
    return example.replace(WRITTEN_REGISTRY, REGISTRY_HOST).replace(WRITTEN_REPOSITORIES, str(REPOSITORIES))


def is_there() -> bool:
    """Tell whether the catalog is as it must be here."""
    return CATALOG.is_file() and CATALOG.read_text(encoding="utf-8") == text()


def write() -> None:
    """Write the catalog."""
    CATALOG.parent.mkdir(parents=True, exist_ok=True)
    CATALOG.write_text(text(), encoding="utf-8")


STEP = Step(name="demo catalog", why="what can be deployed, where and by whom", done=is_there, do=write)
