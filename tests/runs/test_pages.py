"""The pages of runs, asked for over a real socket, as by a friend and as by a stranger."""

import re
from datetime import timedelta
from html import escape, unescape
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.runs.links import Links
from storage.model.catalog import Json
from storage.model.event import Kind
from storage.model.gate import GateKind
from storage.model.run import Status
from storage.model.worded import data_of, worded
from tests.runs.conftest import Made
from tests.slack.town import RUI


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def page(links: Links, made: Made, run: str, more: str = "") -> str:
    url = links.to_run(run, (await made.store.runs.get(run)).opened_at)
    status, text = await get(url + more)
    assert status == 200, text
    return text


async def test_a_run_shows_its_graph_its_steps_and_what_happened(made: Made, links: Links) -> None:
    run = await made.at_the_gate()
    text = await page(links, made, run.id)
    assert text.count("<svg") == 2
    for words in ("Waiting for approval (1 of 2)", "May approve: Rui", "approval asked for production", "7 passed"):
        assert words in text
    assert '<meta http-equiv="refresh" content="10">' in text
    assert text.lower().count("<script") == 1, "the one that sets the clocks"


async def test_a_run_that_is_over_is_not_asked_for_again(made: Made, links: Links) -> None:
    text = await page(links, made, (await made.failed()).id)
    assert "http-equiv" not in text
    assert "not started" in text
    assert "see the log" in text


BUILT = "BUILD: `docker build .` ended with exit code 1"
COPY = "COPY failed: file not found: stat <greetings>.json"


async def test_why_a_run_failed_stands_above_its_graph_with_the_line_of_the_log_that_says_it(
    made: Made, links: Links
) -> None:
    run = await made.failed(BUILT, ("Step 3/3 : COPY <greetings>.json ./", COPY))
    text = await page(links, made, run.id)
    assert "<code>COPY failed: file not found: stat &lt;greetings&gt;.json</code>" in text.partition("<svg")[0]
    coded = BUILT.replace("`docker build .`", "<code>docker build .</code>")
    above, _, below = re.sub(r"<title>.*?</title>", "", text).partition("<svg")
    steps, _, trail = below.partition('<ol class="events">')
    assert f"build/image: {coded}" in above
    assert "exit code 1" not in steps, "it stands above in the same glance"
    assert trail.count("exit code 1") == 1, "the trail says it once"
    assert "see the log" in steps


async def test_a_step_that_failed_beside_another_says_itself_why(made: Made, links: Links) -> None:
    run = await made.run()
    await made.done(run, "source", "checkout")
    for action in ("image", "audit"):
        why: dict[str, Json] = {"stage": "build", "action": action, "attempt": 1, "excerpt": [f"error: no {action}"]}
        await made.fact(run, Kind.ACTION_STARTED, **why)
        await made.fact(run, Kind.ACTION_FAILED, **why, reason="`make` ended with exit code 2")
    await made.store.runs.finish(run.id, Status.FAILED, "build/image: `make` ended with exit code 2")
    above, _, below = (await page(links, made, run.id)).partition('<table class="steps">')
    assert "<code>error: no image</code>" in above
    assert "<code>error: no audit</code>" in below
    assert "error: no image" not in below
    assert "<code>make</code> ended with exit code 2" in below


async def test_it_is_read_in_the_language_that_is_asked_for(made: Made, links: Links) -> None:
    run = (await made.at_the_gate()).id
    assert '<html lang="pt-BR">' in (portuguese := await page(links, made, run, "&lang=pt_BR"))
    assert "Aguardando aprovação" in portuguese
    assert "lang=pt_BR" in re.findall(r'href="(/runs/hello[^"]*)"', portuguese)[0]
    assert '<html lang="en">' in await page(links, made, run, "&lang=klingon")


async def test_what_happened_is_told_in_that_language_too(made: Made, links: Links) -> None:
    run = await made.run()
    why = worded("{name} ended with exit code {code}", name="`make test`", code=2)
    where: dict[str, Json] = {"stage": "build", "action": "image", "attempt": 1}
    await made.fact(run, Kind.ACTION_FAILED, **where, **data_of(reason=why))
    await made.fact(run, Kind.GATE_WAITING, stage="deploy", gate=GateKind.LOCK.value)
    await made.fact(run, Kind.APPROVAL_DENIED, by=RUI, reason="author")
    await made.store.runs.finish(run.id, Status.FAILED, worded("rejected by {name}", name=RUI))
    portuguese = await page(links, made, run.id, "&lang=pt_BR")
    assert "build/image falhou: <code>make test</code> terminou com o código de saída 2" in portuguese
    assert "espera antes de deploy: trava" in portuguese
    assert "terminou com falha: rejeitado por Rui" in portuguese
    assert "não pode aprovar: escreveu um dos commits" in portuguese
    assert "exit code" not in portuguese


