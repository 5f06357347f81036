"""Servers of one's own on a real GPU, without network and without vLLM: for whoever has a GPU for some minutes.

    python tests/real/gpu_serve.py check [--seconds 40] [--cpu] [--python PROGRAM] [--out FOLDER]

starts sweeps of two models on one slot, whose servers are this same file: OpenAI's API over transformers, with models
made at random, in an engine process that holds the GPU and outlives its server if nobody ends it. It checks that only
one of them runs at a time; that nvidia-smi shows the GPU's memory back after each end, and after kill -9 of manyfew,
of the server, of its engine and of the guard; and that the dollars are those of the clock, within 1%. Before and after
each kill it prints the processes and what nvidia-smi says of each GPU's memory and of who holds it. `--python`: the one
with torch and transformers, if it is another than manyfew's. Needs torch, transformers, and what manyfew needs.

    python tests/real/gpu_serve.py server PORT MODEL         is such a server
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
USD_PER_HOUR = 3.6
"""A tenth of a cent a second."""
SIZES = {"small": (1024, 8), "large": (2048, 16)}
"""Width and layers of the random models, by name."""
MARK = "SERVERS_OF"
BACK_WITHIN_S = 10.0
SLACK_MIB = 300


# -- a server ----------------------------------------------------------------------------------------------------


def engine(model: str, cpu: bool) -> None:
    """Reads requests, a JSON line each, and writes replies: one process of its own, as vLLM's is."""
    import torch  # pyright: ignore[reportMissingImports]
    from transformers import LlamaConfig, LlamaForCausalLM  # pyright: ignore[reportMissingImports]

    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the worst kind
    width, layers = (64, 2) if cpu else SIZES[model]
    device = "cpu" if cpu else "cuda"
    config = LlamaConfig(
        vocab_size=256,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=max(1, width // 64),
        max_position_embeddings=4096,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=None,
    )
    torch.manual_seed(0)
    net: Any = LlamaForCausalLM(config).to(device=device, dtype=torch.float32 if cpu else torch.bfloat16)
    net.eval()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        ids = torch.tensor([list(asked["prompt"].encode()[-512:])] * asked["n"], device=device)
        with torch.no_grad():
            out = net.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=asked["max_tokens"],
                do_sample=True,
                temperature=1.0,
            )
        made = [bytes(row[ids.shape[1] :].tolist()) for row in out]
        texts = [one.decode("latin-1").encode("ascii", "replace").decode() for one in made]
        sys.stdout.write(json.dumps({"texts": texts, "tokens": [len(one) for one in made]}) + "\n")
        sys.stdout.flush()


