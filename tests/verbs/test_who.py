"""Who did it: who released what runs now, and who keeps others out, for whom may know."""

from tests.stories.person import Person
from tests.verbs.office import Office


async def test_who_deployed_names_who_released_what_runs_now(place: Office, ana: Person, rui: Person) -> None:
    assert "Nothing was released there yet." in (await ana.asks("who deployed hello?")).text
    release = await place.released()
    told = (await ana.asks("who deployed hello?")).text
    for word in ("Ana", "homolog", release.run, release.commit[:7]):
        assert word in told
    assert "Quem publicou o que está no ar:" in (await rui.asks("quem fez o deploy do hello em homolog?")).text
    assert "Nothing was released there yet." in (await ana.asks("who shipped greeter?")).text


async def test_who_locked_names_owner_time_and_reason(place: Office, ana: Person, rui: Person) -> None:
    assert "Nothing is locked or frozen there." in (await ana.asks("who is locking homolog?")).text
    assert "is locked" in (await ana.asks("lock hello in homolog because we test the queue for 2h")).text
    told = (await ana.asks("who is locking homolog?")).text
    for word in ("`hello` in homolog", "locked by Ana", "until", "(we test the queue)"):
        assert word in told
    assert "until it is lifted" not in told, "the time behind the reason counts"
    assert "Quem mantém os outros de fora:" in (await rui.asks("quem travou o hello em homolog?")).text
    assert "Nothing is locked" in (await ana.asks("who locked greeter?")).text


async def test_who_may_is_told_in_plain_words(place: Office, ana: Person, rui: Person) -> None:
    told = (await ana.asks("who can deploy hello to homolog")).text
    assert "These people may ask for `deploy hello in homolog`:" in told
    assert "role developer" in told
    assert "everybody listed" in (await ana.asks("who can status")).text
    dito = (await rui.asks("quem pode implantar hello em homolog")).text
    assert "Estas pessoas podem executar `implantar hello em homolog`:" in dito
    assert "papel developer" in dito
    assert "qualquer pessoa listada" in (await rui.asks("quem pode status")).text
    assert "role:" not in told + dito


async def test_a_stranger_is_not_told_who_did_it(place: Office, eva: Person) -> None:
    await place.released()
    for question in ("who deployed hello?", "who locked homolog?"):
        assert "not listed in the catalog" in (await eva.asks(question)).text


async def test_unlock_tomorrow_unlocks_nothing_today(place: Office, ana: Person) -> None:
    await ana.asks("lock hello in homolog")
    assert "I did not expect `tomorrow`" in (await ana.asks("unlock hello in homolog tomorrow")).text
    assert [hold.owner for hold in await place.store.holds.active()], "it stays"
    assert "is unlocked" in (await ana.asks("unlock hello in homolog because we are done")).text
