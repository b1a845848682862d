import pytest

from bot.workspace.tickets import Expired, Tickets, Used


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_is_good_for_so_many_uses() -> None:
    tickets: Tickets[str] = Tickets(Clock(), seconds=3, uses=2)
    name = tickets.issue("ana")

    assert [tickets.use(name), tickets.use(name)] == ["ana", "ana"]
    with pytest.raises(Used):
        tickets.use(name)


def test_a_ticket_is_good_for_so_long() -> None:
    clock = Clock()
    tickets: Tickets[str] = Tickets(clock, seconds=3)
    name = tickets.issue("ana")
    clock.now += 3.1

    with pytest.raises(Expired):
        tickets.use(name)


def test_what_expired_long_ago_was_never_there() -> None:
    clock = Clock()
    tickets: Tickets[str] = Tickets(clock, seconds=3)
    name = tickets.issue("ana")
    clock.now += 4000
    tickets.issue("rui")

    with pytest.raises(KeyError):
        tickets.use(name)
