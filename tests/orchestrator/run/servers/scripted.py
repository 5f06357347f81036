"""A server that a test scripts by its arguments, of the standard library alone. It answers /health, /v1/models,
/v1/chat/completions and /v1/completions, asks for the key of its environment, and writes what it does to its log.

    python scripted.py PORT MODEL [NAME=VALUE …]

    loads=S         answers /health with 503 for so long, writing a line to its log every 0.2 s
    waits=FILE      the same, until FILE exists
    never=1         never listens
    dies=start      ends before it listens, with status 3;  dies=oom: says that it is out of memory
    dies=N          ends after N replies (killed outright: status 9)
    lives=FILE      dies only while FILE doesn't exist, which it then makes
    deaf=1          ignores TERM
    engine=1        starts a child that holds on, in a session of its own, and outlives it; its number is in the log
    forks=1         the same, forked twice
    serves=NAME     another model than asked for
    taken=FILE      says that its port is taken while FILE doesn't exist, which it then makes
    slow=S          a reply takes so long
    tells=FILE      appends "start PORT CUDA_VISIBLE_DEVICES" and "end" to FILE
    like=sglang     takes no key, and answers /health with 503 until it is warm, then after one token's time
    like=ollama     takes no key, has the port from OLLAMA_HOST (PORT is any word), answers / and not /health, and
                    lists a model without a tag as NAME:latest
"""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

HOLDS_ON = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def log(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    model = sys.argv[2]
    options: dict[str, str] = {}
    for text in sys.argv[3:]:
        name, _, options[name] = text.partition("=")
    like = options.get("like")
    port = int(os.environ["OLLAMA_HOST"].rpartition(":")[2] if like == "ollama" else sys.argv[1])
    began, replies, lock = time.monotonic(), 0, threading.Lock()
    tells = Path(options["tells"]) if "tells" in options else None

    def tell(what: str) -> None:
        if tells is not None:
            with tells.open("a") as file:
                file.write(f"{what}\n")

    def once(name: str) -> bool:
        """Whether the file that an option names isn't there yet; it is from now on."""
        if name not in options:
            return True
        there = Path(options[name]).exists()
        Path(options[name]).touch()
        return not there

    def bye(number: int, _: object) -> None:
        tell("end")
        os._exit(0)

    log(f"environment: {json.dumps(dict(os.environ))}")
    tell(f"start {port} {os.environ.get('CUDA_VISIBLE_DEVICES', '')}")
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in options else bye)
    if options.get("taken") is not None and once("taken"):
        log("ERROR: [Errno 98] error while attempting to bind on address: address already in use")
        sys.exit(1)
    if options.get("dies") in ("start", "oom") and once("lives"):
        why = {"start": "ValueError: no such weights", "oom": "torch.OutOfMemoryError: CUDA out of memory"}
        log(f"loading\nTraceback (most recent call last):\n{why[options['dies']]}")
        sys.exit(3)
    if "engine" in options:
        child = subprocess.Popen([sys.executable, "-c", HOLDS_ON], start_new_session=True)
        log(f"engine {child.pid}")
    if "forks" in options and os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            log(f"engine {os.getpid()}")
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        os._exit(0)
    while "never" in options:
        time.sleep(0.2)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            pass

        def say(self, status: int, body: Any) -> None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            left = float(options.get("loads", 0)) - (time.monotonic() - began)
            if "waits" in options and not Path(options["waits"]).exists():
                left = max(left, 0.2)
            if like == "ollama" and self.path == "/":
                self.say(200, "Ollama is running")
            elif like == "ollama" and self.path != "/v1/models":
                self.say(404, "404 page not found")
            elif left > 0:
                log(f"Loading weights: {left:.1f} s to go")
                self.say(503, {"error": {"message": "Loading model"}})
            elif self.path == "/health":
                time.sleep(0.2 if like == "sglang" else 0)
                self.say(200, {})
            elif self.path == "/v1/models" and self.known():
                tag = ":latest" if like == "ollama" and ":" not in model else ""
                self.say(200, {"object": "list", "data": [{"id": options.get("serves", f"{model}{tag}")}]})
            else:
                self.say(404, {"error": {"message": "not found"}})

        def known(self) -> bool:
            if like or self.headers.get("Authorization") == f"Bearer {os.environ['VLLM_API_KEY']}":
                return True
            log("a wrong key")
            return False

        def do_POST(self) -> None:
            nonlocal replies
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.known():
                self.say(401, {"error": {"message": "wrong key"}})
                return
            with lock:
                replies += 1
                mine = replies
            if options.get("dies", "").isdigit() and mine > int(options["dies"]) and once("lives"):
                log("RuntimeError: CUDA error: an illegal memory access was encountered")
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(float(options.get("slow", 0)))
            chat = self.path.endswith("chat/completions")
            text = "The answer is\n#### 2"
            choices = [
                {
                    "index": i,
                    "finish_reason": "stop",
                    **({"message": {"role": "assistant", "content": text}} if chat else {"text": text}),
                }
                for i in range(asked.get("n", 1))
            ]
            usage = {"prompt_tokens": 10, "completion_tokens": 5 * len(choices), "total_tokens": 10}
            usage["total_tokens"] += usage["completion_tokens"]
            self.say(200, {"id": f"r{mine}", "model": asked["model"], "choices": choices, "usage": usage})

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    Server(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