async def test_who_rejected_what_an_action_asked_is_called_by_name(made: Made, links: Links) -> None:
    run = await made.run()
    no = worded("rejected by {name}: {reason}", name=RUI, reason="not on a Friday")
    where: dict[str, Json] = {"stage": "build", "action": "image", "attempt": 1}
    await made.fact(run, Kind.ACTION_STARTED, **where)
    await made.fact(run, Kind.ACTION_FAILED, **where, **data_of(reason=no))
    why = worded("{action}: {reason}", action="build/image", reason=no)
    await made.store.runs.finish(run.id, Status.FAILED, why)
    told = await page(links, made, run.id)
    assert "<p>build/image: rejected by Rui: not on a Friday</p>" in told
    assert RUI not in told


async def test_what_others_wrote_is_shown_and_never_obeyed(made: Made, links: Links) -> None:
    run = await made.trying_again()
    text = await page(links, made, run.id)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


async def test_a_log_stands_behind_its_own_link_with_a_way_back_to_its_run(made: Made, links: Links) -> None:
    run = await made.trying_again()
    found = linked(await page(links, made, run.id, "&lang=pt_BR"), "unit")
    status, log = await get(links.base + found)
    assert status == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in log
    assert "<script>alert" not in log
    assert f"Voltar para {run.id}" in log
    status, back = await get(links.base + linked(log, f"/{run.id}?"))
    assert status == 200
    assert linked(back, "unit") == found


def linked(text: str, part: str) -> str:
    """Find the first link whose address has a part in it."""
    addresses = map(unescape, re.findall(r'href="(/runs/[^"]*)"', text))
    return next(address for address in addresses if part in address)


async def test_a_log_is_plain_text_for_who_asks_for_that(made: Made, links: Links) -> None:
    run = await made.trying_again()
    _, log = await get(links.base + linked(await page(links, made, run.id), "unit"))
    link = linked(log, "plain=1")
    async with aiohttp.ClientSession() as session, session.get(links.base + link) as answer:
        assert answer.content_type == "text/plain"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script>alert(1)</script>" in await answer.text()
    status, _ = await get(links.base + link.replace("unit", "image"))
    assert status == 404


async def test_the_list_opens_every_run_in_it(made: Made, links: Links) -> None:
    runs = {(await made.failed()).id, (await made.at_the_gate()).id, *(run.id for run in await made.queued())}
    status, text = await get(links.to_list())
    assert status == 200
    found = {unescape(link) for link in re.findall(r'href="(/runs/hello[^"]*)"', text)}
    assert {urlsplit(link).path.rpartition("/")[2] for link in found} == runs
    for link in found:
        assert (await get(links.base + link))[0] == 200


async def test_without_a_good_link_there_is_nothing_here(made: Made, links: Links) -> None:
    run, other = await made.failed(), await made.failed()
    good = links.to_run(run.id, run.opened_at)
    key = parse_qs(urlsplit(good).query)["key"][0]
    until = parse_qs(urlsplit(good).query)["until"][0]
    bad = [
        good.partition("?")[0],
        good.replace(run.id, other.id),
        good.replace(key, key[:-1] + ("0" if key[-1] != "0" else "1")),
        good.replace(until, str(int(until) + 1)),
        good.replace(until, "9" * 400),
        good.replace(until, "-1"),
        good.replace(until, "\u0661"),
        good.replace(key, "\u00fc" * 40),
        good.replace(f"/{run.id}", ""),
        links.base + links.path("/runs/hello-999", int(until)),
        Links(secret=b"another", clock=links.clock, base=links.base).to_run(run.id, run.opened_at),
    ]
    answers = {await get(url) for url in bad}
    assert answers == {(404, "404: Not Found")}
    assert (await get(good))[0] == 200
    made.now += timedelta(days=31)
    assert await get(good) == (404, "404: Not Found")


