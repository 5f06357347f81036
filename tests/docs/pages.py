"""The docs' pages as what can be run: files to write and commands to type, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from tests.loopback.openai_wire import openai_vendor
from tests.loopback.work import Sample
from tests.orchestrator.ledger.importing.logs import inspect_header, inspect_sample, write_eval
from tests.orchestrator.run.serving import serving

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUN = (DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md")))

_FENCE = re.compile(
    r"(?:^<!-- (?P<what>file|append): (?P<name>\S+) -->\n)?"
    r"^(?P<margin> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=margin)```$",
    re.MULTILINE | re.DOTALL,
)
_PORT = re.compile(r"http://127\.0\.0\.1:(800\d)/v1")
_GOLD = re.compile(r'"question": "(?P<question>[^"]+)", "answer": "(?P<answer>[^"]+)"')


@dataclass(frozen=True)
class Block:
    """A fenced block. `name` is the file it is, or is added to; `start` and `end` are where its body lies."""

    what: Literal["file", "append", "console", "other"]
    name: str
    language: str
    margin: str
    body: str
    start: int
    end: int

    @property
    def commands(self) -> list[str]:
        return [line[2:] for line in self.body.splitlines() if line.startswith("$ ")]


def blocks(text: str) -> list[Block]:
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        margin, language = match["margin"], match["language"]
        body = "".join(line.removeprefix(margin) for line in match["body"].splitlines(keepends=True))
        what = match["what"] or ("console" if language == "console" else "other")
        found.append(Block(what, match["name"] or "", language, margin, body, *match.span("body")))  # pyright: ignore[reportArgumentType]
    return found


def marked(text: str, mark: str) -> str:
    """The body of the fenced block that stands below `<!-- mark -->`."""
    found = re.search(rf"^<!-- {re.escape(mark)} -->\n```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found is not None, mark
    return found[1]


def _answering(share: int) -> Callable[[str, int], Sample]:
    """Right in `share` of ten samples, by the sample's number and the question's length; the gold is the docs' own."""
    golds = {m["question"]: m["answer"] for page in RUN for m in _GOLD.finditer(page.read_text("utf-8"))}

    def answer(prompt: str, index: int) -> Sample:
        gold = next((gold for question, gold in golds.items() if question in prompt), "7")
        right = (index * 7 + len(prompt)) % 10 < share
        text = f"Step by step.\n#### {gold if right else index + 1000}"
        return Sample(text=text, tokens=24)

    return answer


@contextmanager
def stand_ins() -> Generator[Mapping[str, str]]:
    """Loopback servers for the addresses that the docs name. Gives the environment, and the addresses by port."""
    served = ("Qwen/Qwen2.5-1.5B-Instruct", "google/gemma-3-270m")
    cheap = openai_vendor(flavour="vllm", models=served, answer=_answering(4), latency=0.2)
    first, second = (openai_vendor(answer=_answering(5), latency=at) for at in (0.1, 0.2))
    prices = {"input": Decimal(2), "cached_input": Decimal("0.2"), "output": Decimal(10)}
    sold = ("gpt-6-sol", "gpt-6-luna")
    expensive = openai_vendor(answer=_answering(9), models=sold, prices=prices, latency=0.1)
    with serving(cheap, first, second, expensive):
        yield {
            "8000": cheap.base_url,
            "8001": first.base_url,
            "8002": second.base_url,
            "OPENAI_BASE_URL": expensive.base_url,
        }


def write(block: Block, folder: Path, places: Mapping[str, str]) -> None:
    """The file that the block is; addresses become those of the stand-ins."""
    text = _PORT.sub(lambda match: places[match[1]], block.body)
    with (folder / block.name).open("w" if block.what == "file" else "a", encoding="utf-8") as file:
        file.write(text if block.what == "file" else "\n" + text)


def prepare(folder: Path) -> None:
    """What pages other than the tutorial take from it, and data sets of which they name the file."""
    tutorial = blocks((DOCS / "tutorial.md").read_text("utf-8"))
    problems = next(block for block in tutorial if block.name == "problems.jsonl")
    (folder / "problems.jsonl").write_text(problems.body, "utf-8")
    _write_logs(folder)
    lines = [
        f'{{"question": "What is {n} + {n}?", "answer": "{n} + {n} = {2 * n}\\n#### {2 * n}"}}'
        for n in range(9)
    ]
    (folder / "gsm8k_test.jsonl").write_text("\n".join(lines[:4]) + "\n", "utf-8")
    (folder / "gsm8k_train.jsonl").write_text("\n".join(lines[4:]) + "\n", "utf-8")


def _write_logs(folder: Path) -> None:
    """What a reader has already."""
    (folder / "logs").mkdir()
    for name, model, right in (("small", "openai/gpt-4o-mini", 2), ("large", "openai/gpt-4o", 3)):
        samples = [
            inspect_sample(problem, epoch, "4" if epoch <= right else "5")
            | {"model_usage": {model: {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150}}}
            for problem in range(1, 7)
            for epoch in range(1, 5)
        ]
        write_eval(folder / "logs" / f"{name}.eval", samples, inspect_header(model=model))
    line = '{"task_id": "HumanEval/0", "completion": "    return True"}\n'
    (folder / "samples.jsonl").write_text(line, "utf-8")


def type_(command: str, folder: Path, places: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As a person would in a terminal of 100 columns, stdout and stderr as they come."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ANTHROPIC_", "PYTHON"))}
    words = command.split()
    assert words[0] == "manyfew", command
    return subprocess.run(
        [sys.executable, "-P", "-m", *words],
        cwd=folder,
        env={
            **kept,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
            "OPENAI_API_KEY": "sk-docs",
            "HOST_A_KEY": "a",
            "HOST_B_KEY": "b",
            "OPENAI_BASE_URL": places["OPENAI_BASE_URL"],
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        stdin=subprocess.DEVNULL,
    )
