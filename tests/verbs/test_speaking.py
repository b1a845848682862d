"""Holding, deciding and steering, each command said and answered in English and in Portuguese, over the real wire."""

from collections.abc import AsyncIterator

import pytest

from storage.model.approval import Decision
from storage.model.run import Run, Status, Trigger
from tests.stories.person import Person
from tests.stories.reading import words
from tests.verbs.office import RUI, Office
from tests.verbs.test_noise import asked_for
from tests.verbs.test_steering import failed_at

BIA = "UBIADEV02"
EVERYTHING = 'who: [UANADEV01, URUIREL01]\n    may: ["*", steal, break-glass]'


@pytest.fixture
def place(place: Office) -> Office:
    """Here Ana, who reads English, and Rui, who reads Portuguese, may do everything."""
    place.change_catalog(
        'who: ["role:release-manager"]\n    may: [withdraw, lock, unlock, freeze, unfreeze]', EVERYTHING
    )
    return place


@pytest.fixture
async def bia(place: Office) -> AsyncIterator[Person]:
    """She asks for what others decide about."""
    async with place.person("dev2") as person:
        yield person


async def done(person: Person, text: str, answered: str) -> str:
    """It is done, and said in these words."""
    answer = await person.asks(text)
    assert answer.verdict in ("done", "started"), answer.text
    assert answered in answer.text
    return answer.run


async def test_lock_steal_and_unlock(place: Office, ana: Person, rui: Person) -> None:
    await done(ana, "lock hello in homolog because we test", "`hello` in homolog is locked: by Ana, until it is lifted")
    await done(rui, "tomar hello em homolog porque a fila parou", "`hello` em homolog está travado: por Rui")
    await ana.sees("Rui took over your lock of `hello` in homolog: a fila parou")
    await done(ana, "steal hello in homolog because it runs again", "Rui was told.")
    await rui.sees("Ana tomou a sua trava de `hello` em homolog: it runs again")
    await done(ana, "unlock hello in homolog", "`hello` in homolog is unlocked")
    await done(rui, "travar hello em homolog por 2h porque testamos", "`hello` em homolog está travado: por Rui, até")
    await done(rui, "destravar hello em homolog", "`hello` em homolog está destravado")
    assert await place.store.holds.active() == []


async def test_freeze_and_unfreeze(place: Office, ana: Person, rui: Person) -> None:
    await done(ana, "freeze production for 2d because of the sale", "production is frozen: by Ana, until")
    await done(ana, "unfreeze production", "production is not frozen any more")
    await done(rui, "congelar todos porque é feriado", "todos os ambientes está congelado: por Rui")
    await done(rui, "descongelar todos", "não está mais congelado")
    assert await place.store.holds.active() == []


async def test_who_may(place: Office, ana: Person, rui: Person) -> None:
    await done(ana, "who can approve hello in production", "These people may ask for `approve hello in production`")
    await done(rui, "quem pode aprovar hello em produção", "Estas pessoas podem executar `aprovar hello em production`")
    assert (await place.runs()) == []


async def test_approve_and_withdraw(place: Office, ana: Person, rui: Person) -> None:
    place.change_catalog("approvals: 1 ", "approvals: 2 ")
    run, approval = await asked_for(place, BIA)
    await done(ana, f"approve {run.id}", "Your approval is noted: 1 of 2.")
    await done(ana, f"withdraw {run.id}", "Your approval is taken back: 0 of 2.")
    await done(rui, f"aprovar {run.id}", "Sua aprovação foi registrada: 1 de 2.")
    await done(rui, f"desaprovar {run.id}", "Sua aprovação foi retirada: 0 de 2.")
    await done(rui, f"aprovo {run.id}", "1 de 2.")
    await done(ana, "approve hello", f"Approved: run `{run.id}` goes on to production.")
    settled = await place.store.approvals.get(approval.id)
    assert settled is not None
    assert (settled.decision, len(settled.given_by)) == (Decision.APPROVED, 2)
    other, _ = await asked_for(place, BIA)
    await done(ana, f"approve {other.id}", "1 of 2.")
    await done(rui, f"aprovar {other.id}", f"Aprovado: a execução `{other.id}` segue para production.")


async def test_reject(place: Office, ana: Person, rui: Person) -> None:
    first, _ = await asked_for(place, BIA)
    second, _ = await asked_for(place, BIA)
    await done(ana, f"reject {first.id} because it is Friday", f"Rejected: run `{first.id}` will not go to production.")
    await done(
        rui, f"rejeitar {second.id} porque é sexta", f"Rejeitado: a execução `{second.id}` não vai para production."
    )
    assert "é sexta" in words(await ana.reads(f"{second.id}/approval/approve-production", "Rejected by Rui"))


async def test_break_glass(place: Office, ana: Person, rui: Person) -> None:
    first, _ = await asked_for(place, BIA)
    second, _ = await asked_for(place, RUI)
    await done(
        ana, f"break-glass {first.id} because checkout is down", f"You broke the glass: run `{first.id}` goes on"
    )
    await done(rui, f"emergência {second.id} porque o site caiu", f"Você usou a emergência: a execução `{second.id}`")
    await ana.reads(f"{second.id}/glass/approve-production", "Rui broke the glass")
    assert "checkout is down" in words(await rui.reads(f"{first.id}/glass/approve-production"))


async def test_pause_resume_and_cancel(place: Office, ana: Person, rui: Person) -> None:
    run = await place.opened()
    await done(ana, f"pause {run.id}", f"Paused: run `{run.id}` starts nothing more")
    await done(ana, f"resume {run.id}", f"Run `{run.id}` goes on.")
    await done(rui, f"pausar {run.id}", f"Em pausa: a execução `{run.id}` não começa mais nada")
    await done(rui, f"retomar {run.id}", f"A execução `{run.id}` continua.")
    await done(ana, f"cancel {run.id}", f"Cancelling run `{run.id}`.")
    other = await place.opened()
    await done(rui, f"cancelar {other.id}", f"Cancelando a execução `{other.id}`.")
    assert [(await place.store.runs.get(each.id)).cancel_requested for each in (run, other)] == [True, True]


@pytest.mark.parametrize(
    ("english", "portuguese"),
    [
        ("retry {run}", "repetir {run}"),
        ("retry {run} failed", "repetir {run} falhas"),
        ("retry {run} all", "repetir {run} tudo"),
    ],
)
async def test_retry(place: Office, ana: Person, rui: Person, english: str, portuguese: str) -> None:
    old = await failed_at(place, "test", "unit")
    await _again(place, old, await done(ana, english.format(run=old.id), f"Trying `{old.id}` again"), Trigger.RETRY)
    await _again(place, old, await done(rui, portuguese.format(run=old.id), f"Repetindo `{old.id}`"), Trigger.RETRY)


async def test_rerun(place: Office, ana: Person, rui: Person) -> None:
    old = await failed_at(place, "deploy-homolog")
    said = await done(ana, f"rerun {old.id} from deploy-homolog", f"Doing `{old.id}` again from `deploy-homolog`")
    await _again(place, old, said, Trigger.RERUN)
    said = await done(
        rui, f"reexecutar {old.id} desde deploy-homolog", f"Refazendo `{old.id}` a partir de `deploy-homolog`"
    )
    await _again(place, old, said, Trigger.RERUN)


async def _again(place: Office, old: Run, new: str, trigger: Trigger) -> None:
    """The new run is for what the old one was; it ends here, so that the old one can be done again once more."""
    plan = (await place.store.runs.get(new)).plan
    assert (plan.trigger, plan.origin) == (trigger, old.id)
    await place.store.runs.finish(new, Status.CANCELLED)
