"""Slack's rate limits, kept before Slack has to say so: which message may go now. Pure; time comes from outside.

Slack allows about one new message per second and channel, and 50 edits per minute in the whole workspace, shared by all
running deploys. So edits of one message are gathered (the latest wins, at most one per 3 s), failures and questions
go first, and last states need not wait for the gathering. What was before them in a thread is said before them all the
same, unless that takes too long: a thread is read from top to bottom.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from bot.slack.cards.shown import Priority


class Method(Enum):
    """What is to be done with a message."""

    POST = "post"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One message that wants to go out. A newer one with the same key replaces it."""

    key: str
    method: Method
    channel: str
    priority: Priority
    settled: bool = False
    after: str | None = None
    """Key of a message that must stand before this one can go."""
    before: frozenset[str] = frozenset()
    """Keys of messages that shall stand after this one: they wait for it, and it goes as soon as they would."""


class Window:
    """At most `calls` in any `seconds`."""

    def __init__(self, calls: int, seconds: float) -> None:
        """Start empty."""
        self._calls = calls
        self._seconds = seconds
        self._taken: deque[float] = deque(maxlen=calls)

    def wait(self, now: float, spare: int = 0) -> float:
        """Seconds until one more fits, and `spare` after it."""
        first = len(self._taken) - (self._calls - spare)
        return max(0.0, self._taken[first] + self._seconds - now) if first >= 0 else 0.0

    def take(self, now: float) -> None:
        """Count one."""
        self._taken.append(now)


@dataclass(slots=True)
class Bucket:
    """Tokens that drip in: `capacity` at most, `per_second` new ones."""

    capacity: float
    per_second: float
    level: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.capacity

    def wait(self, now: float, need: float = 1.0) -> float:
        """Seconds until `need` tokens are there."""
        self.level = min(self.capacity, self.level + max(0.0, now - self.at) * self.per_second)
        self.at = max(now, self.at)
        return max(0.0, (need - self.level) / self.per_second)

    def take(self) -> None:
        """Use one token."""
        self.level -= 1.0


_EDITS_PER_SECOND, _EDITS_AT_ONCE = 40 / 60, 10.0
"""At most 10 + 40 edits in any minute."""
_POSTS, _POSTS_SECONDS = 4, 5.0
"""New messages per channel in any 5 s: Slack's one a second, with one to spare for what is said outside of here."""
_RESERVE = 3.0
"""Edits kept back for last states, so that a burst of progress never delays an outcome."""
_GAP = 3.0
_PATIENCE = 10.0
"""Seconds that a message waits for those that belong before it: about eight, while Slack takes one a second."""
_CROWD = 1000
_NEVER = float("-inf")


class Throttle:
    """Everything that waits to go out, and the budgets it waits for. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        """Start with nothing waiting and full budgets."""
        self._waiting: dict[str, Parcel] = {}
        self._busy: dict[str, Parcel] = {}
        self._edits = Bucket(_EDITS_AT_ONCE, _EDITS_PER_SECOND)
        self._channels: dict[str, Window] = {}
        self._edited: dict[str, float] = {}
        self._not_before: dict[str, float] = {}
        self._patient_since: dict[str, float] = {}
        self._paused_until = _NEVER

    def __len__(self) -> int:
        """Count what waits or is on its way."""
        return len(self._waiting) + len(self._busy)

    def offer(self, parcel: Parcel) -> None:
        """Take a parcel, in the place of an older one with its key if one waits."""
        self._waiting[parcel.key] = parcel

    def waits(self, key: str) -> bool:
        """Tell whether a message waits here or is on its way."""
        return key in self._waiting or key in self._busy

    def pause(self, until: float) -> None:
        """Let nothing out before `until`: Slack said so."""
        self._paused_until = max(self._paused_until, until)

    def delay(self, key: str, until: float) -> None:
        """Keep one message back until then: sending it failed."""
        self._not_before[key] = until

    def pick(self, now: float) -> Parcel | None:
        """Choose what goes now, and charge for it. `done` must be called for it later."""
        ready = (parcel for parcel, at in self._times(now) if at <= now)
        parcel = min(ready, key=lambda parcel: self._priority(parcel, now), default=None)
        if parcel is not None:
            self._charge(parcel, now)
        return parcel

    def done(self, key: str) -> None:
        """Say that a picked parcel arrived, or failed to."""
        self._busy.pop(key, None)

    def next_at(self, now: float) -> float | None:
        """Say when to ask again; `None` when only an arrival or a new parcel can change anything."""
        return min((at for _, at in self._times(now)), default=None)

    def _times(self, now: float) -> Iterator[tuple[Parcel, float]]:
        """List what could go, in order of arrival, each with the earliest time for it."""
        posting = {parcel.channel for parcel in self._busy.values() if parcel.method is Method.POST}
        preceded = {key for parcel in self._waiting.values() if parcel.method is Method.POST for key in parcel.before}
        for key, parcel in self._waiting.items():
            blocked = key in self._busy or (parcel.after is not None and self.waits(parcel.after))
            # one new message at a time per channel: they shall appear in the order in which they were written
            if not blocked and not (parcel.method is Method.POST and parcel.channel in posting):
                at = max(self._paused_until, self._not_before.get(key, _NEVER), self._allowed(parcel, now))
                yield parcel, max(at, self._patience(parcel, now)) if key in preceded else at

    def _patience(self, parcel: Parcel, now: float) -> float:
        """Say when it goes although what belongs before it has not gone: an outcome is never held up by a flood."""
        if parcel.method is Method.EDIT:
            return _NEVER
        return max(self._patient_since.setdefault(parcel.key, now), self._paused_until) + _PATIENCE

    def _priority(self, parcel: Parcel, now: float) -> Priority:
        """Give its own, or that of the most urgent that still waits for it."""
        followers = [self._waiting[key] for key in parcel.before if key in self._waiting]
        patient = (each.priority for each in followers if self._patience(each, now) > now)
        return min([parcel.priority, *patient])

    def _allowed(self, parcel: Parcel, now: float) -> float:
        if parcel.method is Method.POST:
            spare = 1 if self._priority(parcel, now) is Priority.DETAIL else 0
            return now + self._channel(parcel.channel).wait(now, spare)
        urgent = parcel.settled or parcel.priority <= Priority.END
        budget = now + self._edits.wait(now, 1.0 if urgent else 1.0 + _RESERVE)
        return budget if urgent else max(budget, self._edited.get(parcel.key, _NEVER) + _GAP)

    def _channel(self, channel: str) -> Window:
        if len(self._channels) > _CROWD:
            self._channels.clear()
        return self._channels.setdefault(channel, Window(_POSTS, _POSTS_SECONDS))

    def _charge(self, parcel: Parcel, now: float) -> None:
        del self._waiting[parcel.key]
        self._busy[parcel.key] = parcel
        self._not_before.pop(parcel.key, None)
        self._patient_since.pop(parcel.key, None)
        if parcel.method is Method.POST:
            self._channel(parcel.channel).take(now)
        else:
            self._edits.take()
        if len(self._edited) > _CROWD:
            self._edited = {key: at for key, at in self._edited.items() if at + _GAP > now}
        # a fresh message counts as an edit: it shows the newest state already
        self._edited[parcel.key] = now
