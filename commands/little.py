"""The little words of both languages: courtesies, requests, questions, negations, articles, prepositions.

They carry no argument. What a usage line asks for stands in the line; what people say around it stands here.
Spellings are without accents, as words are compared.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from commands.tokens import Token


class Role(Enum):
    """What a little word does to the sentence."""

    POLITE = auto()
    """Says nothing: `please`, `agora`."""
    REQUEST = auto()
    """Makes a question a request: `can you`, `pode`."""
    LIGHT = auto()
    """Makes a noun the verb: `do a deploy`, `faz o deploy`."""
    SHOW = auto()
    """Asks to see: `show me`, `qual o`."""
    QUESTION = auto()
    """Asks whether, why or when; nothing is to be done."""
    NEGATION = auto()
    """Says that something is not to be done."""
    TALK = auto()
    """Tells of something: `was`, `quebrou`."""


_SAID: dict[Role, str] = {
    Role.POLITE: """
        please, pls, plz, kindly, hey, hi, hello, yo, good morning, good afternoon, good evening, thanks,
        thank you, thx, many thanks, now, right now, asap, for me, for us, me, just, ok, okay, so, team,
        folks, everyone, guys, when you can, if you can, if possible, real quick, quickly, going, doing,
        looking, estiva, bot, cc, por favor, por gentileza, favor, pf, pfv, pfvr, pfvzinho, oi, oie, ola, opa,
        e ai, eai, bom dia, boa tarde, boa noite, obrigado, obrigada, brigado, valeu, vlw, agora, agora mesmo,
        de novo, outra vez, ja, ai, la, aqui, aqui pra mim, pra mim, para mim, pra gente, pra nos, para nos,
        se puder, quando puder, se possivel, quando der, entao, pessoal, galera, gente, time, rapidinho,
        rapido, logo, indo, please and thank you, thanks in advance, no worries, when you have a minute,
        quando tiver um tempo
    """,
    Role.REQUEST: """
        can you, could you, would you, will you, can u, could u, can we please, would you mind, i want to,
        i want you to, i would like to, i'd like to, i need to, i need you to, let's, lets, let us,
        go ahead and, go and, pode, podes, poderia, podia, consegue, conseguiria, da pra, da para, daria pra,
        daria para, tem como, voce pode, vc pode, voce consegue, vc consegue, voce poderia, vc poderia,
        sera que pode, sera que da pra, sera que da para, quero, quero que, queria, queria que, gostaria de,
        gostaria que, preciso, preciso que, preciso de, vamos, vamo, bora, voce, vc, can someone,
        could someone, can anyone, someone please, alguem pode, alguem consegue, alguem poderia,
        i would like you to
    """,
    Role.LIGHT: """
        do, make, run, start, trigger, perform, execute, launch, kick off, begin, give me, faz, fazer, faca,
        facam, roda, rodar, rode, executa, executar, dispara, disparar, dispare, inicia, iniciar, inicie,
        comeca, comecar, comece, da, dar, de, manda, mandar, mande, solta, soltar, solte
    """,
    Role.SHOW: """
        show, show me, give me, tell me, tell me about, list, get, get me, see, view, display, print, check,
        what is, what's, whats, what are, what were, where is, where are, let me see, i want to see, i want,
        can i see, can i get, can i have, mostra, mostrar, mostre, me mostra, me mostre, mostra pra mim,
        me da, me de, me diz, me diga, me fala, me manda, ver, veja, quero ver, queria ver, posso ver, lista,
        listar, liste, exibe, exibir, exiba, traz, traga, qual, qual e, qual o, qual a, quais, quais sao,
        quais os, quais as, cade, consulta, consultar, checa, checar
    """,
    Role.QUESTION: """
        did, does, do we, do you, do i, is, isn't, are, aren't, was, were, wasn't, has, have, had, hasn't,
        why, when, who, where, what, how, which, whose, should, shall, may i, may we, can i, can we, could i,
        could we, can't we, am i, will it, would it, what if, how about, what about, any idea, do they,
        is there, are there, posso, podemos, devo, devemos, sera, sera que, por que, pq, porque, quando, quem,
        onde, o que, oque, que, como, quanto, quantos, quantas, qual foi, alguem sabe, sabe se, sabem se,
        voce sabe, vc sabe, deu certo, e se, que tal, should we, should i, did you, have you, are you,
        anyone know if, alguem sabe se
    """,
    Role.NEGATION: """
        don't, dont, do not, didn't, doesn't, never, not, not yet, cannot, can't, cant, won't, wont,
        shouldn't, mustn't, no need, nao, nunca, jamais, nem, n, ainda nao
    """,
    Role.TALK: """
        is, are, was, were, be, been, being, am, has, have, had, having, will, would, should, must, might,
        may, shall, we, they, she, he, it's, i, i'm, you, they're, we're, broke, broken, breaks, failed,
        fails, failing, worked, works, working, finished, finishes, went, goes, took, takes, taking,
        yesterday, ago, said, says, stuck, slow, great, nice, bad, good, eh, foi, era, eram, foram, esta,
        estao, estava, estavam, ta, tao, tava, tavam, deu, deram, da pau, quebrou, quebrado, quebrada, falhou,
        falharam, falhando, funcionou, funciona, caiu, travou, demorou, demora, terminou, acabou, ontem,
        anteontem, eu, ele, ela, eles, elas, disse, falou, parou, ficou, vai, vao, vou, deveria, deveriamos,
        deve, ruim, bom, otimo
    """,
}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ARTICLES = _set(
    """
    the a an this that these those our my your its o os as um uma uns umas este esta esse essa aquele
    aquela nosso nossa meu minha both ambos ambas
    """
)
PREPOSITIONS = _set(
    """
    to in on into onto at of for from with using about within by de do da dos das em no na nos nas ao aos para
    pra pro pras pros p/ com usando sobre num numa -> => >
    """
)
NOT_A_PLACE = _set("from with using about within by com usando sobre")
"""Prepositions that never say where: `deploy api from homolog` does not deploy to homolog."""
JOINING = frozenset({",", "and", "e", "&", "+", "plus", "mais", "also", "tambem"})

_RUNS = "deploy deploys deployment deployments rollout run runs release execucao implantacao publicacao"
_AGE = "last latest current new newest ultimo ultima ultimos ultimas atual novo nova"
_SERVICE = "service services servico servicos app application aplicacao aplicativo projeto project"
NOUNS: Mapping[str, frozenset[str]] = {
    "service": _set(f"{_SERVICE} {_AGE}"),
    "run": _set(f"{_RUNS} {_AGE}"),
    "environment": _set("environment env ambiente server servidor cluster"),
    "command": _set("command comando do fazer dar"),
    "person": _set("user person usuario pessoa"),
}
"""Words that may stand before a name and say only what kind of thing it is: `o serviço api`."""

Phrases = Mapping[str, Sequence[tuple[tuple[str, ...], Role]]]


def _phrases(*roles: Role) -> Phrases:
    """Give, by their first word, the little phrases of some roles, longest first; of equals the role named first."""
    found: dict[str, list[tuple[tuple[str, ...], Role]]] = {}
    for role in roles:
        for said in _SAID[role].split(","):
            words = tuple(said.split())
            found.setdefault(words[0], []).append((words, role))
    return {first: sorted(every, key=lambda each: -len(each[0])) for first, every in found.items()}


OPENING = _phrases(Role.NEGATION, Role.SHOW, Role.REQUEST, Role.QUESTION, Role.LIGHT, Role.POLITE)
"""What may stand before the verb."""
PASSING = _phrases(Role.POLITE, Role.REQUEST)
"""What may stand anywhere and says nothing."""
COURTEOUS = _phrases(Role.POLITE)
NEGATING = _phrases(Role.NEGATION)
TELLING = _phrases(Role.TALK)
WORDS = frozenset(_SAID[Role.NEGATION].replace(",", " ").split()).union(
    ARTICLES, PREPOSITIONS, JOINING, *NOUNS.values()
)
"""Little words that mean something around a name: a name that is one of them is printed in quotes."""


def phrase_at(phrases: Phrases, said: Sequence[Token], at: int) -> tuple[Role, int] | None:
    """Find the longest little phrase that begins at a word; gives its role and where it ends."""
    for words, role in phrases.get(said[at].folded, ()):
        here = said[at : at + len(words)]
        if tuple(token.folded for token in here) == words and not any(token.quoted for token in here):
            return role, at + len(words)
    return None


def is_courtesy(said: Sequence[Token]) -> bool:
    """Tell whether a message greets or thanks, and says nothing else."""
    at, courteous = 0, False
    while at < len(said):
        found = phrase_at(COURTEOUS, said, at)
        if found is None and not said[at].silent:
            return False
        courteous = courteous or found is not None
        at = found[1] if found else at + 1
    return courteous
