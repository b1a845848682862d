"""How work is called: verb phrases, in the present while it goes on, in the past when it is done."""

import re

from bot.slack.marks import Say
from commands.texts import later
from storage.model.run import Status, Trigger
from storage.model.soundness import DO, LOOKING, changes_infra, subject_of
from storage.model.view import ActionView, RunView

_KINDS = {
    "git": "fetch",
    "buildspec": "build",
    "command": "test",
    "dockerfile": "build",
    "push": "push",
    "docker": "deploy",
    "cloudformation": "change",
    "terraform": "change",
}
"""The verb of an action whose name has none, by the kind of runner."""

_VERBS = {
    "build": (later("Build {what}"), later("Building {what}"), later("Built {what}"), later("Couldn't build {what}")),
    "test": (
        later("Test {what}"),
        later("Testing {what}"),
        later("Tested {what}"),
        later("Couldn't pass {what} tests"),
    ),
    "fetch": (later("Fetch {what}"), later("Fetching {what}"), later("Fetched {what}"), later("Couldn't fetch {what}")),
    "push": (later("Push {what}"), later("Pushing {what}"), later("Pushed {what}"), later("Couldn't push {what}")),
    "deploy": (
        later("Deploy {what}"),
        later("Deploying {what}"),
        later("Deployed {what}"),
        later("Couldn't deploy {what}"),
    ),
    "check": (later("Check {what}"), later("Checking {what}"), later("Checked {what}"), later("Couldn't check {what}")),
    "rollback": (
        later("Put {what} back"),
        later("Putting {what} back"),
        later("Put {what} back as it was"),
        later("Couldn't put {what} back"),
    ),
    "look": (
        later("Look at {what}"),
        later("Looking at {what}"),
        later("Looked at {what}"),
        later("Couldn't look at {what}"),
    ),
    "change": (
        later("Change {what}"),
        later("Changing {what}"),
        later("Changed {what}"),
        later("Couldn't change {what}"),
    ),
    "run": (later("Run {what}"), later("Running {what}"), later("Ran {what}"), later("Couldn't run {what}")),
}
_THINGS = {
    "code": later("code"),
    "image": later("image"),
    "infra": later("infrastructure"),
    "smoke": later("smoke"),
    "smoke tests": later("smoke tests"),
    "tests": later("tests"),
    "unit": later("unit"),
    "unit tests": later("unit tests"),
}
"""Names that catalogs commonly give to actions; any other is said as it is written there."""
_SAME = {"clone": "fetch", "checkout": "fetch", "pull": "fetch", "publish": "push", "lint": "check", "verify": "check"}
_SAME |= {"release": "deploy", "tests": "test", "source": "fetch"}


def action_title(view: ActionView, say: Say, service: str) -> str:
    """Call an action by what it does, has done, or could not do."""
    todo, doing, done, failed = (say(form, what=_what(view, service, say)) for form in _forms(view))
    match view.status:
        case Status.SUCCEEDED:
            return done
        case Status.FAILED | Status.BROKEN:
            return failed
        case Status.CANCELLED:
            return say("Stopped: {title}", title=todo)
        case Status.RUNNING if view.attempt > 1:
            return say("{title} (attempt {attempt})", title=doing, attempt=view.attempt)
        case Status.RUNNING:
            return doing
        case _:
            return todo


_ASKED = {
    Trigger.PROMOTE: later("Promote {service} to {environment}"),
    Trigger.ROLLBACK: later("Roll back {service} in {environment}"),
    Trigger.REDEPLOY: later("Redeploy {service} in {environment}"),
    Trigger.RESTART: later("Restart {service} in {environment}"),
    Trigger.SCALE: later("Scale {service} in {environment} to {count}"),
    Trigger.RETRY: later("Deploy {service} to {environment} again"),
    Trigger.RERUN: later("Deploy {service} to {environment} again"),
    Trigger.INFRA: later("Look at the infrastructure of {service} in {environment}"),
}
_TO_CHANGE = later("Change the infrastructure of {service} in {environment}")


def run_title(view: RunView, say: Say) -> str:
    """Call a run by what was asked: `Deploy hello to homolog`."""
    plan = view.run.plan
    text = _ASKED.get(subject_of(plan), later("Deploy {service} to {environment}"))
    text = _TO_CHANGE if changes_infra(plan) else text
    return say(text, service=plan.service.name, environment=plan.environment.name, count=plan.replicas or 1)


def _words(view: ActionView) -> list[str]:
    return [word for word in re.split(r"[-_\s.]+", view.action.name) if word]


def _verb(view: ActionView) -> tuple[str, bool]:
    """Find the verb, and whether the action's own name says it."""
    first = next(iter(_words(view)), "").lower()
    verb = _SAME.get(first, first)
    if view.action.options.get(DO) in LOOKING:
        return "look", verb in _VERBS
    return (verb, True) if verb in _VERBS else (_KINDS.get(view.action.uses, "run"), False)


def _forms(view: ActionView) -> tuple[str, str, str, str]:
    return _VERBS[_verb(view)[0]]


def _what(view: ActionView, service: str, say: Say) -> str:
    words, (verb, said) = _words(view), _verb(view)
    named = " ".join(words[1:] if said else words)
    if verb == "test":  # `smoke-tests` is tested; what is not passed are no "smoke tests tests"
        named = re.sub(r"\s+tests?$", "", named)
    return (say(_THINGS[named]) if named in _THINGS else named) or service
