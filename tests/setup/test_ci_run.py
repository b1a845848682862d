"""CI runs the README's own test command: in a checkout of its own, with a README made for the case."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, readme: str) -> subprocess.CompletedProcess[str]:
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return subprocess.run(
        ["bash", str(folder / ".ci" / "run")],
        cwd=folder.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def readme(command: str) -> str:
    before, after = "# x\n\n```sh\necho not this one\n```\n", "```sh\nnor this\n```\n"
    return f"{before}\n<!-- test command -->\n```sh\n{command}\n```\n\n{after}"


def test_the_marked_command_and_no_other_is_run(tmp_path: Path) -> None:
    done = run(tmp_path, readme("pwd; echo '== 3 passed in 0.1s =='"))
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout
    assert "not this one" not in done.stdout


def test_pytests_closing_line_is_the_last_line(tmp_path: Path) -> None:
    done = run(tmp_path, readme("echo '== 3 passed, 1 skipped in 0.1s =='; echo afterwards"))
    assert done.stdout.splitlines()[-1] == "== 3 passed, 1 skipped in 0.1s =="


def test_a_failing_command_fails_the_run(tmp_path: Path) -> None:
    done = run(tmp_path, readme("echo '== 1 failed in 0.1s =='; exit 3"))
    assert done.returncode == 3


def test_a_green_run_without_any_test_is_a_failure(tmp_path: Path) -> None:
    done = run(tmp_path, readme("true"))
    assert done.returncode == 1
    assert "no test ran" in done.stderr


def test_a_readme_without_a_command_is_a_failure(tmp_path: Path) -> None:
    done = run(tmp_path, "# x\n")
    assert done.returncode == 1
    assert "README.md has no test command" in done.stderr


def test_the_real_readme_tells_people_to_run_checks_and_tests() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "<!-- test command -->\n```sh\nmake check test\n```" in text
