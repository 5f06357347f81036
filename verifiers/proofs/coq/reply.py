"""What Coq's programs answered, as a verdict's words."""

from __future__ import annotations

import re

from verifiers.proofs.extract import first_line, plain

CLOSED = "Closed under the global context"
_AT = re.compile(r'^File "[^"\n]*", line (\d+), characters [^\n]*:\n', re.MULTILINE)
_HEADS = ("Axioms:", "Section Variables:", "Opaque constants:", "Transparent constants:")
_AXIOM = re.compile(r"(\S+)(?: :.*|)\Z", re.DOTALL)
_TOPICS = 5
"""Theory, axioms, type-in-type, unsafe fixpoints, assumed positivity."""
_SUMMARY = re.compile(r"^\* ([^:\n]+):(.*?)(?=^\* |\Z)", re.MULTILINE | re.DOTALL)


def error_of(stderr: str) -> str:
    """The prover's error without the path of a file that nobody has."""
    last = list(_AT.finditer(stderr))
    message = stderr[last[-1].end() :] if last else stderr
    where = f"line {last[-1].group(1)}: " if last else ""
    return plain(where + message.strip(), 2000)


def short(error: str) -> str:
    return first_line(error.replace("Error:", "").replace("Error", "").strip() or "no message")


def assumptions_of(stdout: str) -> tuple[str, ...]:
    """What `Print Assumptions` lists: an axiom's name, or the whole line that says which check of the kernel something
    escaped; () for nothing. A text that isn't understood is listed itself: nothing unknown counts as nothing."""
    text = stdout.strip()
    if text == CLOSED:
        return ()
    head, _, rest = text.partition("\n")
    if head not in _HEADS:
        return (first_line(text) or "no answer",)
    lines = [line for line in rest.splitlines() if line and not line[0].isspace()]
    named = [
        match.group(1) if (match := _AXIOM.match(line)) else plain(line.rstrip("."), 200) for line in lines
    ]
    return tuple(named) or (first_line(text),)


def is_summary(text: str) -> bool:
    """Whether coqchk went through to its end. It fails without one for what it refuses."""
    return len(_SUMMARY.findall(text)) == _TOPICS


def unsafe_of(summary: str, own: str) -> tuple[str, ...]:
    """What coqchk's summary says against the model's file: its own axioms, and whatever in it skipped a check of the
    kernel. `own` is the prefix of its names; the standard library's own axioms are in every summary."""
    found: list[str] = []
    for topic, listed in _SUMMARY.findall(summary):
        if topic.strip() == "Theory":
            found += [] if listed.strip() == "Set is predicative" else ["another theory of sorts"]
        else:
            found += [name.removeprefix(f"{own}.") for name in listed.split() if name.startswith(f"{own}.")]
    return tuple(dict.fromkeys(found))
