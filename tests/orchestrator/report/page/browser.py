"""A headless Chromium, driven over its own protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_PATIENCE_S = 60


class Page:
    """One open page. `requests`: every address it asked for; `complaints`: errors, refusals of its policy, dialogs."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.requests: list[str] = []
        self.complaints: list[str] = []

    async def listen(self) -> None:
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            else:
                self._note(told["method"], told["params"])

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(params["args"]))
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"a dialog: {params['message']}")

    async def ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        answer = self._waiting[number]
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(answer, _PATIENCE_S)
        assert "error" not in told, told
        return told["result"]

    async def js(self, expression: str) -> Any:
        """What the expression gives, awaited."""
        found = await self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        for _ in range(_PATIENCE_S * 20):
            if await self.js(expression):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"never came: {expression}; {self.complaints}")

    async def set(self, selector: str, value: str | bool, event: str = "change") -> None:
        """Sets a control as a reader does, and waits until what follows is drawn."""
        field = "checked" if isinstance(value, bool) else "value"
        await self.js(
            f"{{ const of = document.querySelector({json.dumps(selector)}); of.{field} = {json.dumps(value)};"
            f" of.dispatchEvent(new Event({json.dumps(event)}, {{bubbles: true}})); }}"
        )
        await self.drawn()

    async def size(self, width: int, height: int = 900, *, mobile: bool = False) -> None:
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    async def media(self, kind: str = "", scheme: str = "light") -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.ask("Emulation.setEmulatedMedia", media=kind, features=features)

    async def open(self, address: str) -> None:
        """And waits until its charts are drawn."""
        await self.ask("Page.navigate", url=address)
        await self.drawn()

    async def drawn(self) -> None:
        await self.until("document.documentElement?.dataset.drawn === 'yes'")

    async def picture(self) -> bytes:
        taken = await self.ask("Page.captureScreenshot")
        return base64.b64decode(taken["data"])

    async def pdf(self) -> bytes:
        printed = await self.ask("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
        return base64.b64decode(printed["data"])


@asynccontextmanager
async def browser(profile: Path, *, offline: bool = True) -> AsyncGenerator[Page]:
    """A page of a Chromium of its own, whose network is off, or reaches no further than this machine."""
    assert CHROMIUM is not None
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0")
    alone = ("--proxy-server=127.0.0.1:9", "--disable-background-networking", "--disable-component-update")
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *options,
        *alone,
        *(() if offline else ("--proxy-bypass-list=127.0.0.1",)),
        f"--user-data-dir={profile}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _port(profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                target = next(one for one in await answer.json() if one["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                for domain in ("Page", "Runtime", "Log", "Network"):
                    await page.ask(f"{domain}.enable")
                await page.ask(
                    "Network.emulateNetworkConditions",
                    offline=offline,
                    latency=0,
                    downloadThroughput=0 if offline else -1,
                    uploadThroughput=0 if offline else -1,
                )
                yield page
                listening.cancel()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _port(told: Path) -> int:
    for _ in range(_PATIENCE_S * 20):
        if (line := await asyncio.to_thread(_first_line, told)) is not None:
            return int(line)
        await asyncio.sleep(0.05)
    raise AssertionError("Chromium did not start")


def _first_line(file: Path) -> str | None:
    return file.read_text().split("\n")[0] or None if file.exists() else None
