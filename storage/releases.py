"""Which digest runs where since when."""

from storage.model.release import Release


class Releases:
    """Deploys that took effect."""

    async def record(self, release: Release) -> bool:
        """Note a release and journal it. False when this run's release to the environment is already noted."""
        raise NotImplementedError

    async def current(self, service: str, environment: str) -> Release | None:
        """Return what runs there now."""
        raise NotImplementedError

    async def history(self, service: str, environment: str, limit: int = 10) -> list[Release]:
        """Return the releases, newest first."""
        raise NotImplementedError

    async def previous(self, service: str, environment: str) -> Release | None:
        """Return what a rollback goes to: the last one before the current, not one that was rolled back already."""
        raise NotImplementedError
