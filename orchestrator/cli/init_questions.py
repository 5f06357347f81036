"""What `manyfew init` asks on a terminal: which server, which vendor, how many dollars, which problems."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.init_servers import (
    VLLM,
    Kind,
    Served,
    address,
    has_port,
    kind_of,
    named_kind,
    running,
)
from orchestrator.cli.init_servers import section_of as server_section_of
from orchestrator.cli.init_vendors import (
    ENDPOINTS,
    OPENAI,
    VENDORS,
    Endpoint,
    Other,
    Vendor,
    book_name,
    has_price,
    keys_set,
    section_of,
)
from orchestrator.sweep.messages import is_like_a_key, suggestion
from orchestrator.text.command import command

DEFAULT_SERVER = address(VLLM)
NO_SERVER = "none"
OWN_SERVER = "start"
MOST_NAMED = 6
A_KEY = "This looks like a key, which belongs in an environment variable and not in a file."

SERVE = """\
[models.cheap.serve]           # `run` starts the server, uses it and stops it; gpu_usd_per_hour counts all that time
args = ["--max-model-len", "4096"]       # added to: vllm serve MODEL --host 127.0.0.1 --port PORT
# gpus = 1                     # GPUs that it takes; copies = "all": as many servers as fit
"""

Ask = Callable[[str, str], str]
"""(question, what an empty answer means) → the answer."""


@dataclass(frozen=True, slots=True)
class Answers:
    """None: as the starter has it."""

    server: str | None = None
    """An address; "none": no server of one's own, so both models are the vendor's; "start": `run` starts one."""
    served: str | None = None
    """The model that the server says it serves."""
    vendor: str | None = None
    budget_usd: str | None = None
    other: Other | None = None
    """A vendor that speaks OpenAI's API, in place of `vendor`."""
    problems: str | None = None
    """A source's name, or a file of JSON lines."""
    kind: Kind = VLLM
    """Of the server."""


def ask_all(ask: Ask, say: Callable[[str], None], served_at: Callable[[str], Served]) -> Answers:
    """Asks again after an answer that can't be used."""
    server, served, kind = _server(ask, say, served_at)
    name = _vendor(ask, say)
    known = any(name == one.provider for one in VENDORS)
    other = None if known else _other(ask, say, name, both=server == NO_SERVER)
    budget = _asked(ask, say, "Budget in dollars, hard", "5.0", _budget_trouble, _budget_meant)
    question = "Problems: the 40 that come with manyfew, a file of JSON lines, or a data set such as gsm8k"
    problems = _asked(ask, say, question, "quickstart", _problems_trouble)
    return Answers(server, served, name if known else None, budget, other, problems, kind)


def _server(
    ask: Ask, say: Callable[[str], None], served_at: Callable[[str], Served]
) -> tuple[str, str | None, Kind]:
    found = running(served_at)
    for url, answered in found:
        say(f"{kind_of(url, answered).name} answers at {url}; it serves {_listed(answered.models)}.")
    own = not found and can_start()
    start = f"{OWN_SERVER}: let `run` start vLLM on this machine's GPUs; " if own else ""
    question = f"Your own server, such as vLLM or Ollama ({start}{NO_SERVER}: use the vendor's small model)"
    default = found[0][0] if found else OWN_SERVER if own else NO_SERVER
    server = _asked(ask, say, question, default, _server_trouble, _server_meant)
    if server in (NO_SERVER, OWN_SERVER):
        return server, None, VLLM
    served = dict(found).get(server) or served_at(server)
    models, kind = served.models, kind_of(server, served)
    if not models:
        say(f"{server} doesn't answer now; the file names it all the same. {command('doctor')} checks it.")
        return server, None, kind
    if len(models) == 1:
        return server, models[0], kind

    def trouble(answer: str) -> str | None:
        return None if answer in models else f"{answer!r} isn't one of them: {_listed(models)}."

    return server, _asked(ask, say, f"Which of its models ({_listed(models)})", models[0], trouble), kind


