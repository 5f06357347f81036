"""The pictures of docs/screens.md: `python -m tests.docs.pictures LEDGER` takes them in Chromium and with pdftoppm."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.docs.pages import DOCS
from tests.orchestrator.report.page.browser import browser

IMAGES = DOCS / "images"
FIGURE_DPI = 150
PAGES = {
    "report-light.png": (1400, 900, "light"),
    "report-dark.png": (1400, 900, "dark"),
    "report-phone-light.png": (390, 844, "light"),
    "report-phone-dark.png": (390, 844, "dark"),
}
KEPT = ("report-light.png", "report-phone-dark.png", "figure-samples.png")
"""Those that the docs show."""


def manyfew(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "manyfew", *words], check=True, stdout=subprocess.DEVNULL)


async def take_pages(ledger: Path, folder: Path) -> dict[str, int]:
    """The report at both widths and in both colours; by how many cells each is wider than its window."""
    report = folder / "report.html"
    manyfew("frontier", str(ledger), "--html", str(report))
    beyond: dict[str, int] = {}
    async with browser(folder / "profile") as page:
        await page.ask("Emulation.setScrollbarsHidden", hidden=True)
        for name, (width, height, scheme) in PAGES.items():
            await page.size(width, height, mobile=width < 1000)
            await page.media(scheme=scheme)
            await page.open(report.as_uri())
            (folder / name).write_bytes(await page.picture())
            beyond[name] = await page.js("document.documentElement.scrollWidth - innerWidth")
    return beyond


def take_figure(ledger: Path, folder: Path) -> None:
    """At one column, from the PDF."""
    pdf = folder / "figure-samples.pdf"
    manyfew("figure", str(ledger), "-o", str(pdf), "--panel", "samples")
    subprocess.run(
        ["pdftoppm", "-r", str(FIGURE_DPI), "-png", "-singlefile", str(pdf), str(pdf.with_suffix(""))],
        check=True,
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, ledger = Path(name), Path(sys.argv[1])
        asyncio.run(take_pages(ledger, folder))
        take_figure(ledger, folder)
        IMAGES.mkdir(exist_ok=True)
        for kept in KEPT:
            (IMAGES / kept).write_bytes((folder / kept).read_bytes())


if __name__ == "__main__":
    main()
