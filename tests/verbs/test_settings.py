"""What people and channels choose: it is kept, and it wins over what Slack says."""

import json

from storage.model.run import Status
from tests.stories.person import Person
from tests.stories.reading import buttons, words
from tests.verbs.office import ANA, DEPLOYS, Office


async def test_the_language_chosen_here_wins_over_slacks(place: Office, ana: Person, rui: Person) -> None:
    shown = await ana.asks("settings")
    assert "You read: as in Slack." in shown.text
    assert list(buttons(shown.message)) == ["In Portuguese", "Do Not Mention Me"]
    await ana.clicks(shown.message, "In Portuguese")
    await ana.sees("Você lê: português.")
    assert "O que está no ar em cada ambiente:" in (await ana.asks("status")).text
    assert "You read: English." in (await rui.asks("preferências idioma inglês")).text
    assert "What runs where:" in (await rui.asks("status")).text
    assert "You read: as in Slack." in (await rui.asks("settings language slack")).text
    assert "O que está no ar em cada ambiente:" in (await rui.asks("status")).text


async def test_a_channel_reads_its_own_language_and_not_everybody_chooses_it(
    place: Office, ana: Person, rui: Person
) -> None:
    refused = (await rui.asks("preferências canal idioma português")).text
    assert "Você não pode escolher o idioma de um canal (o direito `channel-settings`). Peça a Ana ou Bia." in refused
    assert "say this in a channel" in (await ana.asks("settings channel language portuguese", "@estiva")).text
    assert "está em português" in (await ana.asks("settings channel language portuguese")).text
    run = await place.opened()
    assert "Implantar hello em homolog" in words(await ana.reads(f"{run.id}/card"))
    assert "installation" in (await ana.asks("settings channel language slack")).text
    assert (await place.store.preferences.get(DEPLOYS)).language is None


async def test_who_wants_no_notification_is_named_and_not_mentioned(place: Office, ana: Person) -> None:
    first = await place.opened()
    await place.store.runs.finish(first.id, Status.CANCELLED)
    assert "<@UANADEV01>" in words(await ana.reads(f"{first.id}/ended"))
    assert "only named" in (await ana.asks("settings mentions off")).text
    second = await place.opened()
    await place.store.runs.finish(second.id, Status.CANCELLED)
    ended = words(await ana.reads(f"{second.id}/ended"))
    assert "Ana *hello-2*" in ended
    assert "<@" not in ended
    assert "You are mentioned" in (await ana.asks("settings mentions on")).text
    assert "You are mentioned" in (await ana.asks("settings mentions on")).text
    rows = [row for row in await place.store.journal.export(0) if row["kind"] == "preference_changed"]
    told = [(row["actor"], json.loads(str(row["data"]))) for row in rows]
    nothing = {"language": None, "mentions": None}
    assert [(actor, data["before"], data["mentions"]) for actor, data in told] == [
        (ANA, nothing, False),
        (ANA, {**nothing, "mentions": False}, True),
    ], "what changed, once each"
