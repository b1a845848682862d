"""What is known of a kind of action before any of it runs: its options, its errors, the variables it hands on."""

from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

from storage.model.catalog import Json

ENGINE_ERRORS: Mapping[str, str] = {
    "timeout": "the action took longer than its `timeout`",
    "no_value": "a `#{...}` in an option has no value, or one that the option does not take",
}
"""Error name -> when: what any action can fail with, whatever its kind."""


class Kind(Protocol):
    """What an action's `uses` stands for, as far as a catalog can be checked against it."""

    @property
    def errors(self) -> Mapping[str, str]:
        """Error name -> when the work fails with it; `retry: {on: [...]}` takes these names."""

    @property
    def exports(self) -> Collection[str] | None:
        """Names of the variables that it hands on; `None` when its work itself names them."""

    def problems(self, options: Mapping[str, Json]) -> list[str]:
        """Say what is wrong with an action's options: one line each, empty when all is well."""


@runtime_checkable
class ByService(Protocol):
    """What a kind may have besides: options that say something else for each service."""

    @property
    def by_service(self) -> Collection[str]:
        """Names of the options that may be a mapping from names of services."""
