"""Whoever reads Portuguese reads nothing else in what only they see, and is offered nothing else to say."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.slack.cards.modals import approve_modal
from commands.answers import Understood
from commands.book import book, verb_names
from commands.parser import parse
from commands.reworded import reworded
from commands.texts import DEFAULT, PORTUGUESE, phrase
from commands.usage import choice_in, verb
from commands.words import Words
from storage.model.run import Status
from tests.commands.catalogs import CATALOG
from tests.languages.wholly import english_in
from tests.stories.person import Person
from tests.stories.reading import Json, buttons, words
from tests.verbs.office import RUI, Office, office
from tests.verbs.test_noise import asked_for
from tests.verbs.test_steering import failed_at

SAID = (
    *("ajuda", "ajuda tudo", "situação", "situação do hello", "fila", "histórico", "histórico hello", "quemsou"),
    *("preferências", "preferências idioma português", "preferências menções desligadas", "conte uma piada", "bom dia"),
    *("logs hello", "logs {failed}", "logs hello em homolog agora", "comparar hello homolog production"),
    *("planejar hello em homolog", "planejar hello em production", "ambiente hello em homolog"),
    *("quem pode aprovar hello em production", "quem publicou hello", "quem travou homolog", "quem pode implantar"),
    *("reverter hello em homolog", "reverter hello em homolog escolher", "reverter hello homolog para {old}"),
    *("reverter hello em production", "reverter hello para {old}", "redeploy greeter em homolog", "promover greeter"),
    *("implantar hello@nada em homolog", "implantar hello", "implantar greeter em production", "implantar helo em hml"),
    *("repetir {failed}", "repetir {old}", "reexecutar {failed} desde nada", "repetir hello-99", "repetir {open}"),
    *("aprovar hello-99", "aprovar {open}", "rejeitar {old}", "desaprovar {open}", "pausar {open}", "pausar {open}"),
    *("retomar {open}", "retomar {open}", "cancelar {old}", "escalar hello em homolog para 3", "emergência {open}"),
    *("travar hello em homolog", "destravar hello em homolog", "congelar homolog por 2h porque testamos"),
    *("implantar hello em homolog", "descongelar homolog", "tomar hello em homolog porque sim"),
    *("infra planejar hello em homolog", "reiniciar greeter em homolog", "implantar hello em homolog com X=1"),
    *(f"ajuda {verb(command, PORTUGUESE)}" for command in book().values()),
)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


@pytest.fixture
async def rui(place: Office) -> AsyncIterator[Person]:
    async with place.person("release") as person:
        yield person


async def _busy(place: Office) -> dict[str, str]:
    """Something of everything: a run that failed and was overtaken, releases, a question."""
    failed = await failed_at(place, "test", "unit")
    old = await place.released(commit="a" * 40)
    await place.released(commit="b" * 40)
    await place.released("production", "a" * 40)
    asked, _ = await asked_for(place)
    return {"failed": failed.id, "old": old.run, "open": asked.id}


async def test_all_that_is_answered_is_in_portuguese_and_so_is_what_is_offered(place: Office, rui: Person) -> None:
    names = await _busy(place)
    known = Words(place.catalog, verb_names())
    wrong: dict[str, Any] = {}
    for text in SAID:
        said = text.format(**names)
        message = (await rui.asks(said)).message
        found = [*english_in([message["text"], message["blocks"]]), *_offered_in_english(message, known)]
        if found:
            wrong[said] = found
    assert wrong == {}


def _offered_in_english(message: Json, known: Words) -> list[str]:
    offers = [str(element["value"]) for _, element in buttons(message).values() if element.get("value")]
    return [offer for offer in offers if not _is_portuguese(offer, known)]


def _is_portuguese(offer: str, known: Words) -> bool:
    read = parse(offer, known, PORTUGUESE)
    return isinstance(read, Understood) and offer.replace("!", "").startswith(verb(read.command, PORTUGUESE))


async def test_every_form_is_in_portuguese_and_so_is_what_it_refuses(place: Office, rui: Person) -> None:
    names = await _busy(place)
    await rui.types("/estiva deploy")
    form = await rui.modal()
    assert english_in(form) == []
    chosen = {"view_id": form["id"], "block_id": "service", "action_id": "value", "selected": "hello"}
    assert (await rui.client.act("click", **chosen))["ok"]
    form = await rui.until(lambda: _with(rui, "picked."))
    assert english_in(form) == []
    for ref in ("--upload-pack=x", "nada"):
        values = {"service": {"value": "hello"}, "environment": {"value": "homolog"}, "ref": {"value": ref}}
        refused = (await rui.client.act("submit", view_id=form["id"], values=values))["errors"]
        assert (english_in(refused), len(refused)) == ([], 1)
    await rui.client.act("close", view_id=form["id"])
    question = await rui.reads(f"{names['open']}/approval/approve-production")
    await rui.clicks(question, "Reject")
    assert english_in(await rui.until(lambda: _with(rui, "reason"))) == []
    await rui.client.act("close", view_id=rui.views[-1]["id"])
    await rui.chooses(await rui.reads(f"{names['failed']}/failure/test/unit"), "Rerun from a stage…")
    assert english_in(await rui.until(lambda: _with(rui, "stage"))) == []
    code = approve_modal("hello-1/x", partial(phrase, PORTUGUESE), channel="C1", thread=None, message=None)
    assert english_in(code) == []


def _with(person: Person, block: str) -> Json | None:
    top = person.views[-1] if person.views else {}
    return top if any(str(each.get("block_id")).startswith(block) for each in top.get("blocks", ())) else None


async def test_the_app_home_is_in_portuguese(place: Office, rui: Person) -> None:
    await _busy(place)
    run = await place.opened(user=RUI)
    await place.store.runs.finish(run.id, Status.FAILED)
    assert (await rui.client.act("home"))["ok"]
    home = await rui.until(lambda: rui.home or None)
    assert "Suas execuções" in words(home)
    assert english_in(home) == []


def test_english_is_found_where_it_is() -> None:
    assert english_in({"text": {"text": "Aberto até <!date^1^{date_num}|x>; `approve it` não"}}) == []
    assert english_in({"text": "Open until amanhã"}) == ["Open until amanhã"]


@pytest.mark.parametrize("name", list(book()))
def test_what_is_offered_means_the_same_in_portuguese(name: str) -> None:
    known = Words(CATALOG, verb_names())
    for example in book()[name].examples:
        said, meant = reworded(example, known, PORTUGUESE), parse(example, known)
        read = parse(said, known, PORTUGUESE)
        assert isinstance(meant, Understood)
        assert isinstance(read, Understood), said
        assert (read.command.name, _english(read)) == (name, _english(meant)), said
        assert said.replace("!", "").startswith(verb(book()[name], PORTUGUESE)), said
        assert reworded(example, known, DEFAULT) == example


def _english(read: Understood) -> list[dict[str, str]]:
    return [{slot: choice_in(slot, value, DEFAULT) for slot, value in each.items()} for each in read.each]


def test_a_time_that_everybody_in_a_channel_reads_has_no_words() -> None:
    """Slack puts `tomorrow` into each reader's own language: the sentence around it is in one."""
    from bot.slack.marks import moment

    at = datetime.now(UTC) + timedelta(days=1)
    assert "{date_num} {time}" in moment(partial(phrase, DEFAULT), at)
