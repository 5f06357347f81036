"""What imported samples cost: as their file states it, else as their tokens cost by the price book at their date."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from orchestrator.errors import InputError
from orchestrator.ledger.importing.line import VALUE_COLUMNS, Billed, Line
from orchestrator.text.money import usd
from pricing.book import find, look_up, vendors
from pricing.by_word import price_by_word
from pricing.cost import cost_pico
from pricing.types import Price, Tokens, Unpriceable

if TYPE_CHECKING:
    from orchestrator.ledger.importing.reader import Options

Basis = Literal["imported", "computed", "none"]

_VENDORS = {"azureai": "azure", "bedrock": "aws", "grok": "x-ai", "vertex": "google", "gemini": "google"}
"""As other tools call them, and as the price book does."""
_MAKERS = ("openai", "anthropic", "google", "deepseek", "mistral", "x-ai")
"""Tried in this order for a model that is named without its vendor."""
_TOKEN_COLUMNS = tuple(
    VALUE_COLUMNS.index(name)
    for name in (
        "prompt_tokens",
        "completion_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
    )
)
_DAY_S = 86_400
_EACH = "--usd-per-sample"
_TIME = VALUE_COLUMNS.index("created_at")


class Cost(NamedTuple):
    """Pico-dollars, and where they come from. `price`: by which they were computed."""

    pico: int | None
    basis: Basis
    price: Price | None = None


@dataclass(slots=True)
class Compared:
    """Of one model: what the files state, and what the same tokens cost by the price book."""

    stated_pico: int = 0
    computed_pico: int = 0
    samples: int = 0


@dataclass(slots=True)
class Costs:
    """Prices each sample. Raises InputError if a name of --price is none."""

    options: Options
    compared: dict[str, Compared] = field(default_factory=dict[str, Compared])
    unpriced: dict[str, str] = field(default_factory=dict[str, str])
    """Why there is no price, by alias."""
    undated: set[str] = field(default_factory=set[str])
    """Prices that the book gives without a date."""
    _day: datetime.date | None = None
    _prices: dict[tuple[str, str, datetime.date, bool], Price | None] = field(
        default_factory=dict[tuple[str, str, datetime.date, bool], Price | None]
    )
    _used: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        if self.options.prices_on is not None:
            self._day = _date(self.options.prices_on)
        for alias, word in self.options.prices.items():
            try:
                price_by_word(word, provider="", model=alias, on=self._day or _today())
            except Unpriceable as error:
                message = error.message.removeprefix("price_as = ")  # the key of a sweep file
                raise InputError(f"--price {alias}", message, error.remedy) from error

    def of(self, line: Line) -> Cost:
        if line.model in self.options.prices:
            self._used.add(line.model)
        if line.cost_pico is not None:
            self._compare(line)
            return Cost(line.cost_pico, "imported")
        if (each := self.options.cost_pico) is not None:
            self._used.add(_EACH)
            return Cost(each, "imported")
        if (priced := self._computed(line)) is not None:
            return Cost(priced[0], "computed", priced[1])
        return Cost(None, "none")

    def check_used(self) -> None:
        """Raises InputError for a price that no sample took."""
        if self.options.cost_pico is not None and _EACH not in self._used:
            raise InputError(_EACH, "every sample states its cost already", "leave it out")
        for alias in self.options.prices:
            if alias not in self._used:
                raise InputError(
                    f"--price {alias}", "no sample is of that model", "name a model as the file does"
                )

    def _compare(self, line: Line) -> None:
        if not line.billed or line.cost_pico is None or (priced := self._computed(line)) is None:
            return
        one = self.compared.setdefault(line.model, Compared())
        one.stated_pico += line.cost_pico
        one.computed_pico += priced[0]
        one.samples += 1

    def _computed(self, line: Line) -> tuple[int, Price] | None:
        billed = line.billed or self._from_columns(line)
        total, price = 0, None
        day = self._day or _day_of(line.values[_TIME])
        for one in billed:
            found = self._price(line.model, one, day)
            if found is None:
                return None
            try:
                total += cost_pico(found, one.tokens)
            except ValueError as error:  # parts that exceed their whole
                self.unpriced.setdefault(line.model, f"its token counts contradict each other: {error}")
                return None
            price = price or found
        return None if price is None else (total, price)

    def _from_columns(self, line: Line) -> tuple[Billed, ...]:
        """Lines that don't say what they were billed are priced only if the user says how."""
        if not self._asked(line):
            return ()
        read, wrote, cached, write, long = (line.values[at] for at in _TOKEN_COLUMNS)
        if read is None or wrote is None:
            return ()
        return (Billed(line.model, Tokens(read, wrote, cached or 0, write or 0, long or 0)),)

    def _asked(self, line: Line) -> bool:
        return line.model in self.options.prices or self._day is not None

    def _price(self, alias: str, billed: Billed, day: datetime.date) -> Price | None:
        key = (alias, billed.model, day, billed.batch)
        if key not in self._prices:
            try:
                self._prices[key] = self._on(alias, billed, day)
            except Unpriceable as error:
                self._prices[key] = None
                self.unpriced.setdefault(alias, error.message)
        return self._prices[key]

    def _on(self, alias: str, billed: Billed, day: datetime.date) -> Price:
        """The price of that day. One that the book doesn't date is taken for the day of a sample, and said."""
        try:
            return self._named(alias, billed, day)
        except Unpriceable:
            if self._day is not None:
                raise
            price = self._named(alias, billed, _today())
            if (
                price.date != _today().isoformat()
            ):  # the book knows from when on it holds: later than the sample
                raise
            self.undated.add(price.name)
            return price

    def _named(self, alias: str, billed: Billed, day: datetime.date) -> Price:
        word = self.options.prices.get(alias)
        if word is None:
            return _listed(billed, day)
        return price_by_word(word, provider="", model=alias, on=day, batch=billed.batch)


