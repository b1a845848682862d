"""What attacks on the runners need: the same engine, registry and workbench as the runners' own tests."""

from tests.runners.conftest import bench, builder, containers, engine, namespace, notes, registry

__all__ = ["bench", "builder", "containers", "engine", "namespace", "notes", "registry"]
