"""An agent of a chaos sweep: it asks a few times, each time with all that was said, and prints what came last."""

from __future__ import annotations

import json
import os
import sys
import urllib.request


def main() -> int:
    messages = [{"role": "user", "content": sys.stdin.read()}]
    for turn in range(1 + int(os.environ["MANYFEW_SAMPLE"]) % 4):
        request = urllib.request.Request(
            f"{os.environ['OPENAI_BASE_URL']}/chat/completions",
            data=json.dumps({"model": "m", "messages": messages}).encode(),
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}",
            },
        )
        try:
            with urllib.request.urlopen(request) as reply:
                said = json.load(reply)["choices"][0]["message"]["content"]
        except (OSError, ValueError, LookupError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
        messages += [
            {"role": "assistant", "content": said},
            {"role": "user", "content": f"and then? {turn}"},
        ]
    sys.stdout.write(f"{messages[-2]['content']} ({os.environ['MANYFEW_SAMPLE']})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
