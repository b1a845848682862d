"""What a process leaves to the next, whenever it is killed."""

from pathlib import Path

from runners import records
from runners.terraform.told import Told
from tests.runners.bench import Notes


def test_what_was_kept_last_is_known_and_nothing_that_is_half(tmp_path: Path) -> None:
    place = tmp_path / "deeper" / "record.json"
    assert records.recall(place) == {}
    records.keep(place, {"commit": "c0ffee", "names": ["á"]})
    Path(f"{place}.new").write_text('{"commit": "f')  # killed while it was written
    assert records.recall(place) == {"commit": "c0ffee", "names": ["á"]}
    records.keep(place, {"commit": "facade"})
    assert records.recall(place) == {"commit": "facade"}
    assert [each.name for each in place.parent.iterdir()] == ["record.json"]


def test_outputs_of_which_a_half_was_written_are_none(tmp_path: Path) -> None:
    kept = tmp_path / "outputs"
    kept.write_text('{"address": "http')
    assert Told(Notes(), kept).outputs == {}
