from runners.excerpt import CHARACTERS, LINES, excerpt_of


def test_a_short_log_is_shown_whole_without_colours_and_blank_lines() -> None:
    assert excerpt_of(["\x1b[31mred\x1b[0m", "", "=====", "10%\r50%\r100%", "end"]) == ["red", "100%", "end"]


def test_the_window_is_around_the_last_error_and_not_at_the_end() -> None:
    lines = [f"line {n}" for n in range(500)]
    lines[100] = "ERROR: the first one"
    lines[300] = "fatal: the one that counts"
    found = excerpt_of(lines)
    assert "fatal: the one that counts" in found
    assert "ERROR: the first one" not in found
    assert len(found) == LINES


def test_a_traceback_is_shown_from_its_beginning() -> None:
    lines = [f"setting up {n}" for n in range(100)]
    lines += ["Traceback (most recent call last):", *(f'  File "a.py", line {n}, in f' for n in range(12))]
    lines += ["KeyError: 'token'", *(f"cleaning {n}" for n in range(60))]
    found = excerpt_of(lines)
    assert "Traceback (most recent call last):" in found
    assert "KeyError: 'token'" in found


def test_no_errors_is_no_error() -> None:
    lines = ["Error: broken pipe", *(f"step {n}" for n in range(100)), "0 errors, 0 warnings", "Failures: 0"]
    assert "Error: broken pipe" in excerpt_of(lines)


def test_without_anything_bad_the_end_is_shown() -> None:
    assert excerpt_of([f"line {n}" for n in range(100)]) == [f"line {n}" for n in range(70, 100)]


def test_it_fits() -> None:
    found = excerpt_of([*("x" * 1000 for _ in range(100)), "error: " + "y" * 1000])
    assert sum(map(len, found)) <= CHARACTERS
    assert found[-1].startswith("error: ")


def test_nothing_gives_nothing() -> None:
    assert excerpt_of([]) == []
