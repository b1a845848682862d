"""Sentences that know how they were made: in English as they stand, in the trail, and in another language."""

import json
from functools import partial

from commands.texts import DEFAULT, PORTUGUESE, phrase
from storage.model.catalog import Json
from storage.model.worded import data_of, in_words_of, text_of, worded

SAY = partial(phrase, PORTUGUESE)
OUTER = worded("{reason}; {outcome}", reason=worded("rejected by {name}", name="Ana"), outcome="gone")


def test_it_reads_as_english_and_is_said_in_the_language_of_the_reader() -> None:
    assert OUTER == "rejected by Ana; gone"
    assert in_words_of(SAY, OUTER) == "rejeitado por Ana; gone"
    assert in_words_of(partial(phrase, DEFAULT), OUTER) == OUTER


def test_what_is_put_in_is_neither_filled_nor_translated() -> None:
    hostile = worded("rejected by {name}: {reason}", name="{reason}", reason="retry the run")
    assert hostile == "rejected by {reason}: retry the run"
    assert in_words_of(SAY, hostile) == "rejeitado por {reason}: retry the run"


def test_it_comes_back_from_the_trail_as_it_went_in() -> None:
    kept = json.loads(json.dumps(data_of(reason=OUTER, hint="as it stands")))
    assert (kept["reason"], kept["hint"]) == ("rejected by Ana; gone", "as it stands")
    assert text_of(kept, "reason") == OUTER
    assert in_words_of(SAY, text_of(kept, "reason")) == "rejeitado por Ana; gone"
    assert in_words_of(SAY, text_of(kept, "hint")) == "as it stands"


def test_what_was_written_before_there_were_words_to_it_stays_as_it_is() -> None:
    assert text_of({"reason": "not healthy"}, "reason") == "not healthy"
    assert text_of({}, "reason") == ""
    torn: list[Json] = [None, "x", {"message": 3}, {"values": {}}, []]
    for broken in torn:
        assert in_words_of(SAY, text_of({"reason": "plain", "worded": {"reason": broken}}, "reason"))
    assert "worded" not in data_of(reason="plain")
