"""In Portuguese, which is longer, whatever a run holds is still one that Slack takes."""

from dataclasses import replace
from functools import partial

from hypothesis import HealthCheck, given, settings

from bot.slack.cards.deploy_modal import Picked, deploy_modal
from bot.slack.cards.home import Home, home_view
from bot.slack.cards.modals import reject_modal
from bot.slack.cards.rerun_modal import rerun_modal, rerun_stages
from bot.slack.cards.shown import Surroundings
from bot.slack.desired import desired
from bot.slack.plainly import plainly
from bot.workspace.blocks.surfaces import check_view, demand_message
from commands.texts import PORTUGUESE, phrase
from storage.model.fold import fold
from storage.model.view import RunView
from tests.slack.test_cards import run_of, surroundings, views
from tests.slack.town import CATALOG, plan

SAY = partial(phrase, PORTUGUESE)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(views(), surroundings)
def test_every_message_of_every_run_is_one_that_slack_takes(view: RunView, around: Surroundings) -> None:
    for message in desired(view, replace(around, say=SAY)):
        demand_message(list(message.blocks))
        demand_message(plainly(message.blocks, SAY))
    if rerun_stages(view):
        assert check_view(rerun_modal(view, SAY, channel="C1", thread=None, message="1.2"), "modal") == []


def test_the_views_are_ones_that_slack_takes() -> None:
    seen = fold(run_of(plan().stages), [])
    home = home_view(Home(known=True, runs=[seen], places=[("hello", "homolog")], deploys=True), SAY)
    assert check_view(home, "home") == []
    assert check_view(deploy_modal(CATALOG, SAY, channel="C1"), "modal") == []
    picked = Picked(service="hello", refs=["main", "v1"])
    assert check_view(deploy_modal(CATALOG, SAY, channel="C1", picked=picked), "modal") == []
    assert check_view(reject_modal("hello-1/approve", SAY, channel="C1", thread=None), "modal") == []
    assert "Suas execuções" in str(home)
