"""Sweeps whose models go through batches, and processes that run them with short waits."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.run.batches import patience
from tests.loopback.batch_wire import (
    AnthropicDesk,
    GoogleDesk,
    anthropic_batches,
    google_batches,
    openai_batches,
)
from tests.orchestrator.run.sweeps import ROOT

if TYPE_CHECKING:
    from tests.loopback.batch_wire import BatchDesk

KEY = "sk-loopback-0123456789"
SHORT = {"FIRST_LOOK_S": 0.02, "LONGEST_LOOK_S": 0.1, "FIND_S": 0.5, "LISTED_S": 0.15}
DESKS = {
    "openai": lambda **settings: openai_batches(key=KEY, **settings),
    "responses": lambda **settings: openai_batches(api="responses", key=KEY, **settings),
    "anthropic": lambda **settings: anthropic_batches(key=KEY, **settings),
    "google": lambda **settings: google_batches(key=KEY, **settings),
}


def batch_model(desk: BatchDesk, **keys: Any) -> dict[str, Any]:
    """A model with batch = true at this desk, priced as it bills: at half."""
    anthropic = isinstance(desk, AnthropicDesk)
    half = {name: float(Decimal(usd) / 2) for name, usd in desk.vendor.prices.items()}
    api = {"api": "responses"} if desk.wire.path == "/v1/responses" else {}
    if isinstance(desk, GoogleDesk):
        own = {"provider": "google", "base_url": f"{desk.vendor.root_url}/v1beta/openai"}
        return {"model": "m", "batch": True, "price": half, "max_wait_s": 5, **own, **keys}
    return {
        "provider": "anthropic" if anthropic else "openai",
        "model": "m",
        "base_url": desk.vendor.root_url if anthropic else desk.vendor.base_url,
        "batch": True,
        "price": half,
        "max_wait_s": 5,
        **api,
        **keys,
    }


def with_keys(monkeypatch: pytest.MonkeyPatch, **waits: float) -> None:
    """The vendors' keys, and short waits."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    for name, value in (SHORT | waits).items():
        monkeypatch.setattr(patience, name, value)


def start_with_short_waits(
    path: Path, db: Path, *arguments: str, command: str = "run", **waits: float
) -> subprocess.Popen[str]:
    """`manyfew run` as a process of its own, which looks at its batches often."""
    booked = waits.pop("BOOKED_AT_ONCE", 200)
    lines = [f"patience.{name} = {value!r}" for name, value in (SHORT | waits).items()]
    code = "; ".join(
        [
            "from orchestrator.run.batches import patience, results",
            f"results.BOOKED_AT_ONCE = {booked}",
            *lines,
            "from orchestrator.cli.main import main",
            "main()",
        ]
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "PYTHON"))}
    keys = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "GEMINI_API_KEY": KEY, "PYTHONPATH": str(ROOT)}
    quiet = ["--no-progress"] if command == "run" else []
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, command, str(path), "--db", str(db), *quiet, *arguments],
        cwd=path.parent,
        env=kept | keys,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
