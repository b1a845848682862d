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
    found = excerpt_of([*(f"{n}" + "x" * 1000 for n in range(100)), "error: " + "y" * 1000])
    assert sum(map(len, found)) <= CHARACTERS
    assert found[-1].startswith("error: ")


def test_what_is_said_again_and_again_is_said_once_and_counted() -> None:
    probe = '172.18.0.1 - - [27/Nov/2026 03:42:{:02}] "GET /healthz HTTP/1.1" 503 -'
    found = excerpt_of(["warming up", *(probe.format(n) for n in range(40))])
    assert found == ["warming up", probe.format(0), "… 39 more lines like that"]
    uvicorn = ("INFO: 10.0.0.1:{} - GET / 503", "took 0.{} s", "done")
    found = excerpt_of([line.format(5000 + n) for n in range(10) for line in uvicorn])
    assert found == [*(line.format(5000) for line in uvicorn), "… 27 more lines like that"]


def test_what_only_looks_alike_is_kept() -> None:
    lines = [f"a.c:{n}: error: no semicolon" for n in range(9)] + ["twice", "twice", "thrice", "thrice"]
    assert excerpt_of(lines) == lines


def test_the_repeats_at_the_end_hide_no_cause() -> None:
    probes = [f"03:{n // 60:02}:{n % 60:02} GET /healthz 503" for n in range(500)]
    found = excerpt_of([*(f"line {n}" for n in range(100)), "fatal: no cache at redis:6379", *probes])
    assert "fatal: no cache at redis:6379" in found
    assert found[-1] == "… 499 more lines like that"


def test_of_dockers_builder_the_steps_and_the_cause_are_kept() -> None:
    builder = """Sending build context to Docker daemon  39.94kB
Step 1/3 : FROM estiva/python:base
 ---> 5ce148e6da2e
Step 2/3 : WORKDIR /app
 ---> Using cache
 ---> 84e7fd8b108f
Step 3/3 : COPY hello.py greetings.json ./
COPY failed: file not found in build context or excluded by .dockerignore: stat greetings.json: file does not exist"""
    steps = [line for line in builder.splitlines() if line.startswith(("Step", "COPY"))]
    assert excerpt_of(builder.splitlines()) == steps
    loud = ["ERROR: debconf says this every time", *(f"Setting up lib{n}" for n in range(200))]
    cause = ["E: Unable to locate package curll", "The command '/bin/sh -c apt-get' returned a non-zero code: 100"]
    assert excerpt_of([*loud, *cause])[-2:] == cause


def test_nothing_gives_nothing() -> None:
    assert excerpt_of([]) == []
