"""What secrets look like: well-known token prefixes, private keys, assignments, addresses with a password.

All patterns are linear: every repetition is over one class and starts at a literal.
"""

import re

from storage.suspects import suspects

KEY_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY = re.compile(KEY_BEGIN.pattern + r"[\s\S]*?(?:" + KEY_END.pattern + r"|\Z)")

_TOKENS = {
    # literal beginning: what follows it
    "AKIA": r"[A-Z0-9]{16}\b",
    "ASIA": r"[A-Z0-9]{16}\b",
    "ABIA": r"[A-Z0-9]{16}\b",
    "ACCA": r"[A-Z0-9]{16}\b",
    "gh[pousr]_": r"[A-Za-z0-9]{20,}",
    "github_pat_": r"\w{20,}",
    "gl(?:pat|dt|rt|ptt|ft|imt|agent|oas|soat|cbt|ffct)-": r"[\w.=-]{16,}",
    "GR1348941": r"[\w-]{20,}",
    "xox[abeoprsc]-": r"[\w-]{8,}",
    "xoxe[.-]": r"[\w.-]{8,}",
    "xapp-": r"[\w-]{10,}",
    r"hooks\.slack\.com/(?:services|workflows|triggers)/": r"[\w/+-]{20,}",
    "[srp]k_(?:live|test|prod)_": r"\w{10,}",
    "whsec_": r"[\w+/=-]{16,}",
    "eyJ": r"[\w-]{8,2000}\.eyJ[\w-]{4,}\.[\w/+-]*={0,2}",
    "ZXlK": r"[\w/+-]{40,}={0,2}",
    "npm_": r"[A-Za-z0-9]{36}\b",
    "pypi-AgE": r"[\w-]{40,}",
    r"SG\.": r"[\w=.-]{40,}",
    "sk-(?:ant-|proj-|svcacct-|admin-|or-)": r"[\w-]{20,}",
    "sk-": r"[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}",
    "pplx-": r"[A-Za-z0-9]{40,}",
    "AIza": r"[\w-]{35}\b",
    r"ya29\.": r"[\w-]{20,}",
    "GOCSPX-": r"[\w-]{20,}",
    "do[opr]_v1_": r"[a-f0-9]{64}",
    "hf_": r"[A-Za-z]{34}\b",
    "api_org_": r"[A-Za-z]{34}\b",
    "shp(?:at|ca|pa|ss)_": r"[a-fA-F0-9]{32}",
    "dckr_(?:pat|oat)_": r"[\w-]{20,}",
    r"hv[sbr]\.": r"[\w-]{20,}",
    "(?:glsa|glc)_": r"[\w+/=-]{32,}",
    "ATATT3": r"[\w=-]{60,}",
    "ATCTT3": r"[\w=-]{60,}",
    "AGE-SECRET-KEY-1": r"[A-Z0-9]{58}",
    "PMAK-": r"[a-f0-9]{24}-[a-f0-9]{34}",
    "NRAK-": r"[A-Za-z0-9]{27}",
    "NRII-": r"[\w-]{32}",
    "NRJS-": r"[a-f0-9]{19}",
    "sntry[su]_": r"[\w+/=-]{40,}",
    "lin_api_": r"[A-Za-z0-9]{40}",
    "rubygems_": r"[a-f0-9]{48}",
    "pscale_(?:tkn|oauth|pw)_": r"[\w=.-]{32,}",
    "dapi": r"[a-f0-9]{32}(?:-\d)?\b",
    "LTAI": r"[A-Za-z0-9]{20}\b",
    "xkeysib-": r"[a-f0-9]{64}-[A-Za-z0-9]{16}",
    "xsmtpsib-": r"[a-f0-9]{64}-[A-Za-z0-9]{16}",
    "fo1_": r"[\w-]{43}",
    "fm[12][ar]?_": r"[\w+/=-]{100,}",
    "FLW(?:PUB|SEC)K_TEST-": r"[a-h0-9]{12,32}",
    "FLWSECK_TEST": r"[a-h0-9]{12}",
    "rdme_": r"[a-z0-9]{70}",
    "shippo_(?:live|test)_": r"[a-fA-F0-9]{40}",
    "ops_eyJ": r"[\w+/=-]{100,}",
    "EZ[AT]K": r"[A-Za-z0-9]{54}",
    "duffel_(?:test|live)_": r"[\w=-]{43}",
    r"dt0c01\.": r"[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}",
    "pul-": r"[a-f0-9]{40}\b",
    "sgp_": r"[\w]{40,}",
    "HRKU-": r"[\w-]{36,}",
    "sq0(?:atp|csp)-": r"[\w-]{22,}",
    "EAAA": r"[\w+=-]{60}",
    "SK": r"[0-9a-fA-F]{32}\b",
    "key-": r"[a-f0-9]{32}\b",
    "pubkey-": r"[a-f0-9]{32}\b",
    "p8e-": r"[a-z0-9]{32}\b",
    "sha256~": r"[\w-]{43}",
    "tk-us-": r"[\w-]{48}",
    "PRI-": r"[a-z0-9-]{36,}",
    "tfp_": r"[\w-]{40,}",
    "vc[pkiar]_": r"[A-Za-z0-9]{24,}",
    "figd_": r"[\w-]{40,}",
    "ntn_": r"\d{11}[A-Za-z0-9]{35}",
    "secret_": r"[A-Za-z0-9]{43}\b",
    "phc_": r"[A-Za-z0-9]{40,}",
    "gsk_": r"[A-Za-z0-9]{40,}",
    "r8_": r"[A-Za-z0-9]{37}",
    "sbp_": r"[a-f0-9]{40}",
    "tskey-": r"[\w-]{20,}",
    "CLOJARS_": r"[a-zA-Z0-9]{60}",
    r"nfp_": r"[A-Za-z0-9]{36,}",
    r"[A-Za-z0-9]{14}\.atlasv1\.": r"[\w=-]{60,}",
}
_TOKEN = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(start + rest for start, rest in _TOKENS.items()) + ")")

