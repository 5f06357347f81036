"""A small agent of nothing but the standard library: it asks, runs what it is told, and ends when nothing is.

Its arguments: `--turns N` (the most), `--stubborn` (goes on after refusals until it is killed).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

TOOL = {
    "type": "function",
    "function": {
        "name": "bash",
        "description": "Runs a command",
        "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
    },
}


def ask(messages: list[Any]) -> Any:
    body = {"model": os.environ.get("MODEL", "m"), "messages": messages, "tools": [TOOL]}
    request = urllib.request.Request(
        f"{os.environ['OPENAI_BASE_URL']}/chat/completions",
        data=json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}",
        },
    )
    with urllib.request.urlopen(request, timeout=600) as reply:
        return json.load(reply)["choices"][0]["message"]


def main() -> int:
    stubborn = "--stubborn" in sys.argv
    turns = int(sys.argv[sys.argv.index("--turns") + 1]) if "--turns" in sys.argv else 50
    messages: list[Any] = [{"role": "user", "content": sys.stdin.read()}]
    for _ in range(turns):
        try:
            said = ask(messages)
        except urllib.error.HTTPError as error:
            sys.stderr.write(f"{error.code} {error.read().decode()}\n")
            if not stubborn:
                return 3
            time.sleep(0.05)
            continue
        messages.append(said)
        if not said.get("tool_calls"):
            sys.stdout.write(said["content"])
            return 0
        for call in said["tool_calls"]:
            command = json.loads(call["function"]["arguments"])["command"]
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
            output = done.stdout + done.stderr
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": output})
    return 0


if __name__ == "__main__":
    sys.exit(main())
