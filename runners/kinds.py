"""The kinds of actions there are: the one place where a kind is registered."""

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from docker import APIClient
from docker.errors import APIError, NotFound

from runners.aws.codebuild.made import Collector
from runners.aws.codebuild.runner import CodeBuildRunner
from runners.aws.codepipeline.runner import CodePipelineRunner
from runners.aws.ecr import Registries
from runners.aws.ecs.runner import EcsRunner
from runners.aws.infra.runner import CloudFormationRunner
from runners.aws.session import Clouds
from runners.buildspec.runner import BuildspecRunner
from runners.command import CommandRunner
from runners.containers import DEFAULT_URL, Containers
from runners.contract import Cleaner, Runner
from runners.docker_deploy import DockerRunner
from runners.dockerfile import DockerfileRunner
from runners.git import GitRunner
from runners.images import Images
from runners.job import remove_container
from runners.leftovers import EngineLeftovers
from runners.mirrors import Mirrors
from runners.proxy import Proxy
from runners.push import PushRunner
from runners.secrets import Secrets
from runners.terraform.runner import TerraformRunner
from storage.model.kind import Kind


class Tools:
    """What the runners work with, made once per process."""

    def __init__(
        self,
        *,
        data: Path,
        namespace: str = "estiva",
        docker_url: str = DEFAULT_URL,
        environ: Mapping[str, str] = os.environ,
        works: bool = True,
    ) -> None:
        """Take where state is kept, what names of containers begin with, and where credentials are read from.

        `works`: the process runs actions, and does not only plan them.
        """
        self.environ = environ
        self.caches = data / "caches"
        self.containers = Containers(namespace=namespace, url=docker_url)
        self.mirrors = Mirrors(data / "mirrors")
        self.images = Images(self.containers)
        self.proxy = Proxy(self.containers, data / "proxy")
        self.clouds = Clouds()
        self.ecr = Registries(self.clouds)
        self.secrets = Secrets(environ, self.clouds, works=works)

    async def start(self) -> None:
        """Mend what happened while Estiva was away. Raises `EngineUnavailable` when there is no engine."""
        await self.proxy.reconcile()

    async def pause(self) -> list[str]:
        """Stop every container of this namespace, services before the proxy; gives the ids of those that ran."""

        def stop(engine: APIClient) -> list[str]:
            running = engine.containers(filters=self.containers.filters())
            ids = [str(c["Id"]) for c in sorted(running, key=lambda c: c["Labels"].get("estiva.role") == "proxy")]
            for container in ids:
                engine.stop(container, timeout=5)
            return ids

        return await self.containers.ask(stop)

    async def resume(self, ids: Sequence[str]) -> None:
        """Start what `pause` stopped, and point the proxy at it; what was removed meanwhile stays away."""

        def start(engine: APIClient) -> None:
            for container in ids:
                with suppress(NotFound):
                    engine.start(container)

        await self.containers.ask(start)
        await self.start()

    async def clear(self, repositories: Collection[str] = ()) -> int:
        """Remove all of this namespace: containers, the proxy's too, networks, images; gives how many containers.

        What builds of their own made has no label of ours: of these `repositories` every image goes.
        """

        def remove(engine: APIClient) -> int:
            ours = self.containers.filters()
            found = engine.containers(all=True, filters=ours)
            for container in found:
                remove_container(engine, container["Id"])
            for network in engine.networks(filters=ours):
                with suppress(APIError):  # somebody else's container is in it
                    engine.remove_network(network["Id"])
            for image in engine.images(filters=ours):
                with suppress(APIError):  # another of ours is built on it, or somebody else uses it
                    engine.remove_image(image["Id"], force=True)
            return len(found)

        count = await self.containers.ask(remove)
        for repository in repositories:
            await self.images.forget_all(repository)
        return count

    def close(self) -> None:
        """Let the threads go; containers go on."""
        self.containers.close()
        self.clouds.close()


def kinds(tools: Tools) -> Mapping[str, Runner]:
    """Every kind by the name that an action's `uses` says."""
    runners: tuple[Runner, ...] = (
        GitRunner(tools.mirrors),
        BuildspecRunner(tools.containers, tools.environ, tools.caches, tools.ecr, tools.clouds),
        DockerfileRunner(tools.containers, tools.environ, tools.ecr),
        CommandRunner(tools.containers),
        PushRunner(tools.containers, tools.environ, tools.ecr),
        DockerRunner(tools.containers, tools.proxy, tools.environ, tools.secrets, tools.ecr),
        EcsRunner(tools.clouds, tools.environ, tools.ecr),
        CodeBuildRunner(tools.clouds, Collector(tools.environ, tools.ecr)),
        CloudFormationRunner(tools.clouds),
        TerraformRunner(tools.containers, tools.environ, tools.clouds),
        CodePipelineRunner(tools.clouds),
    )
    return {runner.kind: runner for runner in runners}


def known_kinds() -> Mapping[str, Kind]:
    """Every kind as far as a catalog is checked against it; needs neither Docker nor a network."""
    return kinds(Tools(data=Path()))


def cleaners(tools: Tools) -> Sequence[Cleaner]:
    """Every place outside where runs leave things."""
    return (EngineLeftovers(tools.containers, tools.proxy),)
