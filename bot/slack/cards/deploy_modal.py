"""The form of a deploy: what, which commit, where; the branches and pipelines follow once a service is chosen."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack.blocks import Block
from bot.slack.cards.modals import ask_choice, ask_text, chosen_in, modal, typed_in
from bot.slack.marks import Say
from commands.printer import quoted
from commands.texts import later
from storage.model.catalog import Catalog

DEPLOY = "estiva_deploy"
SERVICE = "service"
"""Id of the block whose choice brings the branches."""
_REF, _LONGEST_CHOICE = 200, 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A service, and the branches and tags to choose from, newest first."""

    service: str
    refs: Sequence[str] = ()


def deploy_modal(catalog: Catalog, say: Say, *, channel: str, picked: Picked | None = None) -> Block:
    """Ask for service, ref, environment and pipeline. `channel` is where the run will be shown."""
    first = picked.service if picked else None
    services = sorted(catalog.services)
    blocks = [
        ask_choice(SERVICE, say("Service"), services, first=first, empty=say("Choose"), dispatched=True),
        *_refs(say, picked),
        ask_choice("environment", say("Environment"), list(catalog.environments), empty=say("Choose")),
        *_pipelines(catalog, say, picked),
    ]
    return modal(DEPLOY, blocks, say, title=say("Deploy"), submit=say("Deploy"), carried={"channel": channel})


def deploy_command(view: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Make the command's text out of a submitted form, or say which inputs are wrong."""
    service, environment = chosen_in(view, SERVICE), chosen_in(view, "environment")
    typed, picked = typed_in(view, "ref"), chosen_in(view, picked_block(service))
    if typed and (typed.startswith("-") or len(typed.split()) != 1):
        return "", {"ref": later("One branch, tag or commit, without spaces.")}
    if typed and picked and typed != picked:
        return "", {"ref": later("Choose a branch or type one, not both.")}
    ref, pipeline = typed or picked, chosen_in(view, "pipeline")
    target = quoted(f"{service}@{ref}" if ref else service)
    command = f"deploy {target} to {quoted(environment)}"
    return command + (f" with {quoted(pipeline)}" if pipeline else ""), {}


def picked_block(service: str) -> str:
    """Name the block of a service's branches: what was picked for another service does not stay."""
    return f"picked.{hashlib.sha256(service.encode()).hexdigest()[:16]}"


def input_for(view: Mapping[str, Any], about: str) -> str:
    """Name the input at which a refusal is shown."""
    shown = [str(block["block_id"]) for block in view["blocks"]]
    return about if about in shown else "environment"


def _refs(say: Say, picked: Picked | None) -> Iterator[Block]:
    # a longer one would be cut, and then be another one: it can be typed
    refs = [ref for ref in picked.refs if len(ref) <= _LONGEST_CHOICE] if picked else []
    if picked is None or not refs:
        yield ask_text("ref", say("Branch, tag or commit"), say("Empty: what the service deploys by default"), _REF)
        return
    hint = say("Empty: what the service deploys by default")
    yield ask_choice(
        picked_block(picked.service), say("Branch or tag"), refs, empty=say("Choose"), hint=hint, optional=True
    )
    yield ask_text("ref", say("Another branch, tag or commit"), say("When it is not in the list"), _REF)


def _pipelines(catalog: Catalog, say: Say, picked: Picked | None) -> Iterator[Block]:
    service = catalog.services.get(picked.service) if picked else None
    if service is not None and len(service.pipelines) > 1:
        names, hint = list(service.pipelines), say("Empty: the first that leads to the environment")
        yield ask_choice("pipeline", say("Pipeline"), names, empty=say("Choose"), hint=hint, optional=True)
