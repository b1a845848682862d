import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.book import book, verb_names
from commands.parser import Conversation, Unclear, Understood, parse
from commands.tokens import tidy, tokens
from commands.words import Words
from tests.commands.catalogs import CATALOG

WORDS = Words(CATALOG, verb_names())

ACCEPTED = [
    ("deploy hello to homolog", "deploy", {"service": "hello", "environment": "homolog"}),
    ("Deploy `hello` to Homologação!", "deploy", {"service": "hello", "environment": "homolog"}),
    ("deploy hi prod", "deploy", {"service": "hello", "environment": "production"}),
    (
        "deploy hello@feature/x-1 to staging",
        "deploy",
        {"service": "hello", "ref": "feature/x-1", "environment": "homolog"},
    ),
    (
        "implantar api-gateway@v1.0.0 em produção",
        "deploy",
        {"service": "api-gateway", "ref": "v1.0.0", "environment": "production"},
    ),
    ("status", "status", {}),
    ("status hello", "status", {"service": "hello"}),
    ("status production", "status", {"environment": "production"}),
    ("logs hello", "logs", {"service": "hello"}),
    ("logs hello-12", "logs", {"run": "hello-12"}),
    ("logs api-gateway-3", "logs", {"run": "api-gateway-3"}),
    ("history hello in prod", "history", {"service": "hello", "environment": "production"}),
    ("rollback hello in homolog", "rollback", {"service": "hello", "environment": "homolog"}),
    ("cancel #hello-3", "cancel", {"run": "hello-3"}),
    ("pause hello-3", "pause", {"run": "hello-3"}),
    ("segura hello", "pause", {"service": "hello"}),
    ("resume hello-3/announce", "resume", {"gate": "hello-3/announce"}),
    ("continue hello-3/2", "resume", {"gate": "hello-3/2"}),
    ("retomar hello", "resume", {"service": "hello"}),
    ("retry hello-3 failed", "retry", {"run": "hello-3", "extent": "failed"}),
    ("retry hello-3 all stage Deploy-homolog", "retry", {"run": "hello-3", "extent": "all", "stage": "deploy-homolog"}),
    ("repetir hello-3 falhas etapa testes", "retry", {"run": "hello-3", "extent": "falhas", "stage": "testes"}),
    ("rerun hello-3 from deploy-homolog", "rerun", {"run": "hello-3", "stage": "deploy-homolog"}),
    ("reexecutar hello-3 desde deploy-homolog", "rerun", {"run": "hello-3", "stage": "deploy-homolog"}),
    ("approve hello-7/approve-production", "approve", {"approval": "hello-7/approve-production"}),
    ("reject hello-7 because “not today”", "reject", {"approval": "hello-7", "reason": "not today"}),
    ("help deploy", "help", {"command": "deploy"}),
    ("ajuda", "help", {}),
    ("implantar hello em homologação", "deploy", {"service": "hello", "environment": "homolog"}),
    ("publicar hello@v2.1 em produção", "deploy", {"service": "hello", "ref": "v2.1", "environment": "production"}),
    ("subir hello@main pra hml", "deploy", {"service": "hello", "ref": "main", "environment": "homolog"}),
    ("sobe hello pro homolog", "deploy", {"service": "hello", "environment": "homolog"}),
    ("promover hello para produção", "promote", {"service": "hello", "environment": "production"}),
    ("promote hello to production", "promote", {"service": "hello", "environment": "production"}),
    ("reverter hello em produção", "rollback", {"service": "hello", "environment": "production"}),
    ("voltar hello no homolog", "rollback", {"service": "hello", "environment": "homolog"}),
    ("desfazer hello na produção", "rollback", {"service": "hello", "environment": "production"}),
    ("cancelar hello-12", "cancel", {"run": "hello-12"}),
    ("parar hello", "cancel", {"service": "hello"}),
    ("interromper hello-12", "cancel", {"run": "hello-12"}),
    ("aprovar hello-12", "approve", {"approval": "hello-12"}),
    ("aprovo hello", "approve", {"service": "hello"}),
    ("rejeitar hello-12", "reject", {"approval": "hello-12"}),
    ("recusar hello-12 porque faltam testes", "reject", {"approval": "hello-12", "reason": "faltam testes"}),
    ("repetir hello-12", "retry", {"run": "hello-12"}),
    ("tentar de novo hello-12", "retry", {"run": "hello-12"}),
    ("tentar hello-12 novamente", "retry", {"run": "hello-12"}),
    ("refazer hello-12", "retry", {"run": "hello-12"}),
    ("situação de hello em produção", "status", {"service": "hello", "environment": "production"}),
    ("estado do hello", "status", {"service": "hello"}),
    ("histórico", "history", {}),
    ("historico do hello em produção", "history", {"service": "hello", "environment": "production"}),
    ("registros de hello", "logs", {"service": "hello"}),
    ("falha do hello em homologação", "logs", {"service": "hello", "environment": "homolog"}),
    ("erros", "logs", {}),
    ("comandos", "help", {}),
    ("ajuda implantar", "help", {"command": "deploy"}),
    ("ajuda situação", "help", {"command": "status"}),
    ("ajuda tudo", "help", {"all": "all"}),
    ("diff hi homolog prod", "diff", {"service": "hello", "environment": "homolog", "other": "production"}),
    (
        "comparar hello entre homologação e produção",
        "diff",
        {"service": "hello", "environment": "homolog", "other": "production"},
    ),
    ("diff hello-12 with hello-15", "diff", {"run": "hello-12", "release": "hello-15"}),
    ("plan hello@main to hml", "plan", {"service": "hello", "ref": "main", "environment": "homolog"}),
    ("simular implantar hello em produção", "plan", {"service": "hello", "environment": "production"}),
    ("history by Ana since 3d", "history", {"person": "UANA", "since": "3d"}),
    (
        "histórico do hello em produção por <@UANA>",
        "history",
        {"service": "hello", "environment": "production", "person": "UANA"},
    ),
    ("history hello since 2026-03-01", "history", {"service": "hello", "since": "2026-03-01"}),
    ("fila de homolog", "queue", {"environment": "homolog"}),
    ("quemsou", "whoami", {}),
    (
        "deploy hello to homolog with default",
        "deploy",
        {"service": "hello", "environment": "homolog", "pipeline": "default"},
    ),
    (
        "implantar hello em homolog pipeline=default",
        "deploy",
        {"service": "hello", "environment": "homolog", "pipeline": "default"},
    ),
    ("logs hello-12 image", "logs", {"run": "hello-12", "action": "image"}),
    ("logs of hello-12 build/image grep FAIL", "logs", {"run": "hello-12", "action": "build/image", "words": "FAIL"}),
    (
        "logs do hello em homolog desde 10m com erro fatal",
        "logs",
        {"service": "hello", "environment": "homolog", "since": "10m", "words": "erro fatal"},
    ),
    ("logs hello in homolog now", "logs", {"service": "hello", "environment": "homolog", "now": "now"}),
    ("rollback hello to 12", "rollback", {"service": "hello", "release": "hello-12"}),
    (
        "reverter hello em homolog para 12",
        "rollback",
        {"service": "hello", "environment": "homolog", "release": "hello-12"},
    ),
    ("rollback hello homolog pick", "rollback", {"service": "hello", "environment": "homolog", "pick": "pick"}),
    ("restart hello in homolog", "restart", {"service": "hello", "environment": "homolog"}),
    ("reimplantar hello em produção", "redeploy", {"service": "hello", "environment": "production"}),
    ("configuração do hello em homolog", "env", {"service": "hello", "environment": "homolog"}),
]


