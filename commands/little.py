"""The little words of both languages: courtesies, requests, questions, negations, articles, prepositions.

They carry no argument. What a usage line asks for stands in the line; what people say around it stands here.
Spellings are without accents, as words are compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto

from commands.tokens import Token, tokens


class Role(Enum):
    """What a little word does to the sentence."""

    POLITE = auto()
    """Says nothing: `please`, `agora`."""
    FAVOUR = auto()
    """For whom it is to be done: somebody else is to do it, where it is a decision."""
    THANKS = auto()
    """Thanks: behind a command for it, before one for what was done."""
    GROUP = auto()
    """Speaks to several people: `team`, `galera`."""
    OK = auto()
    """Before a command nothing, behind one a report of it: `deploy of api ok`."""
    DOING = auto()
    """Somebody is at it: `doing`, `indo`."""
    REQUEST = auto()
    """Makes a question a request: `can you`, `pode`."""
    WISH = auto()
    """A request in the first person: `i want to`, `quero`."""
    OTHERS = auto()
    """A request to nobody in particular: `can someone`, `alguém pode`."""
    YOU = auto()
    """Speaks to somebody, and leaves a question one: `would you`, `vc`."""
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
        please, pls, plz, kindly, hey, hi, hello, yo, good morning, good afternoon, good evening, now,
        right now, asap, just, so, when you can, if you can, if possible, real quick,
        quickly, estiva, bot, cc, por favor, por gentileza, favor, pf, pfv, pfvr, pfvzinho, oi, oie, ola, opa,
        e ai, eai, bom dia, boa tarde, boa noite, agora, agora mesmo, de novo, outra vez, ja, ai, la, aqui,
        se puder, quando puder, se possivel,
        quando der, entao, rapidinho, rapido, logo, please and thank you, no worries,
        when you have a minute, quando tiver um tempo
    """,
    Role.FAVOUR: """
        for me, for us, me, aqui pra mim, pra mim, para mim, pra gente, pra nos, para nos
    """,
    Role.THANKS: """
        thanks, thank you, thx, many thanks, thanks in advance, obrigado, obrigada, brigado, valeu, vlw
    """,
    Role.GROUP: """
        team, folks, everyone, guys, pessoal, galera, gente, time
    """,
    Role.OK: """
        ok, okay, yes, yep, sim, beleza, blz, certo
    """,
    Role.DOING: """
        going, doing, looking, indo
    """,
    Role.REQUEST: """
        can you, could you, can u, could u, can we please, would you mind, i want you to, i need you to,
        i would like you to, let's, lets, let us, go ahead and, go and, pode, podes, poderia, podia, consegue,
        conseguiria, da pra, da para, daria pra, daria para, tem como, voce pode, vc pode, voce consegue,
        vc consegue, voce poderia, vc poderia, sera que pode, sera que da pra, sera que da para, quero que,
        queria que, gostaria que, preciso que, vamos, vamo, bora
    """,
    Role.WISH: """
        i want to, i would like to, i'd like to, i need to, quero, queria, gostaria de, preciso, preciso de
    """,
    Role.OTHERS: """
        can someone, could someone, can anyone, could anyone, can anybody, can somebody, someone please,
        alguem pode, alguem consegue, alguem poderia
    """,
    Role.YOU: """
        would you, will you, voce, vc
    """,
    Role.LIGHT: """
        do, make, run, start, trigger, perform, execute, launch, kick off, begin, give me, faz, fazer, faca,
        facam, roda, rodar, rode, executa, executar, dispara, disparar, dispare, inicia, iniciar, inicie,
        comeca, comecar, comece, da, dar, de, manda, mandar, mande, solta, soltar, solte
    """,
    Role.SHOW: """
        show, show me, give me, tell me, tell me about, list, get, get me, see, view, display, print, check,
        what is, what's, whats, what are, what were, where is, where's, wheres, where are, let me see,
        i want to see, i want, can i see, can i get, can i have, send me, send, open,
        mostra, mostrar, mostre, me mostra, me mostre, mostra pra mim,
        me da, me de, me diz, me diga, me fala, me manda, me passa, me envia, ver, veja, quero ver, queria ver,
        posso ver, lista, listar, liste, exibe, exibir, exiba, traz, traga, passa, passe, abre, abrir, abra,
        qual, qual e, qual o, qual a, quais, quais sao, quais os, quais as, cade, consulta, consultar, checa, checar
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
ONE = _set("um uma")
"""What makes a verb a thing in Portuguese: `dá um deploy`."""
PREPOSITIONS = _set(
    """
    to in on into onto at of for from with using about within by de do da dos das em no na nos nas ao aos para
    pra pro pras pros p/ com usando sobre num numa -> => >
    """
)
NOT_A_PLACE = _set("from with using about within by com usando sobre")
"""Prepositions that never say where: `deploy api from homolog` does not deploy to homolog."""
OF = _set("of de do da dos das")
"""Prepositions that say of what, or from where: `a api de produção` is there already."""
ABOUT = _set("about sobre")
NO = "no"
"""`em o` in Portuguese, a refusal in English."""
_BARE = ARTICLES | PREPOSITIONS
JOINING = frozenset({",", "and", "e", "&", "+", "plus", "mais", "also", "tambem"})

_RUNS = "deploy deploys deployment deployments rollout run runs release execucao implantacao publicacao"
_AGE = "last latest current new newest ultimo ultima ultimos ultimas atual novo nova"
AGES = _set(_AGE)
"""Of a release they say which one, and not to everybody the same."""
_SERVICE = "service services servico servicos app application aplicacao aplicativo projeto project"
NOUNS: Mapping[str, frozenset[str]] = {
    "service": _set(f"{_SERVICE} {_AGE}"),
    "run": _set(f"{_RUNS} {_AGE}"),
    "release": _set("release version versao"),
    "environment": _set("environment env ambiente server servidor cluster"),
    "command": _set("command comando do fazer dar"),
    "person": _set("user person usuario pessoa"),
    "count": _set("instance instances container containers replica replicas instancia instancias copy copies copias"),
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


REQUESTS = (Role.REQUEST, Role.WISH, Role.OTHERS)
_COURTESIES = (Role.POLITE, Role.FAVOUR, Role.THANKS, Role.GROUP, Role.OK, Role.DOING)
OPENING = _phrases(Role.NEGATION, Role.SHOW, *REQUESTS, Role.QUESTION, Role.YOU, Role.LIGHT, *_COURTESIES)
"""What may stand before the verb."""
PASSING = _phrases(*_COURTESIES, *REQUESTS, Role.YOU)
"""What may stand anywhere; whether it changes what is said is told by `commands.doubt`."""
COURTEOUS = _phrases(*_COURTESIES)
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


_NO_SIGNS = _set(
    "x no_entry no_entry_sign no_good -1 thumbsdown octagonal_sign raised_hand hand 🚫 ❌ ✖ ❎ 👎 ⛔ 🛑 ✋ 🙅"
)
_TOLD_SIGNS = _set(
    """
    white_check_mark heavy_check_mark ballot_box_with_check +1 thumbsup ok_hand tada fire boom rotating_light
    warning construction hourglass hourglass_flowing_sand eyes thinking_face question grey_question
    ✅ ✔ ☑ 👍 👌 🎉 🔥 💥 🚨 ⚠ 🚧 ⌛ ⏳ 👀 🤔 ❓ ❔
    """
)


def refuses(token: Token) -> bool:
    """Tell whether a sign is a no: `:x:`, `🚫`."""
    return not _NO_SIGNS.isdisjoint(_signs(token))


def reports(token: Token) -> bool:
    """Tell whether a sign tells how something went: `:white_check_mark:`, `🔥`."""
    return not _TOLD_SIGNS.isdisjoint(_signs(token))


def _signs(token: Token) -> Iterable[str]:
    """Give the signs that a word is made of: the name of a Slack emoji, or its pictures."""
    if token.quoted or not token.silent:
        return ()
    return (token.text.strip(".,!").strip(":"),) if token.text.startswith(":") else token.text


_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters of which nothing is seen."""


def tells_why(reason: str) -> bool:
    """Tell whether a reason says something: a word that is no courtesy, and no article or preposition."""
    said = tokens(reason)
    at = 0
    while at < len(said):
        courtesy = phrase_at(COURTEOUS, said, at)
        if courtesy is None and said[at].folded not in _BARE and any(map(_is_seen, said[at].text)):
            return True
        at = courtesy[1] if courtesy else at + 1
    return False


def _is_seen(character: str) -> bool:
    return character.isalnum() and character not in _INVISIBLE


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