def _listed(billed: Billed, day: datetime.date) -> Price:
    """By the exact name or its dated snapshot alone. Raises Unpriceable."""
    head, slash, name = billed.model.partition("/")
    head = _VENDORS.get(head, head)
    if slash and head in vendors():
        return look_up(provider=head, model=name, on=day, batch=billed.batch)
    for maker in () if slash else _MAKERS:
        found = find(maker, billed.model)
        if found is not None and found.exact:
            return look_up(provider=maker, model=billed.model, on=day, batch=billed.batch)
    raise Unpriceable(f"the price book has no {billed.model!r}")


def _day_of(seconds: float | None) -> datetime.date:
    return _today() if seconds is None else _day(seconds // _DAY_S)


@lru_cache(maxsize=1024)
def _day(number: float) -> datetime.date:
    """The day of this number since 1970."""
    try:
        return datetime.datetime.fromtimestamp(number * _DAY_S, datetime.UTC).date()
    except (ValueError, OverflowError, OSError):
        return _today()


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _date(word: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(word)
    except ValueError:
        raise InputError("--prices-on", f"{word!r} isn't a date", "write it like 2026-07-01") from None


def comparison(alias: str, one: Compared, by: str) -> str | None:
    """What the two sums say; None if they agree within 1%. `by`: whose prices computed."""
    if abs(one.stated_pico - one.computed_pico) * 100 <= max(one.stated_pico, 1):
        return None
    return (
        f"{alias}: the files state {usd(one.stated_pico)}; the same tokens cost {usd(one.computed_pico)} by {by} "
        f"(samples compared: {one.samples:,}). The stated costs were kept."
    )


def undated_note(costs: Costs) -> list[str]:
    """What to know of prices without a date."""
    if not costs.undated:
        return []
    names = ", ".join(sorted(costs.undated)[:20])
    said = f"The price book doesn't date the price of {names}; today's was taken for the samples' days. "
    return [said + "--prices-on YYYY-MM-DD or --price ALIAS=IN/OUT sets another."]
