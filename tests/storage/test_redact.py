"""No secret reaches a disk; everything else is left as it is."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.redact import MASK, Redactor

# put together here, so that no scanner takes this file for a leak
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabcdefgh\n-----END RSA " + "PRIVATE KEY-----"
SECRET = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), min_size=6
)
CONTEXT = st.text(st.sampled_from("xyz .:=\n"), max_size=12)


@given(SECRET.filter(lambda text: len(text.strip()) >= 6 and not set(text) & set("xyz .:=*")), CONTEXT, CONTEXT)
@settings(deadline=None)  # the machine may be busy
def test_a_known_secret_is_masked_in_every_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    raw = secret.encode()
    for form in (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
    ):
        masked = redactor.redact(f"{before}{form}{after}")
        assert form not in masked
        assert MASK in masked


@given(st.binary(min_size=0, max_size=5), st.binary(min_size=0, max_size=5))
@settings(deadline=None)  # the machine may be busy
def test_a_known_secret_is_masked_inside_a_longer_base64(before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + b"correct-horse-battery" + after).decode()
    masked = Redactor(["correct-horse-battery"]).redact(encoded)
    assert "3JyZWN0LWhvcnNlLWJhdHRlc" not in masked
    assert MASK in masked


@given(st.lists(st.sampled_from(["plain", "hunter2-hunter2", "", *KEY.split("\n"), "token=9f8e7d6c5b4a"])), st.data())
@settings(deadline=None)  # the machine may be busy
def test_lines_are_masked_the_same_however_they_come(lines: list[str], data: st.DataObject) -> None:
    redactor = Redactor(["hunter2-hunter2"])
    at_once = redactor.stream().redact(lines)
    stream, piecewise, rest = redactor.stream(), [], lines
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        piecewise += stream.redact(rest[:size])
        rest = rest[size:]
    assert piecewise == at_once
    assert len(at_once) == len(lines)
    assert not {"hunter2-hunter2", "MIIEowIBAAKCAQEA"} & set(_after_begin(lines, at_once))


def _after_begin(lines: list[str], masked: list[str]) -> list[str]:
    begin = next((n for n, line in enumerate(lines) if "BEGIN" in line), len(lines))
    end = next((n for n, line in enumerate(lines[begin:], begin) if "END" in line), len(lines))
    return masked[begin:end]


def test_each_line_of_a_secret_with_many_is_masked() -> None:
    redactor = Redactor([KEY])
    assert redactor.redact(KEY) == MASK
    assert redactor.redact("got MIIEowIBAAKCAQEA here") == "got *** here"
    assert redactor.stream().redact(KEY.split("\n")) == [MASK] * 4


def test_the_longest_secret_goes_first_and_the_shortest_stay() -> None:
    assert Redactor(["abcd", "abcdefgh", "xy"]).redact("abcdefgh abcd xy") == "*** *** xy"


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("AKIA" + "IOSFODNN7EXAMPLE is the key", "*** is the key"),
        ("x=ghp_" + "a1B2" * 9, "x=***"),
        ("github_pat_" + "11ABCDEFG0" * 4, "***"),
        ("xoxb-" + "123456789012-abcdefABCDEF", "***"),
        ("xapp-" + "1-A0123456789-abcdef", "***"),
        ("glpat-" + "a1B2c3D4e5F6g7H8i9J0", "***"),
        ("sk_live_" + "a1B2c3D4e5F6g7H8", "***"),
        ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN", "***"),
        ("dckr_pat_" + "a1B2c3D4e5F6g7H8i9J0klm", "***"),
        ("https://hooks.slack.com/services/" + "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXX1", "https://***"),
        ("password=hunter2", "password=***"),
        ("DB_PASSWORD=correcthorse", "DB_PASSWORD=***"),
        ("export API_KEY='9f8e7d6c5b4a'", "export API_KEY='***'"),
        ('{"token": "9f8e7d6c5b4a", "n": 1}', '{"token": "***", "n": 1}'),
        ("Password: hunter22", "Password: ***"),
        ("client_secret: 9f8e7d6c5b4a3f", "client_secret: ***"),
        ("mysql -u root --password hunter2 db", "mysql -u root --password *** db"),
        ("Authorization: Bearer 9f8e7d6c5b4a9f8e7d6c5b4a", "Authorization: Bearer ***"),
        ("fetching https://ana:hunter2@git.example/x.git", "fetching https://ana:***@git.example/x.git"),
        ("postgresql://u:p@ss:w@db.example/x", "postgresql://u:***@db.example/x"),
        ("https://9f8e7d6c5b4a9f8e7d6c5b4a@git.example/x", "https://***@git.example/x"),
        ("one " + KEY + " two", "one *** two"),
        ("ünïcode password=hunter2 ✓", "ünïcode password=*** ✓"),
    ],
)
def test_what_looks_like_a_secret_is_masked(line: str, masked: str) -> None:
    assert Redactor().redact(line) == masked
    assert Redactor().redact(f"above\n{line}\nbelow") == f"above\n{masked}\nbelow"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Step 3/7 : RUN pip install -r requirements.txt",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Successfully tagged registry.example.com:5000/hello:1a2b3c4",
        "commit 1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d",
        "tests/test_login.py::test_password_is_required PASSED",
        "SyntaxError: Unexpected token } in JSON at position 42",
        "token: unexpected end of input",
        "E   KeyError: 'password'",
        "password: must be at least 8 characters",
        "Enter password:",
        "secret: required",
        "DB_PASSWORD=$DB_PASSWORD",
        "password=${PASSWORD}",
        "password=%s",
        "token: <your token>",
        "password=None",
        "token=true",
        "api_key: string",
        "aws_secret_access_key: [REDACTED]",
        "ssh://git@github.com/team/hello.git",
        "git@github.com:team/hello.git",
        "ana@example.com wrote at http://example.com/@ana",
        "https://example.com/a?b=c#d",
        "secrets/token.py:12: error: Name 'x' is not defined",
        "Downloading https://files.example.com/packages/ab/cd/urllib3-2.2.1-py3-none-any.whl (121 kB)",
        "2026-03-02T09:00:00.000Z INFO keyboard layout loaded, key=enter",
        "Basic usage: run the thing",
        "the bearer of this message",
        "uuid 123e4567-e89b-12d3-a456-426614174000 done",
        "pwd: /home/build/hello",
        "--token <TOKEN>",
        "npm_config_cache=/tmp/npm",
        "monkey = donkey1234567",
    ],
)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert Redactor(["correct-horse-battery"]).redact(line) == line


@pytest.mark.parametrize(
    "hostile", ["password" * 20_000, "://" * 50_000, "a1" * 100_000, "token=" * 30_000, "-----BEGIN " * 9_000]
)
@pytest.mark.timeout(20)
def test_hostile_lines_take_no_longer_than_others(hostile: str) -> None:
    Redactor(["correct-horse-battery"]).redact(hostile)
