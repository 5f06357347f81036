"""manyfew against a bare client, on real vLLM servers of this machine's CPU.

    python -m benchmarks.real_vllm [--problems 4] [--samples 16] [--tokens 64] [--rounds 2] [--json]

Two servers, a chat model and a base model (half the samples: it is half as fast). After one pass of each that only
warms the servers up, each round is manyfew, bare, bare, manyfew: `manyfew run` with its ledger and its verdicts, then
the same bodies, as many at once, posted by an aiohttp loop that only counts tokens. Every sample has exactly --tokens
tokens (ignore_eos) and every pass a cache salt of its own, so that all do the same work. The engines' steps and the
requests in flight, on average, tell whether a client kept the servers as full: where both are alike, what is left
between the two is the machine. Seconds are from the first request to the last reply; the whole command is told beside
them, and the processor time of the client (of the whole command too). On a machine that does other things, trust the
median of the pairs and their range, and take more rounds.
Needs tests/real/setup_vllm.sh.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import aiohttp

from tests.orchestrator.run.books import check_books, check_complete, one, rows
from tests.orchestrator.run.sweeps import finish, start
from tests.real import sweeps
from tests.real.fleet import Fleet, lacking

MAX_N, SEQUENCES = 8, 32
NEUTRAL = {"top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}


@dataclass
class Pass:
    """One pass over all samples."""

    who: str
    samples: int
    tokens: int
    seconds: float
    """From the first request to the last reply."""
    command_s: float
    """The whole command."""
    cpu_s: float
    """Processor time of the client."""
    in_flight: float
    """Requests at the servers, on average."""
    steps: int = 0
    """Of the servers' engines."""

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.seconds


@dataclass
class Post:
    url: str
    body: dict[str, Any]


