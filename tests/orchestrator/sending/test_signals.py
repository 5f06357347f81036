"""The first signal drains, the second leaves, SIGHUP does nothing; each handler is what it was afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

import pytest

from orchestrator.sending.signals import Signals

pytestmark = pytest.mark.timeout(20)


class Driver:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def drain(self, *, grace_s: float, note: str, ends_within_s: float | None = None) -> None:
        self.told.append(f"drain {grace_s:.0f} s, {note}")

    def abandon(self) -> None:
        self.told.append("abandon")


async def told_more_than(driver: Driver, count: int, *, within_s: float) -> None:
    for _ in range(round(within_s / 0.01)):
        if len(driver.told) > count:
            return
        await asyncio.sleep(0.01)


def steered(signals: Signals, *steps: Callable[[], None], settles: int = 0) -> Driver:
    """Takes each step inside `steering`, and gives what the driver was told by then."""
    driver = Driver()

    async def main() -> None:
        with signals.steering(driver):
            for step in steps:
                before = len(driver.told)
                step()
                await told_more_than(driver, before, within_s=0.3)
            await told_more_than(driver, settles - 1, within_s=5)

    with signals:
        asyncio.run(main())
    return driver


def sends(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_the_first_signal_drains_and_the_second_leaves(number, name):
    signals = Signals(grace_s=7)
    driver = steered(signals, sends(number), sends(number))
    first, second = driver.told
    assert first.startswith(f"drain 7 s, {name}: sending stopped, up to 7 s")
    assert second == "abandon"
    assert signals.received == number


def test_the_first_signal_is_the_one_that_counts():
    signals = Signals()
    steered(signals, sends(signal.SIGTERM), sends(signal.SIGINT))
    assert signals.received == signal.SIGTERM


def test_a_terminal_that_goes_away_does_not_end_a_run():
    signals = Signals()
    assert steered(signals, sends(signal.SIGHUP)).told == []
    assert signals.received is None


def test_the_time_that_was_given_drains_once():
    signals = Signals(grace_s=3, stop_after_s=0.02)
    driver = steered(signals, settles=1)
    assert [told[:23] for told in driver.told] == ["drain 3 s, --stop-after"]
    assert signals.received is None


def test_a_signal_after_the_time_was_up_leaves():
    driver = steered(Signals(stop_after_s=0.0), lambda: None, sends(signal.SIGINT), settles=2)
    assert driver.told[-1] == "abandon"
    assert len(driver.told) == 2


def test_another_thread_stops_it_by_an_event():
    stop = threading.Event()
    signals = Signals(grace_s=4, stop=stop)
    driver = steered(signals, stop.set, settles=1)
    assert driver.told == ["drain 4 s, stopped: up to 4 s for what is in flight"]
    assert signals.received == signal.SIGINT


def test_handlers_are_what_they_were_afterwards_and_outside_of_the_run_nobody_is_steered():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    signals = Signals()
    driver = Driver()

    async def main() -> None:
        with signals.steering(driver):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)

    with signals:
        asyncio.run(main())
    assert driver.told == []
    assert signals.received == signal.SIGTERM, "it is heard all the same, and ends nothing halfway"
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_in_another_thread_no_handler_is_touched():
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        stop = threading.Event()
        stop.set()
        driver = steered(Signals(stop=stop), settles=1)
        seen.extend([signal.getsignal(signal.SIGINT), driver.told[0][:5]])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before, "drain"]
