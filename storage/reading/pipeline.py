"""The default pipeline: what a service gets that says only how it is built and tested.

source | build | test | push | deploy-homolog | approve-production | deploy-production

One of these for each environment that is promoted from no other one.
"""

from collections.abc import Iterator, Mapping

from storage.model.catalog import Action, Environment, Stage


def beginnings(environments: Mapping[str, Environment]) -> list[Environment]:
    """List the environments that are promoted from no other one, in the order of the file."""
    return [environment for environment in environments.values() if environment.promotes_from is None]


def default(
    build: Action, tests: tuple[Action, ...], first: Environment, environments: Mapping[str, Environment]
) -> tuple[Stage, ...]:
    """Build, test and push once under the lock of the first environment; then from environment to environment."""
    stages = [
        Stage(name="source", actions=(Action(name="checkout", uses="git"),), environment=first.name),
        Stage(name="build", actions=(build,), environment=first.name),
        Stage(name="test", actions=tests, environment=first.name),
        Stage(name="push", actions=(Action(name="push", uses="push", attempts=3),), environment=first.name),
        _deploy(first),
    ]
    for environment in _promoted(first.name, environments):
        if environment.approvals > 0:
            stages.append(Stage(name=f"approve-{environment.name}", approval=True))
        stages.append(_deploy(environment))
    return tuple(stage for stage in stages if stage.actions or stage.approval)


def _deploy(environment: Environment) -> Stage:
    action = Action(name="deploy", uses=environment.target)
    return Stage(name=f"deploy-{environment.name}", actions=(action,), environment=environment.name)


def _promoted(source: str, environments: Mapping[str, Environment]) -> Iterator[Environment]:
    """Give what is promoted from an environment, and from that on, in the order of the file."""
    for environment in environments.values():
        if environment.promotes_from == source and environment.name != source:
            yield environment
            yield from _promoted(environment.name, environments)