def _listed(models: Sequence[str]) -> str:
    more = len(models) - MOST_NAMED
    return ", ".join(models[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _vendor(ask: Ask, say: Callable[[str], None]) -> str:
    """One of those that have an API of their own here, one of the endpoints, or any other name."""
    keys = keys_set()
    held = f"keys set: {', '.join(keys.values())}" if keys else "no key is set yet"
    names = [*(one.provider for one in VENDORS), *(one.name for one in ENDPOINTS)]
    say(f"Vendors known by name: {', '.join(names)}. Any other works too, if it speaks OpenAI's API.")
    default = next(iter(keys), OPENAI.provider)
    question = f"Vendor of the expensive model ({held})"
    meant: list[str] = []

    def trouble(answer: str) -> str | None:
        if answer in names:
            return None
        if answer in meant:  # typed again: it is no slip
            return _vendor_trouble(answer)
        meant.append(answer)
        return _vendor_trouble(answer) or _vendor_slip(answer, names)

    return _asked(ask, say, question, default, trouble, str.lower)


def _other(ask: Ask, say: Callable[[str], None], name: str, *, both: bool) -> Other:
    endpoint = next((one for one in ENDPOINTS if one.name == name), None)
    if endpoint is None:
        url = _asked(ask, say, f"Base URL of {name}, as it documents it", "", _url_trouble)
        variable = re.sub(r"\W+", "_", name).upper().strip("_") + "_API_KEY"
        variable = _asked(ask, say, "Environment variable that holds its key", variable, _variable_trouble)
        endpoint = Endpoint(name, url, variable)
    for place in endpoint.placeholders:
        word = _asked(ask, say, f"Your {place} in {endpoint.base_url}", "", _word_trouble)
        endpoint = endpoint._replace(base_url=endpoint.base_url.replace(place, word))
    wanted = ("cheap", "expensive") if both else ("expensive",)
    return Other(endpoint, tuple(_model(ask, say, endpoint, of) for of in wanted))


def _model(ask: Ask, say: Callable[[str], None], endpoint: Endpoint, of: str) -> tuple[str, str]:
    question = f"The {of} model, as {endpoint.name} names it"
    model = _asked(
        ask, say, question, "", lambda answer: None if answer.isprintable() and answer else "Type its name."
    )
    if has_price(endpoint, model):
        return model, ""
    same = book_name(model)
    question = f"Price of {model}: dollars per million input and output tokens, such as 0.10 0.40"
    if same:
        question += f", or the price of {same}"
    given = _asked(
        ask, say, question, same, lambda answer: None if answer and answer == same else _price_trouble(answer)
    )
    if same and given == same:
        return model, f"price_as = {json.dumps(same)}\n"
    read, written = given.replace("$", "").replace(",", " ").replace("/", " ").split()
    return model, f"price = {{ input = {read}, output = {written} }}\n"


def filled(starter: str, answers: Answers) -> str:
    """The starter file with the answers in place of its examples."""
    text = starter
    if answers.budget_usd is not None:
        text = re.sub(
            r"^budget_usd = \S+ *", f"budget_usd = {answers.budget_usd}  ", text, count=1, flags=re.MULTILINE
        )
    if answers.problems not in (None, "quickstart"):
        text = _with_problems(text, answers.problems or "")
    cheap, expensive = text.index("[models.cheap]"), text.index("[models.expensive]")
    head, first, second = text[:cheap], text[cheap:expensive], text[expensive:]
    if (other := answers.other) is not None:
        own = answers.server != NO_SERVER
        cheap_one = _cheap(first, OPENAI, answers) if own else section_of("cheap", other, 0)
        return head + cheap_one + section_of("expensive", other, -1)
    vendor = next((vendor for vendor in VENDORS if vendor.provider == answers.vendor), OPENAI)
    return head + _cheap(first, vendor, answers) + _expensive(second, vendor)


def _with_problems(text: str, problems: str) -> str:
    is_file = Path(problems).suffix.lower() in (".jsonl", ".json")
    source = f'source = "jsonl"\npath = {json.dumps(problems)}' if is_file else f'source = "{problems}"'
    return re.sub(r'^source = "quickstart".*$', lambda _: source, text, count=1, flags=re.MULTILINE)


def _cheap(section: str, vendor: Vendor, answers: Answers) -> str:
    if answers.server == NO_SERVER:
        return (
            "[models.cheap]                 # `cheap` is the name used in every table and chart\n"
            f'provider = "{vendor.provider}"\nmodel = "{vendor.small}"\nmax_tokens = 1024\n'
            f'unset = ["temperature"]        # models that reason reject it\n{vendor.effort}\n'
        )
    if answers.server == OWN_SERVER:
        section = re.sub(r"^servers = .*\n", "", section, flags=re.MULTILINE).rstrip("\n")
        return f"{section}\n\n{SERVE}\n"
    if answers.server is not None and answers.kind is not VLLM:
        return server_section_of("cheap", answers.kind, answers.server, answers.served)
    if answers.server is not None:
        section = section.replace(DEFAULT_SERVER, answers.server)
    if answers.served is not None:
        model = f"model = {json.dumps(answers.served)}"
        section = re.sub(r'^model = ".*"', lambda _: model, section, flags=re.MULTILINE)
    return section


def _expensive(section: str, vendor: Vendor) -> str:
    if vendor is OPENAI:
        return section
    for ours, theirs in (
        ('provider = "openai"', f'provider = "{vendor.provider}"'),
        (OPENAI.large, vendor.large),
        (OPENAI.key, vendor.key),
        (OPENAI.key.replace("API_KEY", "BASE_URL"), vendor.key.replace("API_KEY", "BASE_URL")),
        (OPENAI.base_url, vendor.base_url),
        ('extra = { reasoning_effort = "low" }   # as OpenAI names it; passed as it is\n', ""),
        ("max_tokens = 1024", "max_tokens = 2048"),
    ):
        section = section.replace(ours, theirs)
    return section


def can_start() -> bool:
    """Whether there are GPUs and vLLM on this machine."""
    from orchestrator.run.servers.gpus import usable

    return sys.platform == "linux" and shutil.which("vllm") is not None and bool(usable(None, os.environ))


def _asked(
    ask: Ask,
    say: Callable[[str], None],
    question: str,
    default: str,
    trouble: Callable[[str], str | None],
    meant: Callable[[str], str] = str,
) -> str:
    """`meant` makes what is wanted of what is usually typed."""
    while True:
        answer = meant(ask(question, default).strip() or default)
        said = trouble(answer)
        if said is None:
            return answer
        say(said)


def _server_meant(answer: str) -> str:
    """localhost:8000 is http://localhost:8000/v1, and ollama its usual port. A path of another kind stays as it is."""
    if (named := named_kind(answer)) is not None:
        return address(named)
    if answer in (NO_SERVER, OWN_SERVER) or not re.fullmatch(
        r"(?:https?://)?[^\s/:]+(?::\d+)?(?:/v1)?/*", answer
    ):
        return answer
    if "://" not in answer and not re.search(r":\d|\.", answer):
        return answer  # a word, not a host
    scheme, _, host = answer.rpartition("://")
    return f"{scheme or 'http'}://{host.rstrip('/').removesuffix('/v1')}/v1"


def _budget_meant(answer: str) -> str:
    """$3, 3 dollars and 1,000 are 3 and 1000. A comma that may be a decimal one stays."""
    plain = re.sub(r"^\$|\$$|(?i:usd|dollars?)$", "", answer).strip()
    return plain.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain) else plain


def _server_trouble(answer: str) -> str | None:
    if answer in (NO_SERVER, OWN_SERVER):
        return None
    if not has_port(answer):
        return f"{answer!r} isn't an address: a port is a number from 1 to 65535."
    if re.fullmatch(r"https?://\S+/v1", answer):
        return None
    host = re.sub(r"^\w+://|(?:/v1)?/*$", "", answer)
    scheme = "https" if answer.startswith("https://") else "http"
    hint = f"{scheme}://{host}/v1" if re.fullmatch(r"[^\s/]\S*", host) else DEFAULT_SERVER
    return f"{answer!r} isn't a full address. Did you mean {hint}?"


def _vendor_trouble(answer: str) -> str | None:
    if answer == NO_SERVER:
        return "The comparison needs an expensive model. Type the name of a vendor that sells one."
    if is_like_a_key(answer):
        return f"{A_KEY} Type the vendor's name."
    if re.fullmatch(r"[a-z][\w.-]{0,60}", answer):
        return None
    return f"{answer!r} isn't a vendor's name. Type one word, such as openrouter or my-lab."


def _vendor_slip(answer: str, names: Sequence[str]) -> str | None:
    near = suggestion(answer, names)
    return f"{answer!r} isn't known by name: {near} Type it again if it is meant." if near else None


def _word_trouble(answer: str) -> str | None:
    return None if re.fullmatch(r"[\w.-]+", answer) else "Type its name, as it stands in the address."


def _url_trouble(answer: str) -> str | None:
    if re.fullmatch(r"https?://[^\s/]+\S*", answer) and has_port(answer):
        return None
    return f"{answer!r} isn't a full address, such as https://api.example.com/v1."


def _variable_trouble(answer: str) -> str | None:
    if is_like_a_key(answer):
        return f"{A_KEY} Type the variable's name, such as MY_LAB_API_KEY."
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", answer):
        return None
    return "Type the variable's name, never the key itself."


def _price_trouble(answer: str) -> str | None:
    number = r"\$?\d{1,6}(?:\.\d+)?"
    return (
        None if re.fullmatch(rf"{number}[\s,/]+{number}", answer) else "Type two numbers, such as 0.10 0.40."
    )


def _problems_trouble(answer: str) -> str | None:
    from orchestrator.problems.registry import SOURCES

    if Path(answer).suffix.lower() in (".jsonl", ".json"):
        return None if Path(answer).is_file() else f"There is no file {answer!r} here."
    usable = [source for source in SOURCES if source not in ("hf", "jsonl")]
    return None if answer in usable else f"{answer!r} is no .jsonl file, and none of {', '.join(usable)}."


def _budget_trouble(answer: str) -> str | None:
    if re.fullmatch(r"\d{1,6}(\.\d+)?", answer) and float(answer):
        return None
    return f"{answer!r} isn't an amount of dollars. Type a number such as 5 or 0.50."
