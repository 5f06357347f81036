"""A good sweep file to spoil."""

from __future__ import annotations

from pathlib import Path

import pytest

GOOD = """\
name = "many-or-few"
budget_usd = 10.0

[problems]
source = "gsm8k"
path = "problems.jsonl"
limit = 100

[prompt]
system = "Think."
template = "Q: {question}"

[sampling]
samples = 100
mode = "uniform"
temperature = 0.6
max_tokens = 512
extra = {}

[verifier]
kind = "numeric"

[models.cheap]
provider = "vllm"
model = "tiny"
servers = ["http://127.0.0.1:8000/v1"]
gpu_usd_per_hour = 2.5
sequences = 256

[models.expensive]
provider = "openai"
model = "gpt-4o-2024-05-13"
price = { input = 5.0, cached_input = 2.5, output = 15.0 }
limits = { requests_per_minute = 500, concurrency = 64 }
samples = 5

[models.other]
provider = "anthropic"
model = "claude-3-5-sonnet-20240620"

[models.gateway]
provider = "openai-compatible"
model = "deepseek-coder"
base_url = "https://gateway.example/v1"
price = { input = 0.14, output = 0.28 }
"""


@pytest.fixture(autouse=True)
def _no_vendor_variables(monkeypatch):
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def good() -> str:
    return GOOD


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    """The working directory, with the problems file that the good sweep names."""
    (tmp_path / "problems.jsonl").write_text('{"question": "1+1?", "answer": "#### 2"}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(folder: Path):
    """Writes a sweep file and gives its path, relative as a user types it."""

    def _write(text: str | bytes, name: str = "sweep.toml") -> Path:
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path(name)

    return _write
