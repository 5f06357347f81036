"""Freezes what users build on, after a change that the changelog tells: `python -m tests.stability.freeze`."""

from __future__ import annotations

import hashlib
import json
import sys

from tests.stability.surface import FROZEN, released_lines, surface


def main() -> int:
    """Writes frozen.json. Refuses a change that no new line of CHANGELOG.md tells."""
    old = json.loads(FROZEN.read_text("utf-8")) if FROZEN.exists() else {}
    now, lines = surface(), _digest()
    if old and old["surface"] == now:
        sys.stdout.write("Nothing has changed.\n")
        return 0
    if old and old["changelog"] == lines:
        sys.stderr.write("CHANGELOG.md has no new line: say there what changed, then freeze again.\n")
        return 1
    FROZEN.write_text(json.dumps({"changelog": lines, "surface": now}, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"Written: {FROZEN}\n")
    return 0


def _digest() -> str:
    return hashlib.sha256("\n".join(released_lines()).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