async def test_the_address_of_a_run_stays_the_same(made: Made, links: Links) -> None:
    run = await made.failed()
    first = links.to_run(run.id, run.opened_at)
    made.now += timedelta(hours=5)
    assert links.to_run(run.id, run.opened_at) == first


async def test_no_page_may_be_framed_kept_or_told_to_others(made: Made, links: Links) -> None:
    run = await made.failed()
    async with aiohttp.ClientSession() as session, session.get(links.to_run(run.id, run.opened_at)) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("name", "status"), [("runs.css", 200), ("runs.js", 200), ("other.css", 404)])
async def test_there_is_one_style_sheet_and_one_script(links: Links, name: str, status: int) -> None:
    assert (await get(f"{links.base}/runs/static/{name}"))[0] == status


async def test_every_time_can_be_put_into_the_zone_of_the_reader(made: Made, links: Links) -> None:
    run = await made.at_the_gate()
    text = await page(links, made, run.id, "&lang=pt_BR")
    asked = await made.store.approvals.get(f"{run.id}/live")
    assert asked is not None
    until = asked.expires_at
    there = f"{until:%Y-%m-%dT%H:%M:%S}+00:00"
    written = f"{until:%d/%m/%Y %H:%M} UTC"
    assert f'<time datetime="{there}" data-form="moment" title="{written}">{written}</time>' in text
    assert "UTC" not in re.sub(r"<time.*?</time>|<title>.*?</title>|<span class=.zone.>UTC</span>", "", text)
    assert "&lt;t:" not in text


async def test_a_run_leads_to_the_thread_in_which_it_is_talked_about(made: Made, links: Links) -> None:
    run = await made.failed()
    assert "Open thread" not in await page(links, made, run.id)
    await made.store.posts.put(f"{run.id}/card", "C0DEPLOYS", "1700000000.000100", "digest")
    there = f"{made.slack}/archives/C0DEPLOYS/p1700000000000100?thread_ts=1700000000.000100&cid=C0DEPLOYS"
    assert f'<a href="{escape(there)}">Open thread</a>' in await page(links, made, run.id)
    made.slack = ""
    assert "Open thread" not in await page(links, made, run.id)


def step(text: str, anchor: str) -> str:
    """Find the line of a step."""
    return text.partition(f'<tr id="{anchor}"')[2].partition("</tr>")[0]


async def test_a_step_unfolds_to_its_attempts_what_it_handed_on_and_the_end_of_its_log(
    made: Made, links: Links
) -> None:
    run = await made.trying_again()
    sink = made.store.logs.sink(run.id, "build", "unit", 2)
    for number in range(30):
        sink.line(f"line {number}")
    sink.close()
    made.now += timedelta(seconds=5)
    given: dict[str, Json] = {"summary": "7 passed", "variables": {"COVERAGE": "93 percent"}}
    await made.fact(run, Kind.ACTION_SUCCEEDED, stage="build", action="unit", attempt=2, **given)
    text = await page(links, made, run.id)
    unit = step(text, "build/unit")
    for words in (
        "attempt 1",
        "refused",
        "attempt 2",
        "5 s",
        "<code>COVERAGE</code>",
        "line 20\nline 21",
        "line 29</pre>",
    ):
        assert words in unit, words
    assert "line 19" not in unit
    assert "93 percent" not in text, "values may be anything"
    assert "<details>" in unit, "what went well is folded"
    for other in ("source/checkout", "deploy/release"):
        assert "<details" not in step(text, other), "there is nothing more to tell"


async def test_what_failed_is_unfolded(made: Made, links: Links) -> None:
    run = await made.run()
    await made.fact(run, Kind.ACTION_STARTED, stage="source", action="checkout", attempt=1)
    why: dict[str, Json] = {"reason": "no such branch", "exit_code": 128, "final": True}
    await made.fact(run, Kind.ACTION_FAILED, stage="source", action="checkout", attempt=1, **why)
    checkout = step(await page(links, made, run.id), "source/checkout")
    assert "<details open>" in checkout
    assert "Exit code: 128" in checkout


async def test_what_goes_on_says_how_far_it_is(made: Made, links: Links) -> None:
    run = await made.trying_again()
    await made.fact(run, Kind.ACTION_STARTED, stage="deploy", action="release", attempt=1)
    await made.fact(run, Kind.ACTION_PROGRESSED, stage="deploy", action="release", progress="1 of 2 is healthy")
    assert "1 of 2 is healthy" in step(await page(links, made, run.id), "deploy/release")
