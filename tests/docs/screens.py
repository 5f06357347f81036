"""The screens of docs/screens.md, drawn by the program's own code from one moment of a run: `python -m
tests.docs.screens` writes them into the page."""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Callable, Mapping

from rich.console import Console

from orchestrator.progress import AttemptProgress, ModelProgress, Progress, ServerProgress
from orchestrator.report.live.frame import Frames
from orchestrator.report.live.log_lines import PlainDisplay
from orchestrator.report.terminal.status import status_text
from tests.docs.pages import DOCS

PAGE = DOCS / "screens.md"
USD = 10**12
NOON = 1_796_040_000.0
_SCREEN = re.compile(r"(<!-- screen: (?P<name>[^>]+) -->\n```text\n)(?P<body>.*?)(```\n)", re.DOTALL)

_LOCAL = ModelProgress(
    alias="smollm2-1.7b",
    done=10_240,
    planned=12_800,
    in_flight_requests=16,
    in_flight_samples=256,
    samples_per_s=21.4,
    settled_pico=61 * USD // 100,
    requests=656,
    problems=100,
    solved_problems=81,
    verified=10_236,
    passed=2_907,
    eta_s=120.0,
)
_VENDOR = ModelProgress(
    alias="gpt-5.4-mini",
    done=214,
    planned=500,
    in_flight_requests=4,
    in_flight_samples=4,
    samples_per_s=0.8,
    settled_pico=184 * USD // 100,
    presumed_pico=2 * USD // 100,
    reserved_pico=11 * USD // 100,
    requests=229,
    retries=11,
    problems=100,
    solved_problems=88,
    verified=214,
    passed=181,
    waiting="rate limit, 2 s (about 48 requests per minute, found from rejections)",
    eta_s=360.0,
    errors={"RateLimited 429": 9, "Lost": 2},
)
_AGENT = ModelProgress(
    alias="mini-swe",
    done=6,
    planned=40,
    in_flight_requests=2,
    in_flight_samples=2,
    samples_per_s=0.01,
    settled_pico=74 * USD // 100,
    reserved_pico=61 * USD // 100,
    requests=188,
    problems=10,
    solved_problems=3,
    verified=6,
    passed=3,
    eta_s=3_400.0,
)
MOMENT = Progress(
    name="night",
    phase="sampling",
    budget_pico=5 * USD,
    settled_pico=319 * USD // 100,
    presumed_pico=2 * USD // 100,
    reserved_pico=72 * USD // 100,
    elapsed_s=615.0,
    eta_s=3_400.0,
    pico_per_s=52 * USD // 10_000,
    since_reply_s=1.0,
    at=NOON,
    models=(_LOCAL, _VENDOR, _AGENT),
    servers=(
        ServerProgress(
            name="smollm2-1.7b", phase="ready", gpus=("0",), usd_per_hour=2.5, since_s=610.0, loading_s=41.0
        ),
    ),
    attempts=(
        AttemptProgress(
            alias="mini-swe",
            problem="astropy__astropy-12907",
            sample_index=1,
            calls=14,
            cost_pico=8 * USD // 100,
            cap_pico=USD // 2,
            doing="python -m pytest astropy/modeling/tests -q",
        ),
        AttemptProgress(
            alias="mini-swe",
            problem="django__django-11099",
            sample_index=0,
            calls=3,
            cost_pico=1 * USD // 100,
            cap_pico=USD // 2,
            doing="grep -rn UsernameValidator .",
        ),
    ),
)


def _live(width: int, height: int) -> str:
    return "\n".join(line.plain for line in Frames().draw(MOMENT, width, height - 1))


def _status(width: int) -> str:
    models = {
        m.alias: {
            "settled_usd": m.settled_pico / USD,
            "presumed_usd": m.presumed_pico / USD,
            "reserved_usd": m.reserved_pico / USD,
            "unused_usd": 0.0,
            "loading_usd": 0.028 if m is _LOCAL else 0.0,
            "idle_usd": 0.0,
            "failures": [],
            "interrupted_attempts": 0,
            "stopped": None,
        }
        for m in MOMENT.models
    }
    done, planned = sum(m.done for m in MOMENT.models), sum(m.planned for m in MOMENT.models)
    document = {
        "status": "running",
        "reason": None,
        "budget_usd": MOMENT.budget_pico / USD,
        "settled_usd": MOMENT.settled_pico / USD,
        "presumed_usd": MOMENT.presumed_pico / USD,
        "reserved_usd": MOMENT.reserved_pico / USD,
        "replayed_usd": 0.0,
        "samples": {"planned": planned, "done": done, "failed": 0},
        "batches": [],
        "models": models,
    }
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, markup=False, highlight=False).print(
        status_text(document, MOMENT)
    )
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _log() -> str:
    out = io.StringIO()
    with PlainDisplay(out, clock=lambda: 0.0, wall=lambda: NOON) as display:
        display.update(MOMENT)
    return out.getvalue().rstrip("\n")


SCREENS: Mapping[str, Callable[[], str]] = {
    "live 80x24": lambda: _live(80, 24),
    "live 120x40": lambda: _live(120, 40),
    "live 40x24": lambda: _live(40, 24),
    "status": lambda: _status(80),
    "lines": _log,
}


def drawn(page: str) -> str:
    """The page with its screens as the program draws them now, in UTC."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        return _drawn(page)
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def _drawn(page: str) -> str:
    return _SCREEN.sub(lambda m: f"{m[1]}{SCREENS[m['name']]()}\n{m[4]}", page)


def main() -> None:
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
