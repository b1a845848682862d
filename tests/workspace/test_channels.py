from bot.workspace.channels import Channel


def test_timestamps_are_unique_when_the_clock_stands_or_goes_back() -> None:
    channel = Channel(id="C1", name="one")

    stamps = [channel.next_ts(now) for now in (1000.0, 1000.0, 999.0, 1000.5)]

    assert stamps == ["1000.000000", "1000.000001", "1000.000002", "1000.500000"]


def test_timestamps_go_on_after_what_was_read_back() -> None:
    channel = Channel(id="C1", name="one")
    channel.put({"ts": "2000.000007"})

    assert channel.next_ts(1500.0) == "2000.000008"
