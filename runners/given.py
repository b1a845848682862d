"""Variables that people give to a run in chat: the option `from_chat` of an action says which ones it takes."""

from runners import options
from storage.model.catalog import Action, Stage
from storage.model.run import Plan, known_environments

FROM_CHAT = "from_chat"


def taken(plan: Plan) -> tuple[str, ...]:
    """List the variables that the actions of a plan take."""
    return tuple(
        dict.fromkeys(name for stage in plan.stages for action in stage.actions for name in _of(plan, stage, action))
    )


def takers(plan: Plan) -> tuple[str, ...]:
    """List the environments in which an action takes some."""
    found = (stage.environment for stage in plan.stages for action in stage.actions if _of(plan, stage, action))
    return tuple(dict.fromkeys(name for name in found if name))


def given_to(plan: Plan, asked: Plan, stage: Stage, action: Action) -> dict[str, str]:
    """Give what an action of `plan` gets of what was said for `asked`: what it takes, and nothing else."""
    return {name: asked.given[name] for name in _of(plan, stage, action) if name in asked.given}


def _of(plan: Plan, stage: Stage, action: Action) -> list[str]:
    place = known_environments(plan).get(stage.environment or "")
    of_the_place = place.options.get(FROM_CHAT) if place and place.target == action.uses else None
    return options.words(action.options.get(FROM_CHAT, of_the_place))
