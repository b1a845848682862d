"""What the options of a command may hold."""

import pytest

from runners.kinds import known_kinds
from storage.model.catalog import Json


@pytest.mark.parametrize(
    ("run", "refused"),
    [
        (["sh", "-c", "echo #{image.VERSION}"], 1),
        (["/bin/bash", "-euo", "pipefail", "-lc", "x #{run.REF}"], 1),
        (["env", "bash", "-c", "x #{run.REF}"], 1),
        (["python3", "-c", "print('#{run.REF}')"], 1),
        (["node", "-e", "#{run.REF}"], 1),
        ([["true"], ["sh", "-c", "#{run.REF}"]], 1),
        (["sh", "-c", "echo ##{x}"], 0),
        (["sh", "-c", 'echo "$1"', "sh", "#{run.REF}"], 0),
        (["sh", "probe.sh", "#{run.REF}"], 0),
        (["curl", "-c", "#{run.REF}"], 0),
        (["probe", "#{image.VERSION}"], 0),
    ],
)
def test_a_variable_is_never_put_into_a_script(run: list[Json], refused: int) -> None:
    found = known_kinds()["command"].problems({"run": run})
    assert [problem.startswith("option run: a shell would run what stands in for #{...}") for problem in found] == (
        [True] * refused
    )
