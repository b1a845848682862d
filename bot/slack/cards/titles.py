"""How work is called: verb phrases, in the present while it goes on, in the past when it is done."""

import re

from bot.slack.marks import Say
from storage.model.run import Status, Trigger
from storage.model.view import ActionView, RunView

_KINDS = {
    "git": "fetch",
    "buildspec": "build",
    "command": "test",
    "dockerfile": "build",
    "push": "push",
    "docker": "deploy",
}
"""The verb of an action whose name has none, by the kind of runner."""

_VERBS = {
    "build": ("Build {what}", "Building {what}", "Built {what}", "Couldn't build {what}"),
    "test": ("Test {what}", "Testing {what}", "Tested {what}", "Couldn't pass {what} tests"),
    "fetch": ("Fetch {what}", "Fetching {what}", "Fetched {what}", "Couldn't fetch {what}"),
    "push": ("Push {what}", "Pushing {what}", "Pushed {what}", "Couldn't push {what}"),
    "deploy": ("Deploy {what}", "Deploying {what}", "Deployed {what}", "Couldn't deploy {what}"),
    "check": ("Check {what}", "Checking {what}", "Checked {what}", "Couldn't check {what}"),
    "run": ("Run {what}", "Running {what}", "Ran {what}", "Couldn't run {what}"),
}
_SAME = {"clone": "fetch", "checkout": "fetch", "pull": "fetch", "publish": "push", "lint": "check", "verify": "check"}
_SAME |= {"release": "deploy", "tests": "test", "source": "fetch"}


def action_title(view: ActionView, say: Say, service: str) -> str:
    """Call an action by what it does, has done, or could not do."""
    todo, doing, done, failed = (say(form, what=what) for form in _forms(view) for what in [_what(view, service)])
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


def run_title(view: RunView, say: Say) -> str:
    """Call a run by what was asked: `Deploy hello to homolog`."""
    names = {"service": view.run.plan.service.name, "environment": view.run.plan.environment.name}
    match view.run.plan.trigger:
        case Trigger.PROMOTE:
            return say("Promote {service} to {environment}", **names)
        case Trigger.ROLLBACK:
            return say("Roll back {service} in {environment}", **names)
        case Trigger.RETRY:
            return say("Deploy {service} to {environment} again", **names)
        case _:
            return say("Deploy {service} to {environment}", **names)


def _words(view: ActionView) -> list[str]:
    return [word for word in re.split(r"[-_\s.]+", view.action.name) if word]


def _verb(view: ActionView) -> tuple[str, bool]:
    """Find the verb, and whether the action's own name says it."""
    first = next(iter(_words(view)), "").lower()
    verb = _SAME.get(first, first)
    return (verb, True) if verb in _VERBS else (_KINDS.get(view.action.uses, "run"), False)


def _forms(view: ActionView) -> tuple[str, str, str, str]:
    return _VERBS[_verb(view)[0]]


def _what(view: ActionView, service: str) -> str:
    words = _words(view)
    return " ".join(words[1:] if _verb(view)[1] else words) or service