def server(port: int, model: str, cpu: bool) -> None:
    """The API server; its engine is a session of its own."""
    program = [sys.executable, __file__, "engine", model, *(["--cpu"] if cpu else [])]
    child = subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    sys.stdout.write(f"engine {child.pid} loads {model}\n")
    sys.stdout.flush()
    if child.stdout.readline() != "ready\n":
        raise SystemExit("RuntimeError: the engine ended before it was ready")

    def ends_with_it() -> None:
        sys.stdout.write(f"EngineDeadError: status {child.wait()}\n")
        sys.stdout.flush()
        os._exit(1)

    threading.Thread(target=ends_with_it, daemon=True).start()
    lock = threading.Lock()
    to_engine, from_engine = child.stdin, child.stdout

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

        def say(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            found = {"/health": {}, "/v1/models": {"data": [{"id": model}]}}.get(self.path)
            self.say(404 if found is None else 200, found or {})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            n = asked.get("n", 1)
            with lock:
                line = {"prompt": asked["prompt"], "n": n, "max_tokens": asked["max_tokens"]}
                to_engine.write(json.dumps(line) + "\n")
                to_engine.flush()
                made = json.loads(from_engine.readline())
            choices = [
                {"index": i, "text": text, "finish_reason": "length"} for i, text in enumerate(made["texts"])
            ]
            tokens = sum(made["tokens"])
            usage = {"prompt_tokens": len(asked["prompt"]), "completion_tokens": tokens}
            usage["total_tokens"] = sum(usage.values())
            self.say(200, {"id": "r", "model": model, "choices": choices, "usage": usage})

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

    Server(("127.0.0.1", port), Handler).serve_forever()


# -- the check ---------------------------------------------------------------------------------------------------


def used_mib() -> int:
    """Memory in use on all GPUs."""
    if shutil.which("nvidia-smi") is None:
        return 0
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    said = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    return sum(map(int, said.split()))


def ours(folder: Path, word: str = "") -> list[int]:
    """The living processes of this check's runs."""
    found: list[int] = []
    for path in Path("/proc").iterdir():
        if not path.name.isdigit() or int(path.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            marked = f"{MARK}={folder}".encode() in (path / "environ").read_bytes()
            if marked and (path / "stat").read_text().rpartition(")")[2].split()[0] != "Z" and word in line:
                found.append(int(path.name))
    return found


def table(folder: Path) -> list[str]:
    """The processes of this check, and each GPU's memory and who holds it, a line each."""
    lines: list[str] = []
    for pid in ours(folder):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            lines.append(f"process {pid}: {words[-100:].strip()}")
    for query in (
        "--query-gpu=index,memory.used,memory.free",
        "--query-compute-apps=gpu_uuid,pid,used_memory",
    ):
        if shutil.which("nvidia-smi") is not None:
            done = subprocess.run(
                ["nvidia-smi", query, "--format=csv,noheader"], capture_output=True, text=True, check=False
            )
            lines += [f"nvidia-smi {query.split('=')[0][8:]}: {line}" for line in done.stdout.splitlines()]
    return lines or ["nothing"]


class Watch(threading.Thread):
    """Looks from outside which servers live; one second of theirs is counted once, whatever processes live in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self.over = threading.Event()
        self.seconds = 0.0
        """That any of a server's processes lived, summed."""
        self.most = 0
        """Servers at one time."""
        self.most_mib = 0

    def run(self) -> None:
        began, alive_before, looks = time.monotonic(), False, 0
        while not self.over.is_set():
            now = time.monotonic()
            alive = ours(self._folder, "gpu_serve.py")
            if alive and alive_before:
                self.seconds += now - began
            began, alive_before = now, bool(alive)
            servers = {pid for pid in alive if _is_server(pid)}
            self.most = max(self.most, len(servers))
            looks += 1
            if looks % 10 == 0:
                self.most_mib = max(self.most_mib, used_mib())
            time.sleep(0.02)


def _is_server(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"\0server\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


class Check:
    def __init__(self, folder: Path, *, python: str, cpu: bool, tokens: int, problems: int) -> None:
        self.folder = folder
        self.cpu = cpu
        self._python = python
        self._tokens = tokens
        self._problems = problems
        self.before_mib = used_mib()
        self.results: list[tuple[str, bool, str]] = []

    def told(self, what: str, good: bool, figures: str) -> None:
        self.results.append((what, good, figures))
        sys.stdout.write(f"{'ok  ' if good else 'FAIL'}  {what}: {figures}\n")
        sys.stdout.flush()

    def shows(self, when: str) -> None:
        sys.stdout.write("".join([f"  {when}:\n", *(f"    {line}\n" for line in table(self.folder))]))
        sys.stdout.flush()

    def sweep(self, name: str) -> Path:
        lines = [{"id": f"p{i}", "question": f"What is {i}?", "answer": "1"} for i in range(self._problems)]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "problems.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        command = [self._python, str(Path(__file__).resolve()), "server", "{port}", "{model}"]
        text = f'name = "{name}"\nbudget_usd = 5\n[problems]\nsource = "jsonl"\npath = "problems.jsonl"\n'
        text += f'[verifier]\nkind = "numeric"\n[sampling]\nsamples = 4\nmax_tokens = {self._tokens}\n'
        for model in SIZES:
            text += (
                f'[models.{model}]\nprovider = "vllm"\nmodel = "{model}"\napi = "completions"\nmax_n = 4\n'
            )
            text += f"sequences = 4\ngpu_usd_per_hour = {USD_PER_HOUR}\n[models.{model}.serve]\nstop_grace_s = 2\n"
            text += f"command = {json.dumps([*command, *(['--cpu'] if self.cpu else [])])}\n"
        path = self.folder / f"{name}.toml"
        path.write_text(text)
        return path

    def start(self, path: Path, *arguments: str) -> subprocess.Popen[str]:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), MARK: str(self.folder)}
        if self.cpu:
            environ["CUDA_VISIBLE_DEVICES"] = ""
        program = [
            sys.executable,
            "-m",
            "manyfew",
            "run",
            str(path),
            "--db",
            str(self.db(path)),
            "--no-progress",
        ]
        return subprocess.Popen(
            [*program, *arguments], env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def db(self, path: Path) -> Path:
        return path.with_suffix(".db")

    def ask(self, path: Path, sql: str) -> Any:
        if not self.db(path).exists():
            return 0
        with contextlib.closing(sqlite3.connect(f"file:{self.db(path)}?mode=ro", uri=True)) as connection:
            try:
                return connection.execute(sql).fetchone()[0] or 0
            except sqlite3.OperationalError:
                return 0

    def back(self, what: str) -> None:
        """Nothing is left, and the GPU's memory is back."""
        began = time.monotonic()
        while True:
            left, mib = ours(self.folder), used_mib() - self.before_mib
            seconds = time.monotonic() - began
            if (not left and mib <= SLACK_MIB) or seconds > BACK_WITHIN_S:
                good = not left and mib <= SLACK_MIB
                self.told(what, good, f"after {seconds:.1f} s: {len(left)} processes, {mib:+d} MiB")
                return
            time.sleep(0.1)

    def ended(self, pids: list[int]) -> None:
        """Waits a moment until they are gone."""
        until = time.monotonic() + BACK_WITHIN_S
        while set(pids) & set(ours(self.folder)) and time.monotonic() < until:
            time.sleep(0.02)

    def in_turn(self) -> None:
        path = self.sweep("in-turn")
        watch = Watch(self.folder)
        watch.start()
        process = self.start(path)
        said, _ = process.communicate(timeout=400)
        self.back("memory back after a run")
        watch.over.set()
        watch.join()
        samples = self.ask(path, "SELECT count(*) FROM sample_records")
        wanted = 2 * 4 * self._problems
        good = process.returncode == 0 and samples == wanted
        self.told(
            "two models in one run", good, f"status {process.returncode}, {samples} of {wanted} samples"
        )
        if process.returncode:
            sys.stdout.write(said[-3000:] + "\n")
        self.told("one server at a time on one slot", watch.most == 1, f"{watch.most} at most")
        if not self.cpu:
            held = watch.most_mib - self.before_mib
            self.told("the servers held GPU memory", held > 500, f"{held} MiB at most")
        booked = self.ask(path, "SELECT sum(settled_pico) FROM spend") / 1e12
        other = self.ask(path, "SELECT sum(presumed_pico + reserved_pico) FROM spend") / 1e12
        clock = watch.seconds * USD_PER_HOUR / 3600
        off = booked / clock - 1 if clock else 1.0
        figures = f"${booked:.5f} booked, ${clock:.5f} by the clock over {watch.seconds:.1f} s: {off:+.2%}"
        self.told("dollars against the clock, within 1%", abs(off) <= 0.01 and not other, figures)
        stood = self.ask(path, "SELECT sum(loading_pico) FROM lease") / 1e12
        self.told("loading is told apart", 0 < stood < booked, f"${stood:.5f} of it")

    def killed(self, what: str, victims: Callable[[subprocess.Popen[str]], list[int]]) -> None:
        path = self.sweep(f"kill-{what}")
        process = self.start(path)
        until = time.monotonic() + 200
        while not self.ask(path, "SELECT count(*) FROM sample_records") and time.monotonic() < until:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        pids = victims(process)
        self.shows(f"before kill -9 of {what}, {pids[:1]}")
        for pid in pids[:1]:
            os.kill(pid, signal.SIGKILL)
        if what == "manyfew":
            process.communicate()
            self.back("memory back after kill -9 of manyfew")
            self.shows(f"after kill -9 of {what}")
            process = self.start(path)
        else:
            self.ended(pids[:1])
            self.shows(f"a moment after kill -9 of {what}")
        said, _ = process.communicate(timeout=400)
        self.back(f"memory back after kill -9 of {what} and the run's end")
        self.shows("after the run's end")
        samples, wanted = self.ask(path, "SELECT count(*) FROM sample_records"), 2 * 4 * self._problems
        good = bool(pids) and process.returncode == 0 and samples == wanted
        self.told(
            f"the run goes on after kill -9 of {what}",
            good,
            f"status {process.returncode}, {samples} samples",
        )
        if not good:
            sys.stdout.write(said[-3000:] + "\n")


@contextlib.contextmanager
def folder_for(stated: str | None) -> Generator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(stated).resolve() if stated else Path(name)


def check(options: argparse.Namespace) -> int:
    with folder_for(options.out) as folder:
        tokens = 24 if options.cpu else 128
        one = Check(
            folder,
            python=options.python,
            cpu=options.cpu,
            tokens=tokens,
            problems=max(2, options.seconds // 5),
        )
        sys.stdout.write(f"GPU memory in use before: {one.before_mib} MiB\n")
        one.in_turn()
        one.killed("manyfew", lambda process: [process.pid])
        one.killed("server", lambda _: ours(folder, "gpu_serve.py server"))
        one.killed("engine", lambda _: ours(folder, "gpu_serve.py engine"))
        one.killed("guard", lambda _: ours(folder, "guard.py"))
        bad = sum(not good for _, good, _ in one.results)
        sys.stdout.write(f"{len(one.results)} checks, {bad} failed\n")
        if options.out:
            (folder / "results.json").write_text(json.dumps(one.results, indent=1))
        return int(bad > 0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="what", required=True)
    checks = commands.add_parser("check")
    checks.add_argument("--seconds", type=int, default=40)
    checks.add_argument("--cpu", action="store_true")
    checks.add_argument("--python", default=sys.executable)
    checks.add_argument("--out")
    serves = commands.add_parser("server")
    serves.add_argument("port", type=int)
    serves.add_argument("model")
    serves.add_argument("--cpu", action="store_true")
    engines = commands.add_parser("engine")
    engines.add_argument("model")
    engines.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    if options.what == "server":
        server(options.port, options.model, options.cpu)
    elif options.what == "engine":
        engine(options.model, options.cpu)
    else:
        return check(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
