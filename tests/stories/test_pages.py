"""The page of a run: on only when it is asked for, and then behind the link that stands on the card."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import aiohttp

from tests.stories.reading import buttons, key_of, words
from tests.stories.world import World

Make = Callable[..., AbstractContextManager[World]]


async def _get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def test_the_card_of_a_run_links_to_its_page(make_world: Make) -> None:
    with make_world(ESTIVA_PAGES="true", ESTIVA_PAGES_SECRET="a secret of a story") as world:
        async with world.person("dev") as ana:
            run = await ana.deploys("deploy greeter to homolog")
            card = await ana.reads(f"{run}/card")
        found = re.search(r"<([^|>]+)\|Open run>", words(card))
        assert found, words(card)
        link = found[1].replace("&amp;", "&")
        assert link.startswith(f"{world.bot.url}/runs/{run}?")
        status, page = await _get(link)
        assert status == 200
        assert "Deployed greeter to homolog" in page
        assert (await _get(f"{world.bot.url}/runs/{run}"))[0] == 404
        thread = re.search(r'href="([^"]*)">Open thread<', page)
        assert thread, page
        leads_to = thread[1].replace("&amp;", "&")
        assert leads_to.startswith(f"{world.local.url}/archives/")
        assert leads_to.endswith(f"?thread_ts={card['ts']}&cid=C0DEPLOYS")


async def test_the_button_of_a_failure_leads_to_the_log_and_so_does_what_logs_answers(make_world: Make) -> None:
    with make_world(ESTIVA_PAGES="true", ESTIVA_PAGES_SECRET="a secret of a story") as world:
        says = "import sys; print('the sea is rough'); sys.exit(3)"
        world.service("whimbrel", tests=[{"name": "unit", "with": {"run": ["python3", "-c", says]}}])
        async with world.person("dev") as ana:
            run = await ana.starts("deploy whimbrel to homolog")
            assert await ana.run_ends(run) == "failed"
            failure = await ana.until(lambda: next((m for m in ana.about(run) if "/failure/" in key_of(m)), None))
            address = buttons(failure)["Full Log"][1]["url"]
            assert address.startswith(f"{world.bot.url}/runs/{run}/logs/test/unit?")
            status, page = await _get(address)
            assert (status, "the sea is rough" in page) == (200, True)
            found = re.search(r"<([^|>]+)\|Full Log>", words((await ana.asks(f"logs {run}")).message))
            assert found
            assert found[1].replace("&amp;", "&") == address


async def test_without_being_asked_for_there_are_no_pages(world: World) -> None:
    for path in ("/runs", "/runs/hello-1", "/runs/static/runs.css"):
        assert (await _get(world.bot.url + path))[0] == 404


async def test_pages_are_not_served_without_a_secret(world: World) -> None:
    code, printed = await world.bot.estiva("serve", ESTIVA_PAGES="true")
    assert code == 2
    assert "ESTIVA_PAGES_SECRET" in printed
