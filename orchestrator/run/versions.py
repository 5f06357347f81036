"""What a run was made with: goes into the ledger, so that a result can be cited."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version

from verifiers.types import Verifier

PACKAGES = (
    "manyfew",
    "openai",
    "anthropic",
    "aiohttp",
    "httpx2",
    "genai-prices",
    "aiosqlite",
    "numpy",
    "scipy",
)


def versions(verifier: Verifier) -> dict[str, str]:
    """Names and versions of all that bears on the samples, their price and their verdicts."""
    found = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "platform": platform.platform(),
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found["verifier"] = f"{verifier.kind}/{verifier.version}"
    return found
