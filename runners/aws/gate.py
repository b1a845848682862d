"""The gate before ECR images: none goes on that its scan has not let through, whoever pushed it."""

from dataclasses import dataclass

from runners.aws.ecr import Registries
from runners.aws.errors import AwsRefused
from runners.aws.session import Visitor
from runners.contract import Sink, Work
from runners.registry import Name
from storage.model.cloud import Ecr


@dataclass(frozen=True, slots=True)
class Gate:
    """Knows the registry of the catalog; what is elsewhere is not its business."""

    registries: Registries | None

    async def ensure(self, work: Work, sink: Sink) -> None:
        """Have the repository of the service, as the catalog declares it. Raises `ActionFailed`."""
        repository = work.service.image
        if (known := _known(work, repository)) and self.registries:
            await self.registries.ensure(known, Name.parse(repository).path, Visitor.of(work), sink)

    async def ensure_if_allowed(self, work: Work, sink: Sink) -> None:
        """Do so for a build that pushes as somebody else: it needs no right of ours to the repository."""
        try:
            await self.ensure(work, sink)
        except AwsRefused as refused:
            if refused.error != "aws_denied":
                raise
            sink.line(f"the repository is not looked at beforehand: {refused.hint}")

    async def passed(self, work: Work, repository: str, digest: str, sink: Sink) -> str:
        """Tell in a few words what the scan of an image found; empty when nothing is to be known of it.

        Raises `ActionFailed` for an image that must go no further. Only reads: asked again, it says the same.
        """
        known = _known(work, repository)
        if known is None or self.registries is None or not (known.scan or known.block):
            return ""
        return await self.registries.scanned(known, Name.parse(repository).path, digest, Visitor.of(work), sink)


def _known(work: Work, repository: str) -> Ecr | None:
    return work.registry.ecr if Name.parse(repository).host == work.registry.host else None
