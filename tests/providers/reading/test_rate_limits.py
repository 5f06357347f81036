"""What OpenAI's and Anthropic's headers say of limits."""

from __future__ import annotations

import pytest

from providers.reading.rate_limits import VendorLimit, vendor_limits

NOW = 1_790_000_000.0

OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-reset-tokens": "6ms",
}
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-09-21T14:13:22Z",
    "anthropic-ratelimit-input-tokens-limit": "30000",
    "anthropic-ratelimit-input-tokens-remaining": "30000",
    "anthropic-ratelimit-output-tokens-limit": "8000",
}


def test_openai_s():
    assert vendor_limits(OPENAI, now=NOW) == (
        VendorLimit(kind="requests", limit=60, remaining=59, reset_s=1.0),
        VendorLimit(kind="tokens", limit=150_000, remaining=149_984, reset_s=0.006),
    )


def test_anthropic_s():
    found = vendor_limits(ANTHROPIC, now=NOW)
    assert [(v.kind, v.limit, v.remaining) for v in found] == [
        ("requests", 50, 49),
        ("input_tokens", 30_000, 30_000),
        ("output_tokens", 8_000, None),
    ]
    assert (found[0].reset_s, found[0].reset_exact_s) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("reset", "exact_s"),
    [
        ("1s", 0.001),
        ("20ms", 0.001),
        ("6m0s", 0.001),
        ("0.4", 0.001),
        ("12", 1.0),
        ("1790000012", 1.0),
        ("1790000012345", 0.001),
        ("2026-09-21T14:13:22Z", 1.0),
        ("2026-09-21T14:13:22.250Z", 0.001),
    ],
)
def test_how_exactly_a_reset_is_told(reset, exact_s):
    headers = {**OPENAI, "x-ratelimit-reset-requests": reset}
    assert vendor_limits(headers, now=NOW)[0].reset_exact_s == exact_s


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-limit-requests": "many"},
        {"x-ratelimit-limit-requests": "0"},
        {"x-ratelimit-limit-requests": "-5"},
        {"x-ratelimit-limit-tokens": "nan"},
        {"x-ratelimit-remaining-tokens": "5"},
    ],
)
def test_nonsense_is_left_out(headers):
    assert vendor_limits(headers, now=NOW) == ()


@pytest.mark.parametrize("reset", ["99999h", "1e8", "999999999", "3026-01-01T00:00:00Z", "3e12"])
def test_a_reset_years_away_is_one_of_a_day(reset):
    """A run would wait for it as long."""
    (found,) = vendor_limits({**OPENAI, "x-ratelimit-reset-requests": reset}, now=NOW)[:1]
    assert found.reset_s == 86_400
