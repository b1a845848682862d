from bot.workspace.blocks.surfaces import check_view, demand_message
from tests.languages.conftest import Open
from tests.stories.reading import buttons, key_of, words

PORTUGUESE = (
    ("status", "O que está no ar em cada ambiente:"),
    ("situação do hello em produção", "nunca publicado"),
    ("ajuda", "*Entregar*: `implantar` `promover`"),
    ("ajuda tudo", "`implantar[!] &lt;serviço&gt;[@&lt;ref&gt;] [para|pra|pro|em|no|na] &lt;ambiente&gt; [com &lt;pip"),
    ("ajuda reverter", "Volta ao release anterior ao que está no ar, ou a um"),
    ("implantar helo em homolog", "Eu esperava um serviço depois de `implantar`, mas não conheço `helo`."),
    ("implantar hello", "Pode ser `homolog` ou `production`."),
    ("aprovar hello-9", "Nada de `hello-9` aguarda aprovação."),
    ("bom dia", "Às ordens!"),
    ("conte uma piada", "Não entendi."),
    ("histórico", "Nenhuma execução ainda."),
)
ENGLISH = (
    ("status", "What runs where:"),
    ("help", "*Deliver*: `deploy` `promote`"),
    ("help all", "`deploy[!] &lt;service&gt;[@&lt;ref&gt;] [to|in|on|into] &lt;environment&gt; [with &lt;pip"),
    ("deploy helo to homolog", "I expected a service after `deploy`, but `helo` is none that I know."),
    ("implantar hello", "It can be `homolog` or `production`."),
    ("approve hello-9", "Nothing of `hello-9` waits for approval."),
    ("history", "No runs yet."),
)


async def test_each_person_is_answered_in_the_language_of_their_slack(office: Open) -> None:
    with office("en") as place:
        async with place.person("release") as rui, place.person("dev") as ana:
            for asked, told in PORTUGUESE:
                assert told in (await rui.asks(asked)).text
            for asked, told in ENGLISH:
                assert told in (await ana.asks(asked)).text
            assert (await rui.client.act("home"))["ok"]
            home = await rui.until(lambda: rui.home or None)
            assert "Suas execuções" in words(home)


async def test_what_everybody_reads_is_in_the_language_of_the_settings(office: Open) -> None:
    with office("pt_BR") as place:
        async with place.person("release") as rui, place.person("dev") as ana:
            run = await ana.starts("deploy greeter to homolog")
            await ana.run_ends(run)
            card = await ana.reads(f"{run}/card", "Implantar greeter em homolog")
            failed = await ana.until(lambda: next((m for m in ana.about(run) if "/failure/" in key_of(m)), None))
            for message in ana.about(run):
                demand_message([{k: v for k, v in block.items() if k != "block_id"} for block in message["blocks"]])
            assert {"Repetir desde o início", "Log completo"} <= set(buttons(failed))
            assert "não responde" in words(failed), "what a runner says of its trouble"
            assert "does not answer" in (await ana.asks(f"logs {run}")).text
            assert "não responde" in (await rui.asks(f"logs {run}")).text
            assert "Pedido de Ana" in words(card)
            assert "What runs where:" in (await ana.asks("status")).text
            assert "O que está no ar" in (await rui.asks("status")).text
            await rui.client.say("#deploys", "/estiva deploy")
            modal = await rui.modal()
            assert check_view({k: modal[k] for k in ("type", "title", "submit", "close", "blocks")}, "modal") == []
            assert modal["title"]["text"] == "Implantar"
