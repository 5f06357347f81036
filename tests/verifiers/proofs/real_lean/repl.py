"""A real Lean behind leanprover-community/repl's protocol: repl.py LIBRARY, LIBRARY being libleanshared.so.

`{"cmd": …, "env": N}` and a blank line in, one JSON object and a blank line out. No library of Lean's is there, so the
first command brings prelude.lean. An environment is all the text up to it, what is left open included. Each command is
elaborated at the end of that text in a child of its own, and what Lean says of the command's own lines is the reply.
Without Init there are no tactics, proofs are terms. `sorry` needs it too: the axiom that it makes stands in its place.
"""

import ctypes
import json
import os
import re
import sys
import tempfile

SORRY = re.compile(r":=(\s*)sorry\b")
SEVERITY = {"information": "info"}


def elaborate(library, text):
    """Lean's messages on a whole text."""
    with (
        tempfile.NamedTemporaryFile("w", suffix=".lean", encoding="utf-8") as file,
        tempfile.TemporaryFile() as said,
    ):
        file.write(text)
        file.flush()
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            words = (ctypes.c_char_p * 4)(b"lean", b"--json", file.name.encode(), None)
            status = library.lean_main(3, words, None)
            ctypes.CDLL(None).fflush(None)
            os._exit(status & 0xFF)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        lines = said.read().decode("utf-8", "replace").splitlines()
    if status not in (0, 1):
        sys.exit(f"Lean ended with status {status}")
    messages = [json.loads(line) for line in lines]
    if status == 1 and not any(message["severity"] == "error" for message in messages):
        sys.exit("Lean did not start")
    return messages


def answer(library, texts, asked):
    env = asked.get("env")
    if not isinstance(asked.get("cmd"), str) or not (env is None or 0 <= env < len(texts)):
        return {"message": "Unknown environment."}
    before = "" if env is None else texts[env] + "\n"
    command, sorries = SORRY.subn(r":=\1sorryAx _ True.intro", asked["cmd"])
    first = before.count("\n")
    messages = [
        {
            "severity": SEVERITY.get(message["severity"], message["severity"]),
            "pos": {"line": message["pos"]["line"] - first, "column": message["pos"]["column"]},
            "endPos": None,
            "data": message["data"],
        }
        for message in elaborate(library, before + command)
        if message["pos"]["line"] > first
    ]
    texts.append(before + command)
    reply = {"sorries": [{"goal": ""}] * sorries} if sorries else {}
    return reply | ({"messages": messages} if messages else {}) | {"env": len(texts) - 1}


def main():
    library, texts, lines = ctypes.CDLL(sys.argv[1]), [], []
    for line in sys.stdin:
        if line.strip():
            lines.append(line)
        elif lines:
            sys.stdout.write(f"{json.dumps(answer(library, texts, json.loads(''.join(lines))))}\n\n")
            sys.stdout.flush()
            lines = []


if __name__ == "__main__":
    main()
