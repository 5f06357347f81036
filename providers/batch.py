"""What a vendor's batch API is: many requests sent as one, done within a day, for less. The same for both vendors.

Making one has two steps, since only the second can cost anything: `upload` sends the requests, `create` starts the
work. After a `create` without an answer call `find`, never `create` again: a second batch is a second bill.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from providers.errors import ProviderError
from providers.types import Reply, Request


class BatchState(StrEnum):
    """The state of a vendor's batch, in the words that matter here."""

    WORKING = "working"
    ENDED = "ended"
    """Nothing more is done: its results can be fetched. A request that they don't name may have been billed."""
    REFUSED = "refused"
    """The vendor refused it as a whole: nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorBatch:
    """A batch as the vendor reports it."""

    id: str
    state: BatchState
    said: str = ""
    """The vendor's own word for its state."""
    results: tuple[str, ...] = ()
    """What `results` is to fetch. A vendor may name them some time after the batch has ended."""
    refusal: ProviderError | None = None
    """Refused: why. RateLimited: more than the vendor takes at once, so that a smaller one may do."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search for a batch. `undecided`: some batch may be it, and only its end will show. `silent`: one
    whose results tell of nobody, which is it if no other turns up."""

    batch: VendorBatch | None
    undecided: bool = False
    silent: VendorBatch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """One line of a batch's results, as received."""

    custom_id: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


class BatchProvider(Protocol):
    """The batch API of one endpoint. All calls raise ProviderError and nothing else; none is
    retried. Cancellation passes through."""

    @property
    def server(self) -> str:
        """The base URL, or what stands for it: goes into the ledger, so it never holds a key."""
        ...

    @property
    def most_requests(self) -> int:
        """The most requests that a batch may hold …"""
        ...

    @property
    def most_bytes(self) -> int:
        """… and the most bytes that their lines may have together."""
        ...

    def line(self, custom_id: str, request: Request, /) -> bytes:
        """A request as it stands in a batch. Raises BadRequest for what can't be written."""
        ...

    async def upload(self, lines: Sequence[bytes], marker: str, /) -> str:
        """Uploads the requests if that is a separate step; costs nothing. Returns what `create` needs."""
        ...

    async def create(
        self, uploaded: str, lines: Sequence[bytes], marker: str, request: Request, /
    ) -> VendorBatch:
        """Starts the work: what this sends may be billed. `request`: any of them, for what holds for all."""
        ...

    async def find(self, marker: str, /, *, size: int, since: float, known: Collection[str]) -> Found:
        """The batch of `size` requests that `create` may have made after `since` (Unix seconds). `known`: ids of
        batches that it is not."""
        ...

    async def look(self, batch: str, /) -> VendorBatch:
        """The state of a batch."""
        ...

    async def cancel(self, batch: str, /) -> None:
        """Cancels it; what is done by then is kept, and billed."""
        ...

    async def results(self, batch: VendorBatch, /, *, lenient: bool) -> Iterator[ResultLine]:
        """Its results, in any order. Raises Lost if they broke off; `lenient`: passes over what can't be read."""
        ...

    def read(self, line: ResultLine, n: int, /) -> Reply:
        """The reply to a request for `n` samples. Raises Undone for one that was not done, and what else a reply
        raises for one that was refused."""
        ...

    async def aclose(self) -> None:
        """Closes its connections."""
        ...


def is_of(marker: str, custom_id: str) -> bool:
    """Whether a request of this id belongs to the batch so marked."""
    return custom_id.startswith(f"{marker}-")


def custom_id(marker: str, request_id: int) -> str:
    """The id of a request within its batch, and of no request of any other: letters, digits, - and _ of at most 64,
    which is what both vendors take."""
    return f"{marker}-{request_id}"
