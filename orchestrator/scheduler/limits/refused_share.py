"""The share of requests refused, in the order of sending: whether more are refused lately than at random. No I/O.

A cumulative sum: each refusal adds one, each request takes off the share that is allowed, and it never falls below
zero. It notices a change after few refusals, and forgets what went well before.
"""

from __future__ import annotations

import math

ALLOWED = 0.01
"""The share refused that says nothing of a rate …"""
ALLOWED_OF_NOISE = 1.5
"""… and of the share refused at random, where that is known."""
MOST_AT_RANDOM = 0.12
"""More than that is refused at random by no vendor."""
REMEMBERS = 1000
"""Requests over which the share refused at random is followed, downwards."""
SPARE = 1.3
FIRST_GUESS = 0.03
CHANCE = 0.01
"""Of refusals in a row somewhere in a run that only meets refusals at random."""

MOSTLY, MANY = 0.3, 3
"""Of requests refused, and refusals at least: the limit is used up."""
DOUBTED = 1.2
"""Refusals beyond those at random, so that the pace stays as it is."""
SOME = 3.5
"""From which on what was in flight is asked whether it explains them."""
EXCESS_FREE, EXCESS_REOPENED, EXCESS_NOISY, EXCESS = 6.0, 2.5, 3.5, 1.8
"""Refusals beyond those at random that are too many: without a limit known, once several in a row were refused, with
refusals at random known, else."""


class RefusedShare:
    """`taken` and `refused` count since the sum was last zero; `held_s`: how long nothing was sent in that time."""

    def __init__(self) -> None:
        self.at_random = 0.0
        """The share refused whatever the rate, as far as is known."""
        self.excess = 0.0
        self.since = 0.0
        self.taken = self.refused = 0
        self.held_s = 0.0
        self._most_at_random = 0.0

    @property
    def share(self) -> float:
        return self.refused / max(1, self.refused + self.taken)

    @property
    def _allowed(self) -> float:
        return ALLOWED + ALLOWED_OF_NOISE * self.at_random

    @property
    def is_doubted(self) -> bool:
        """Refusals came lately, though too few to lower the pace."""
        return self.excess >= DOUBTED

    @property
    def is_some_of_many(self) -> bool:
        """As a limit of requests at a time refuses."""
        return self.excess >= SOME and self.share <= MOSTLY

    def is_most_of(self, requests: int) -> bool:
        """Refusals mostly without one taken between them: no chance among so many requests, but a limit used up."""
        many = self.in_a_row(requests) + 2 if self.at_random else MANY
        return self.share > MOSTLY and self.refused >= many

    def is_too_much(self, *, paced: bool, tries: bool, reopened: bool) -> bool:
        """Whether it shows a limit. `paced`: a rate is known; `tries`: another limit is tried; `reopened`: several in
        a row were refused, so that the rate can be told."""
        if tries:
            return self.excess >= EXCESS
        if not paced:
            return self.excess >= (EXCESS_REOPENED if reopened else EXCESS_FREE)
        return self.excess >= (EXCESS_NOISY if self.at_random else EXCESS)

    def takes(self, now: float) -> None:
        if self._most_at_random:  # else none are known to be
            self._follow(0.0)
        if self.excess:
            self.taken += 1
            self.excess = max(0.0, self.excess - self._allowed)
        if self.excess == 0.0:
            self.reset(now)

    def refuses(self, *, counts: bool) -> None:
        """`counts`: whether it tells of the present rate."""
        self._follow(1.0)
        if counts:
            self.excess += 1 - self._allowed
            self.refused += 1

    def reset(self, now: float) -> None:
        self.excess, self.since = 0.0, now
        self.taken = self.refused = 0
        self.held_s = 0.0

    def is_at_random(self, share: float, now: float) -> None:
        """A lower rate had refusals too."""
        self.at_random = max(self.at_random, share)
        self._most_at_random = SPARE * self.at_random
        self.reset(now)

    def in_a_row(self, requests: int) -> int:
        """So many refusals in a row, among so many requests, are no chance."""
        share = max(FIRST_GUESS, 1.2 * self.at_random)
        return max(2, math.ceil(math.log(CHANCE / max(1, requests)) / math.log(share)))

    def _follow(self, refused: float) -> None:
        seen = self.at_random + (refused - self.at_random) / REMEMBERS
        self.at_random = min(self._most_at_random, seen)
