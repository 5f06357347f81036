"""How a request can fail. The caller needs two answers: what it may have cost, and what helps.

ProviderError
├── NotSent            free: the connection was never made                     → try again, count against the server
├── Refused            free: the vendor itself said no                         → see children
│   ├── RateLimited        429 with room later; retry_after_s if it said    → wait, try again
│   ├── Overloaded         529, or a free 500/503                              → wait, try again
│   │   └── Loading            it still loads its model                     → wait up to max_wait_s
│   ├── Undone             a batch ended without this request (expired, cancelled, an error of the vendor's)
│   │                                                                      → ask again
│   ├── TooManySamples     400 that says n is too large                        → ask for fewer at once
│   ├── BadRequest         400/404/413/422 for this prompt                     → this problem fails for good
│   └── Stopped            no wait mends it: bad key, no credit, unknown model,
│                          a parameter the model rejects                       → this model stops
└── Lost               unknown: it may have been billed                  → counted at worst case, try again
    └── Unusable           it came whole, and holds no answer                  → the same
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from providers.types import Choice, Usage


class MayHaveCost(StrEnum):
    """What a failed request may have cost."""

    FREE = "free"
    UNKNOWN = "unknown"


class ProviderError(Exception):
    """One HTTP attempt failed. `message` is one clear line without any key; `status` is the HTTP status, if any."""

    outcome: MayHaveCost = MayHaveCost.UNKNOWN

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
        rate_headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s
        self.request_id = request_id
        self.rate_headers = rate_headers or {}

    @property
    def kind(self) -> str:
        """The short word for tables and counts, such as `RateLimited 429`."""
        name = type(self).__name__
        return f"{name} {self.status}" if self.status else name


class NotSent(ProviderError):
    """The connection was never made, so nothing can have been billed."""

    outcome = MayHaveCost.FREE


class Refused(ProviderError):
    """The vendor answered that it did not do the work."""

    outcome = MayHaveCost.FREE


class RateLimited(Refused):
    """A 429 that goes away after a wait."""


class Overloaded(Refused):
    """The server says that it is busy or broken."""


class Loading(Overloaded):
    """The server still loads its model: worth waiting for, up to max_wait_s."""


class Undone(Refused):
    """A batch ended, and this request was not done in it: vendors don't bill what expired, was cancelled or failed."""


class TooManySamples(Refused):
    """The endpoint does not take this n. `max_n` is what it takes, if it says."""

    def __init__(
        self,
        message: str,
        *,
        max_n: int | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, request_id=request_id)
        self.max_n = max_n


class BadRequest(Refused):
    """The vendor rejects this prompt and would reject it again. `unclear`: the refusal doesn't say what it is
    about."""

    unclear: bool = False


class Stopped(Refused):
    """No request of this model can succeed until a person acts. `about_request`: what the vendor refuses stands in the
    request itself, a parameter say, so that one without it may succeed."""

    about_request: bool = False


class Lost(ProviderError):
    """Time-out, reset, half a reply, or an answer that does not say whether it was billed. `choices` holds
    samples that did arrive, whole; `usage` what had been used by then, which is at most what is billed; `reply_id` the
    id that the reply itself began with."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        request_id: str | None = None,
        rate_headers: dict[str, str] | None = None,
        choices: tuple[Choice, ...] = (),
        usage: Usage | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            retry_after_s=retry_after_s,
            request_id=request_id,
            rate_headers=rate_headers,
        )
        self.choices = choices
        self.usage = usage
        self.reply_id: str | None = None


class Unusable(Lost):
    """A reply that came whole and holds no answer: a web page, an error in a 200, no choices."""
