"""What an error reply says: how long to wait, whether credit is missing, and the line that a person reads. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.errors import Loading, Lost, Overloaded, ProviderError, RateLimited, Stopped
from providers.reading.credit import needs_payment
from providers.reading.headers import asked_wait_s, rate_headers, request_id_of, retry_after_s, vendors_now
from providers.reading.waits import wait_in_message, wait_until

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from providers.reading.error_text import Said


class Refusal:
    """An error reply, with what every error class takes from it. `what`: what was asked of whom; `unstated`: the
    parameters that the user did not state."""

    def __init__(
        self, status: int, said: Said, headers: Mapping[str, str], what: str, unstated: Collection[str]
    ) -> None:
        self.unstated = unstated
        self.status = status
        self.said = said
        self.headers = headers
        self.what = what
        self.request_id = request_id_of(headers) or said.request_id

    @property
    def needs_payment(self) -> bool:
        return needs_payment(self.said.text, self.said.code, self.said.kind)

    @property
    def wait_s(self) -> float | None:
        """What the vendor asks to wait: by a header, or in the body, or when its limits are full again. None for none:
        one that refuses now and says 0, or a time that has passed, does not know when it will take more."""
        headers = {**self.said.headers, **self.headers}
        return asked_wait_s(headers) or self.said_wait_s or retry_after_s(headers) or None

    @property
    def said_wait_s(self) -> float | None:
        until = wait_until(self.said.text, vendors_now(self.headers))
        waits = (self.said.wait_s, wait_in_message(self.said.text), until)
        return max(filter(None, waits), default=None)

    def line(self, remedy: str = "") -> str:
        message = f"{self.what}: HTTP {self.status}" + (f": {self.said.message}" if self.said.message else "")
        return f"{message} ({remedy})" if remedy else message

    def error(
        self, kind: type[ProviderError], remedy: str = "", *, wait_s: float | None = None
    ) -> ProviderError:
        return kind(
            self.line(remedy),
            status=self.status,
            retry_after_s=self.wait_s if wait_s is None and self._may_wait(kind) else wait_s,
            request_id=self.request_id,
            rate_headers=rate_headers(self.headers),
        )

    def stopped(self, remedy: str) -> ProviderError:
        return self.error(Stopped, remedy)

    def _may_wait(self, kind: type[ProviderError]) -> bool:
        return kind in (RateLimited, Overloaded, Loading, Lost)
