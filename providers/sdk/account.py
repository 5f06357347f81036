"""A vendor's endpoint behind its SDK's client, as one key reaches it: what single requests and batches share.

What the SDKs read from the environment by themselves is settled here: the base URL and the key are always given, so
OPENAI_BASE_URL, ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN and profiles on disk change nothing; OPENAI_ORG_ID,
OPENAI_PROJECT_ID, OPENAI_CUSTOM_HEADERS and ANTHROPIC_CUSTOM_HEADERS go out as headers, as with any program that uses
the SDK, but never in place of the key.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import msgspec

from providers.errors import BadRequest, ProviderError, Stopped
from providers.reading.failures import one_line, scrub
from providers.sdk.failures import Sdk, failure_of
from providers.transport.address import ANTHROPIC_URL, OPENAI_URL, public_url, unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from providers.sdk.http_client import SdkExchange

_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


class Account:
    """`name` begins error messages. `own_host`: the vendor's own host, whose 500/503 with an error body are free.
    `custom_headers`: the environment variable from which the SDK takes headers of the user's. `key_header`: the header
    that holds the key, where it is no bearer token."""

    def __init__(
        self,
        client: Any,
        *,
        sdk: Sdk,
        name: str,
        url: str,
        key: str,
        own_host: bool,
        free_5xx: bool,
        custom_headers: str,
        key_header: str | None = None,
    ) -> None:
        self.client = client
        self.name = name
        self.server = public_url(url)
        """The base URL without what might be secret in it."""
        self.own_host = own_host
        self.free_5xx = free_5xx
        self.secrets = (key, *_secrets_in(os.environ.get(custom_headers, "")))
        self._sdk = sdk
        self._key = key
        self._unusable = unusable(url, key)
        self._key_header = key_header

    def options(self, headers: Mapping[str, str], timeout: Any) -> dict[str, Any]:
        """What each call is given. Raises Stopped for a key that no header can carry and a proxy of no use."""
        if self._unusable is not None:
            raise Stopped(f"{self.name}: {self._unusable}")
        given: dict[str, Any] = {"Authorization": f"Bearer {self._key}"}
        if self._key_header is not None:
            from openai import Omit

            given = {"Authorization": Omit(), self._key_header: self._key}
        return {"headers": given | dict(headers), "timeout": timeout, "max_retries": 0}

    def encoded(self, payload: dict[str, Any]) -> bytes:
        """As JSON. Raises BadRequest."""
        try:
            return msgspec.json.encode(payload)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            reason = one_line(f"{type(error).__name__}: {error}")[:160]
            raise BadRequest(f"{self.name}: this request can't be written as JSON: {reason}") from error

    def failure(self, error: Exception, exchange: SdkExchange) -> ProviderError:
        """The error of an exchange without an answer."""
        return failure_of(
            error,
            exchange,
            sdk=self._sdk,
            what=self.name,
            server=self.server,
            own_host=self.own_host,
            free_5xx=self.free_5xx,
            secrets=self.secrets,
        )

    async def aclose(self) -> None:
        """Closes all connections."""
        await self.client.close()


def openai_account(model: str, api_key: str | None, base_url: str | None, **more: Unpack[_More]) -> Account:
    """`base_url` ends in /v1; None is OpenAI's own. Raises Stopped without a key."""
    import openai

    url = base_url or OPENAI_URL
    return _account(
        openai, openai.AsyncOpenAI, f"openai {model}", "OPENAI_CUSTOM_HEADERS", api_key, url, more
    )


def anthropic_account(
    model: str, api_key: str | None, base_url: str | None, **more: Unpack[_More]
) -> Account:
    """`base_url` doesn't end in /v1; None is Anthropic's own. Raises Stopped without a key."""
    import anthropic

    url, made = base_url or ANTHROPIC_URL, anthropic.AsyncAnthropic
    return _account(anthropic, made, f"anthropic {model}", "ANTHROPIC_CUSTOM_HEADERS", api_key, url, more)


def google_account(model: str, api_key: str | None, base_url: str, **more: Unpack[_More]) -> Account:
    """Of Google's own wire, through the same client: the key stands in a header of Google's. Raises Stopped without a
    key."""
    import openai

    return _account(
        openai,
        openai.AsyncOpenAI,
        f"google {model}",
        "OPENAI_CUSTOM_HEADERS",
        api_key,
        base_url,
        more,
        key_header="x-goog-api-key",
    )


class _More(TypedDict):
    own_host: bool
    free_5xx: bool
    concurrency: int


def _account(
    sdk: Sdk,
    client: Callable[..., Any],
    name: str,
    custom_headers: str,
    api_key: str | None,
    base_url: str,
    more: _More,
    *,
    key_header: str | None = None,
) -> Account:
    from providers.sdk.http_client import open_client

    key, url = _usable_key(api_key, name), base_url.rstrip("/")
    http_client = open_client(url, more["concurrency"])
    return Account(
        client(api_key=key, base_url=url, max_retries=0, http_client=http_client),
        sdk=sdk,
        name=name,
        url=url,
        key=key,
        own_host=more["own_host"],
        free_5xx=more["free_5xx"],
        custom_headers=custom_headers,
        key_header=key_header,
    )


def _usable_key(api_key: str | None, name: str) -> str:
    """The key without blanks around it."""
    key = (api_key or "").strip()
    if not key:
        raise Stopped(scrub(f"{name}: no key (set the environment variable that api_key_env names)"))
    return key


def _secrets_in(custom_headers: str) -> list[str]:
    """The values in an SDK's …_CUSTOM_HEADERS ("Name: value" lines) that are keys by their name."""
    pairs = (line.partition(":") for line in custom_headers.split("\n"))
    return [value.strip() for name, _, value in pairs if value.strip() and _SECRET_HEADER.search(name)]
