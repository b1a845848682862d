"""Slack's limits, on a clock that the test turns."""

from collections import Counter
from itertools import count, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.cards.shown import Priority
from bot.slack.throttle import Method, Parcel, Throttle


def edit(key: str, priority: Priority = Priority.CARD, *, settled: bool = False) -> Parcel:
    return Parcel(key=key, method=Method.EDIT, channel="C1", priority=priority, settled=settled)


def post(
    key: str, priority: Priority = Priority.DETAIL, channel: str = "C1", after: str | None = None, before: str = ""
) -> Parcel:
    follow = frozenset(before.split())
    return Parcel(key=key, method=Method.POST, channel=channel, priority=priority, after=after, before=follow)


def drain(throttle: Throttle, now: float, until: float) -> list[tuple[float, Parcel]]:
    """Let out all that may go; each arrives at once."""
    out: list[tuple[float, Parcel]] = []
    while now <= until:
        while parcel := throttle.pick(now):
            throttle.done(parcel.key)
            out.append((now, parcel))
        at = throttle.next_at(now)
        if at is None:
            break
        now = max(at, now + 1e-6)
    return out


def test_the_latest_version_of_a_message_wins() -> None:
    throttle = Throttle()
    throttle.offer(edit("a"))
    assert throttle.pick(0.0)
    throttle.done("a")
    throttle.offer(edit("a", Priority.CARD))
    throttle.offer(edit("a", Priority.DETAIL))
    out = drain(throttle, 0.1, 60)
    assert [(round(at, 1), parcel.priority) for at, parcel in out] == [(3.0, Priority.DETAIL)]


def test_a_last_state_does_not_wait_for_the_gathering() -> None:
    throttle = Throttle()
    throttle.offer(edit("a"))
    assert throttle.pick(0.0)
    throttle.done("a")
    throttle.offer(edit("a", settled=True))
    assert throttle.pick(0.1)


def test_failures_and_questions_go_first() -> None:
    throttle = Throttle()
    for number in range(9):
        throttle.offer(post(f"detail{number}"))
    throttle.offer(post("question", Priority.QUESTION))
    assert drain(throttle, 0.0, 60)[0][1].key == "question"


def test_a_question_finds_room_behind_a_crowd_of_details() -> None:
    throttle = Throttle()
    for number in range(9):
        throttle.offer(post(f"detail{number}"))
    assert len(drain(throttle, 0.0, 0.0)) == 3
    throttle.offer(post("question", Priority.QUESTION))
    assert throttle.pick(0.0)


def test_an_end_comes_after_what_was_before_it_and_no_other_details_come_between() -> None:
    throttle = Throttle()
    for number in range(9):
        throttle.offer(post(f"other{number}"))
    for number in range(5):
        throttle.offer(post(f"note{number}", before="end"))
    throttle.offer(post("end", Priority.END))
    out = [parcel.key for _, parcel in drain(throttle, 0.0, 60)]
    assert out[:6] == ["note0", "note1", "note2", "note3", "note4", "end"]


def test_an_end_does_not_wait_long_for_a_flood() -> None:
    throttle = Throttle()
    for number in range(50):
        throttle.offer(post(f"note{number}", before="end"))
    throttle.offer(post("end", Priority.END))
    went = {parcel.key: at for at, parcel in drain(throttle, 0.0, 600)}
    assert len(went) == 51
    assert 9 < went["end"] < 16


def test_an_end_does_not_wait_long_for_what_cannot_be_sent() -> None:
    throttle = Throttle()
    throttle.offer(post("note", before="end"))
    throttle.delay("note", 300.0)
    throttle.offer(post("end", Priority.END))
    assert [parcel.key for _, parcel in drain(throttle, 0.0, 60)] == ["end"]


def test_what_stands_already_is_edited_whatever_waits() -> None:
    throttle = Throttle()
    throttle.offer(post("note", before="question"))
    throttle.offer(edit("question", Priority.QUESTION))
    first = throttle.pick(0.0)
    assert first
    assert first.key == "question"


def test_a_thread_waits_for_its_first_message() -> None:
    throttle = Throttle()
    throttle.offer(post("reply", Priority.QUESTION, after="card"))
    throttle.offer(post("card", Priority.CARD, channel="C2"))
    first = throttle.pick(0.0)
    assert first
    assert first.key == "card"
    assert throttle.pick(0.0) is None
    throttle.done("card")
    second = throttle.pick(0.0)
    assert second
    assert second.key == "reply"


def test_nothing_goes_while_slack_asks_for_a_pause() -> None:
    throttle = Throttle()
    throttle.pause(30.0)
    throttle.offer(post("a", Priority.QUESTION))
    assert throttle.pick(29.9) is None
    assert throttle.next_at(1.0) == 30.0
    assert throttle.pick(30.0)


def test_ten_deploys_for_ten_minutes_stay_within_every_limit() -> None:
    throttle, out, now = Throttle(), [], 0.0
    numbers = count()
    while now < 600:
        for run in range(10):
            throttle.offer(edit(f"run{run}", settled=False))
        if int(now) % 20 == 0:
            throttle.offer(post(f"note{next(numbers)}"))
        out += drain(throttle, now, now + 0.49)
        now += 0.5
    edits = [at for at, parcel in out if parcel.method is Method.EDIT]
    assert most_in(edits, 60) <= 50
    assert len(edits) > 350
    each = Counter(parcel.key for _, parcel in out if parcel.method is Method.EDIT)
    assert min(each.values()) > 0.7 * max(each.values()), "no run is starved"
    for key in each:
        times = [at for at, parcel in out if parcel.key == key]
        assert min(b - a for a, b in pairwise(times)) >= 2.99


def most_in(times: list[float], seconds: float) -> int:
    return max(sum(1 for other in times if at <= other < at + seconds) for at in times)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["C1", "C2"]), st.sampled_from(list(Priority))), max_size=80)
)
def test_no_channel_ever_gets_more_than_five_messages_in_five_seconds(
    arrivals: list[tuple[float, str, Priority]],
) -> None:
    throttle, out, now = Throttle(), [], 0.0
    for number, (gap, channel, priority) in enumerate(arrivals):
        throttle.offer(post(f"{number}", priority, channel))
        out += drain(throttle, now, now + gap)
        now += gap
    out += drain(throttle, now, now + 1000)
    assert len(out) == len(arrivals)
    for channel in ("C1", "C2"):
        times = [at for at, parcel in out if parcel.channel == channel]
        assert not times or most_in(times, 5) <= 5