@pytest.mark.parametrize(("text", "name", "arguments"), ACCEPTED, ids=[text for text, _, _ in ACCEPTED])
def test_a_message_becomes_its_command(text: str, name: str, arguments: dict[str, str]) -> None:
    parsed = parse(text, WORDS)
    assert isinstance(parsed, Understood), parsed
    assert (parsed.command.name, dict(parsed.arguments)) == (name, arguments)


UNCLEAR = [
    (
        "deploy hello",
        "I expected an environment after `hello`",
        ["deploy hello to homolog", "deploy hello to production"],
    ),
    (
        "deploy hello to",
        "I expected an environment after `to`",
        ["deploy hello to homolog", "deploy hello to production"],
    ),
    ("deploy helo to homolog", "Did you mean `hello`?", ["deploy hello to homolog"]),
    ("deploy helo@main to homolog", "Did you mean `hello@main`?", ["deploy hello@main to homolog"]),
    ("deploy hello to homlog", "Did you mean `homolog`?", ["deploy hello to homolog"]),
    ("deploy hello to mars", "It can be `homolog` or `production`", []),
    ("depoy hello to homolog", "Did you mean `deploy`?", ["deploy hello to homolog"]),
    ("deploy", "I expected a service after `deploy`", []),
    ("deploy hello to homolog tomorrow", "I did not expect `tomorrow` after `homolog`", []),
    ("deploy hello@--upload-pack=x to homolog", "is none that I know", []),
    ("what a lovely day", "I did not understand that", []),
]


@pytest.mark.parametrize(("text", "says", "offers"), UNCLEAR, ids=[text for text, _, _ in UNCLEAR])
def test_a_near_miss_says_what_was_expected(text: str, says: str, offers: list[str]) -> None:
    parsed = parse(text, WORDS)
    assert isinstance(parsed, Unclear), parsed
    assert says in parsed.text
    for offer in offers:
        assert offer in [o.command for o in parsed.offers]


def test_several_lines_are_conversation() -> None:
    assert isinstance(parse("deploy hello to homolog\nand then some", WORDS), Conversation)


@pytest.mark.parametrize("name", list(book()))
def test_each_commands_examples_are_that_command(name: str) -> None:
    for example in book()[name].examples:
        parsed = parse(example, WORDS)
        assert isinstance(parsed, Understood), (example, parsed)
        assert parsed.command.name == name


def test_offers_parse_as_commands() -> None:
    for text, _, _ in UNCLEAR:
        parsed = parse(text, WORDS)
        assert isinstance(parsed, Unclear)
        if parsed.command:
            answers = [parse(offer.command, WORDS) for offer in parsed.offers]
            assert all(isinstance(answer, Understood | Unclear) and answer.command for answer in answers)
            assert text == "deploy" or all(isinstance(answer, Understood) for answer in answers)


@given(st.text(alphabet=string.printable + "çãéíõü\u201c\u2018\u2014<>|@#`\u202e", max_size=300))
def test_nothing_without_a_verb_of_its_own_is_a_command(text: str) -> None:
    parsed = parse(text, WORDS)
    if isinstance(parsed, Understood):
        said = tokens(tidy(text))
        verbs = [found[0] for at in range(len(said)) if (found := WORDS.verb_at(said, at))]
        assert parsed.command.name in verbs


@given(st.lists(st.sampled_from(["deploy", "hello", "to", "in", "homolog", "prod", "logs", "hello-1", "because"])))
def test_a_ref_is_only_what_was_written_behind_an_at_sign(said: list[str]) -> None:
    parsed = parse(" ".join(said), WORDS)
    if isinstance(parsed, Understood):
        assert "ref" not in parsed.arguments