_HEADER = re.compile(r"\b([Bb]earer|[Bb]asic|BEARER|BASIC)( +)(?=[\w.~+/-]*\d)[\w.~+/-]{16,}={0,2}")

_NAMES = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|private[_-]?key|credentials?)"
)
_ASSIGNMENT = re.compile(
    rf"({_NAMES}[\w.-]{{0,40}}[\"'`\]]{{0,2}}[ \t]{{0,4}}(?:=>|:=|[=:])[ \t]{{0,4}})"
    r"(?:(?P<quote>[\"'`])(?P<quoted>(?:\\.|(?!(?P=quote))[^\\\n])+)(?P=quote)?|(?P<bare>[^\s\"'`,;&|<>(){}\[\]]+))"
    r"(?=(?P<rest>[ \t]*\S?))",
    re.IGNORECASE,
)
_OPTION = re.compile(r"(--?(?:password|passwd|token|secret|api-key|auth-token)[ =])(?![-$<{%*])(\S+)")

_ADDRESS = re.compile(r"(?<=://)([^\s/:@\"'<>]{0,200})(:?)([^\s/\"'<>]{0,200})@(?=[\w\[])")

_HARMLESS = re.compile(
    r"(?:true|false|null|nil|none|undefined|yes|no|required|optional|missing|invalid|empty|unset|hidden|redacted|"
    r"masked|expired|string|str|int|bool|bytes|object|[*x.•]++|\$.*|<.*|%.*|\{.*|[\w.]*\[.*|\w+\(.*|--.*|"
    r"(?:https?|file|arn|ssh)\b.*|\.{0,2}/.*)\W*",
    re.IGNORECASE,
)
_SURE = re.compile(r"pass|pwd", re.IGNORECASE)
_SHORTEST, _LONG = 4, 8


def mask_patterns(text: str, mask: str) -> str:
    """Mask what looks like a secret, in the lines where one may be."""
    if "-----BEGIN " in text:
        text = _KEY.sub(mask, text)
    data = text.encode("utf-8", "surrogatepass")
    pieces, done = [], 0
    for start, end in suspects(data):
        line = data[start:end].decode("utf-8", "surrogatepass")
        masked = _mask_line(line, mask)
        if masked != line:
            pieces += [data[done:start], masked.encode("utf-8", "surrogatepass")]
            done = end
    return b"".join([*pieces, data[done:]]).decode("utf-8", "surrogatepass") if pieces else text


def _mask_line(line: str, mask: str) -> str:
    line = _TOKEN.sub(mask, line)
    line = _HEADER.sub(rf"\1\2{mask}", line)
    line = _ADDRESS.sub(lambda found: _address(found, mask), line)
    line = _OPTION.sub(rf"\g<1>{mask}", line)
    return _ASSIGNMENT.sub(lambda found: _assignment(found, mask), line)


def _address(found: re.Match[str], mask: str) -> str:
    user, colon, password = found.groups()
    if colon:
        return f"{user}:{mask}@" if password else found.group()
    # `ssh://git@host` names an account; a long word is a token in its place
    return f"{mask}@" if len(user) > 2 * _LONG else found.group()


def _assignment(found: re.Match[str], mask: str) -> str:
    quoted, bare = found["quoted"], found["bare"]
    value = quoted if quoted is not None else bare
    if mask in value or _HARMLESS.fullmatch(value) or not _secretive(found, value):
        return found.group()
    edge = found["quote"] or ""
    end = edge if found.group().endswith(edge) else ""
    return f"{found[1]}{edge}{mask}{end}"


def _secretive(found: re.Match[str], value: str) -> bool:
    """Tell a secret from a word of a sentence: `token: unexpected end` is none, `token: 9f8e7d6c5b` is one."""
    shortest = _SHORTEST if _SURE.match(found[1]) else _LONG
    if len(value) < shortest:
        return False
    if any(letter.isdigit() for letter in value):
        return True
    if found["quoted"] is not None:
        return " " not in value
    tight = not found[1].endswith((" ", "\t"))
    last = not found["rest"].strip() or found["rest"].strip() in "\"',;&"
    return (tight or last) and (bool(_SURE.match(found[1])) or len(value) > 2 * _LONG)