def manyfew(
    folder: Path, urls: dict[str, str], size: argparse.Namespace, salt: str
) -> tuple[Pass, list[Post]]:
    """A run, and the bodies that it posted, told from its ledger."""
    folder.mkdir()
    db = folder / "real.db"
    keys = {"max_n": MAX_N, "sequences": SEQUENCES, "extra": {"ignore_eos": True, "cache_salt": salt}}
    models = {
        "chat": sweeps.chat(urls["chat"], **keys),
        "base": sweeps.base(urls["base"], samples=max(1, size.samples // 2), **keys),
    }
    path = sweeps.write(
        folder, models, limit=size.problems, samples=size.samples, max_tokens=size.tokens, budget_usd=10
    )
    began, cpu_began = time.perf_counter(), _children_cpu_s()
    ended = finish(start(path, db), 3600)
    command_s, cpu_s = time.perf_counter() - began, _children_cpu_s() - cpu_began
    if ended.status != 0:
        sys.exit(ended.err)
    check_books(db)
    check_complete(
        db, {"chat": (size.problems, size.samples), "base": (size.problems, max(1, size.samples // 2))}
    )
    (row,) = rows(
        db,
        "SELECT sum(completion_tokens) AS tokens, max(ended_at) - min(reserved_at) AS seconds, "
        "sum(latency_s) AS open_s FROM request",
    )
    samples = one(db, "SELECT count(*) FROM sample_records")
    in_flight = row["open_s"] / row["seconds"]
    told = Pass("manyfew", samples, row["tokens"], row["seconds"], command_s, cpu_s, in_flight)
    return told, _posts(db, size.tokens)


def _posts(db: Path, tokens: int) -> list[Post]:
    found: list[Post] = []
    for row in rows(
        db,
        "SELECT r.n, r.server, m.name, p.body FROM request AS r JOIN model AS m ON m.id = r.model_id "
        "JOIN prompt AS p ON p.id = r.prompt_id ORDER BY r.id",
    ):
        prompt = json.loads(row["body"])
        body = {"model": row["name"], "n": row["n"], "max_tokens": tokens, "temperature": 0.8, **NEUTRAL}
        body |= {"ignore_eos": True, "return_token_ids": True}
        if "text" in prompt:
            found.append(Post(f"{row['server']}/completions", {**body, "prompt": prompt["text"]}))
        else:
            messages = [{"role": role, "content": content} for role, content in prompt["messages"]]
            found.append(Post(f"{row['server']}/chat/completions", {**body, "messages": messages}))
    return found


async def bare(posts: list[Post], salt: str) -> Pass:
    """The same bodies, as many in flight at each server, and nothing kept."""
    queues: dict[str, list[Post]] = {}
    for post in posts:
        queues.setdefault(post.url, []).append(post)
    counted = [0, 0]
    open_s: list[float] = []
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout) as session:

        async def work(queue: list[Post]) -> None:
            while queue:
                post = queue.pop(0)
                sent = time.perf_counter()
                async with session.post(post.url, json={**post.body, "cache_salt": salt}) as response:
                    response.raise_for_status()
                    reply = await response.json()
                open_s.append(time.perf_counter() - sent)
                counted[0] += len(reply["choices"])
                counted[1] += reply["usage"]["completion_tokens"]

        began, cpu_began = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for queue in queues.values():
                for _ in range(SEQUENCES // MAX_N):
                    group.create_task(work(queue))
        seconds = time.perf_counter() - began
    cpu_s = time.process_time() - cpu_began
    return Pass("bare", counted[0], counted[1], seconds, seconds, cpu_s, sum(open_s) / seconds)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=4)
    parser.add_argument(
        "--samples", type=int, default=16, help="a problem of the chat model; half for the base model"
    )
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    size = parser.parse_args()
    if (what := lacking()) is not None:
        sys.exit(what)
    signal.signal(signal.SIGTERM, _end)
    passes: list[Pass] = []
    posts: list[Post] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with Fleet(folder, {"chat": "smollm2-135m", "base": "gemma-3-270m"}) as fleet:
            chat, base = fleet.get("chat", "base")
            urls = {"chat": chat.base_url, "base": base.base_url}
            for number in range(-1, 2 * size.rounds):
                first = number % 2 == 0 or number < 0  # the warming up: bare needs manyfew's bodies
                for who in ("manyfew", "bare") if first else ("bare", "manyfew"):
                    before = chat.counters().steps + base.counters().steps
                    salt = f"{who}{time.time_ns()}"
                    if who == "manyfew":
                        found, posts = manyfew(folder / f"run{number}", urls, size, salt)
                    else:
                        found = asyncio.run(bare(posts, salt))
                    found.steps = chat.counters().steps + base.counters().steps - before
                    _say(found)
                    if number >= 0:
                        passes.append(found)
    _report(passes, as_json=size.json)


def _say(one_pass: Pass) -> None:
    print(
        f"{one_pass.who:8} {one_pass.samples:6,} samples {one_pass.tokens:8,} tokens {one_pass.seconds:7.1f} s "
        f"{one_pass.tokens_per_s:7.1f} tokens/s   {one_pass.steps:,} steps, {one_pass.in_flight:.2f} in flight   "
        f"whole command {one_pass.command_s:.1f} s, its processor time {one_pass.cpu_s:.2f} s",
        file=sys.stderr,
        flush=True,
    )


def _report(passes: list[Pass], *, as_json: bool) -> None:
    of = {who: [p for p in passes if p.who == who] for who in ("manyfew", "bare")}
    rate = {who: sum(p.tokens for p in them) / sum(p.seconds for p in them) for who, them in of.items()}
    ratio = rate["manyfew"] / rate["bare"]
    pairs = [m.tokens_per_s / b.tokens_per_s for m, b in zip(of["manyfew"], of["bare"], strict=True)]
    median = statistics.median(pairs)
    full = statistics.median(
        m.in_flight / b.in_flight for m, b in zip(of["manyfew"], of["bare"], strict=True)
    )
    if as_json:
        document = {
            "passes": [asdict(p) for p in passes],
            "tokens_per_s": rate,
            "ratio": ratio,
            "median": median,
            "pairs": pairs,
            "in_flight_ratio": full,
        }
        print(json.dumps(document))
    else:
        print(
            f"manyfew {rate['manyfew']:.1f}, bare {rate['bare']:.1f} tokens/s: ratio {ratio:.3f}, "
            f"median of {len(pairs)} pairs {median:.3f} ({min(pairs):.3f} to {max(pairs):.3f}); "
            f"in flight {full:.3f} of the bare client's"
        )


def _end(number: int, _frame: FrameType | None) -> None:
    """The servers end with us, also where `timeout` ends us."""
    sys.exit(128 + number)


def _children_cpu_s() -> float:
    """Of the children that have ended: the servers have not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
