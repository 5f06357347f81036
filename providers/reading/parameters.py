"""Which parameter a 400 or 422 refuses, in whatever words: `n`, or one that every prompt is sent with. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from providers.reading.late_pattern import LatePattern

if TYPE_CHECKING:
    from providers.reading.error_text import Said

_N = LatePattern(
    r"['\"`]n['\"`]|(?:^|[\s;,(])n: |[:=] ?[\[(]?n[\])]?(?:[.,;]|$)|\bn_cmpl\b"
    r"|参数 ?n(?![a-z_])|(?<![a-z_])n ?(?:参数|仅|只|必须|不能|不支持|的?取值|最大)"
    r"|\bparallel (?:sampling|samples|decoding|generations?)\b"
    r"|\bn ?(?:>|>=|<=|=|==|!=) ?\d|\bn (?:must|should|has to|is|can|cannot|value|parameter|> )"
    r"|body[\"'., )(]+n\b|\b(?:parameters?|arguments?|fields?|options?|invalid|unsupported|for|of):? \(?n\b"
    r"|(?:number of|multiple|several|more than one|only (?:one|1|a single)|(?:one|single|1)) "
    r"(?:choice|completion|sample|candidate|generation|response|output|alternative|return sequence|sequence)s?\b"
    r"(?! tokens?\b)"
    r"|\b\d{1,6} (?:choices|completions|candidates|generations)\b"
    r"|candidate[ _]?count|\bbest_of\b|num_return_sequences|num_generations"
    r"|num_(?:samples|completions|choices|outputs|responses)|\bset n\b",
    re.IGNORECASE,
)
_NUMBER = r" ?['\"`]?(\d{1,6})\b"
_MAX_N = LatePattern(
    rf"(?:at most|<=|≤|no more than|not more than|less than or equal to|not exceed|up to|must be|should be|equal to"
    rf"|only|maximum(?: value)?(?: of| is| allowed is|:)?|max(?:imum)? allowed(?: value)?(?: of| is|:)?"
    rf"|\bthe (?:allowed|limit)(?: is| of|:)?"
    rf"|between 1 and|\b1 to|\b1 ?[-–] ?|[\[(] ?1 ?, ?|\b1 \(inclusive\) (?:to|and)"
    rf"|(?:仅支持|只支持|最大(?:值)?(?:为|是)?|不能?超过|不大于|小于等于)){_NUMBER}(?! ?\(exclusive)",
    re.IGNORECASE,
)
_BELOW_N = LatePattern(
    rf"(?:less than|below|under|smaller than|(?<![<=])<|exclusive\) to|inclusive\) (?:to|and)){_NUMBER}",
    re.IGNORECASE,
)
"""What n must stay below."""


def is_about_n(said: Said) -> bool:
    if said.param and not said.param.endswith("_error"):  # Cerebras: "validation_error"
        return said.param.removeprefix("body.") in ("n", "best_of", "candidateCount", "candidate_count")
    return bool(_N.search(said.text))


def max_n_of(said: Said) -> int:
    """What the endpoint takes; 1 if it doesn't say."""
    if found := _MAX_N.search(said.text):
        return max(1, int(found.group(1)))
    below = _BELOW_N.search(said.text)
    return max(1, int(below.group(1)) - 1) if below else 1


SAMPLING = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "seed",
)
LENGTH = ("max_tokens", "max_completion_tokens", "max_output_tokens")
OTHERS = (
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "reasoning_effort",
    "include_reasoning",
    "enable_thinking",
    "thinking_budget",
    "thinking_level",
    "response_format",
    "chat_template_kwargs",
    "min_tokens",
    "ignore_eos",
    "service_tier",
    "prompt_cache_key",
    "parallel_tool_calls",
    "top_a",
    "typical_p",
)
"""Names that no sentence has but as a parameter's."""
_REFUSED = LatePattern(
    r"(?:not|n.t) (?:be )?(?:a )?(?:support|allow|permit|recogni|available|valid|set)|unsupported|unknown|invalid"
    r"|must be|should be|out of range|deprecated|extra|too many|at most|不支持|非法|无效",
    re.IGNORECASE,
)
_REQUESTED = LatePattern(
    r"(?:maximum|max) (?:number of )?(?:output |completion |new )?tokens (?:that )?you (?:have )?requested"
    r"|\bmax(?:imum)? output (?:is|of|limit)\b"
    r"|requested (?:maximum |max )?(?:output|completion) tokens? (?:count )?exceed",
    re.IGNORECASE,
)
_NAMED = LatePattern(
    r"(?:unsupported|unrecognized|unknown|unexpected|unpermitted|invalid|extra)"
    r" (?:request )?(?:parameter|value|argument|keyword argument|field|input|key|name)s?"
    r"(?: supplied| provided| found| for)?:? *['\"`]?([A-Za-z_][\w.]*)"
    r"|['\"`]([A-Za-z_][\w.]*)['\"`][^.;]{0,60}?"
    r"(?:(?:not|n.t) (?:support|allow|permit|available|valid|recogni)|unsupported|deprecated|cannot both)"
    r"|(?:parameter|argument|field|option)s? (?:is |are )?(?:not supported|unsupported|not allowed|not permitted)"
    r"[^:.;]{0,40}: ?['\"`]?([A-Za-z_][\w.]*)"
    r"|(?:parameter|argument|field|option) ['\"`]?(?!is\b|was\b)([A-Za-z_][\w.]*)['\"`]? (?:is )?"
    r"(?:not |un)(?:support|allow)"
    r"|(?:not|n.t) (?:support|accept|allow|take) (?:the |setting )?(?:parameter|argument|field|option)s?:? ?['\"`]?"
    r"([A-Za-z_][\w.]*)",
    re.IGNORECASE,
)
_BEFORE_COLON = LatePattern(
    r"\b(?:body\.)?([A-Za-z_][\w.]*): (?:extra|unknown|unexpected|unsupported)", re.IGNORECASE
)
_LOCATED = LatePattern(r"'loc': \('body', '(\w+)'\)[^}]{0,40}(?:extra|not permitted)", re.IGNORECASE)
_UNKNOWN = LatePattern(r"extra|unknown|unrecognized|unsupported", re.IGNORECASE)
_BEGINS = LatePattern(r"(?:body\.)?[`'\"]?([a-z_]+)[`'\"]?(?![\w.])")
_PARAMETER_CODES = frozenset(
    {
        "unsupported_parameter",
        "unsupported_value",
        "unknown_parameter",
        "extra_forbidden",
        "unrecognized_parameter",
    }
)
_AMBIGUOUS = frozenset({"stop", "seed"})
"""Names that are plain words too: they count only in quotes, or beside the word parameter."""
_KNOWN = SAMPLING + LENGTH + OTHERS
_BY_LETTERS = {name.replace("_", ""): name for name in _KNOWN} | {"stopsequences": "stop"}
_STOPS = LatePattern(r"\bstop[ _]?(?:sequence|word|string)s?\b", re.IGNORECASE)
_MENTIONED = LatePattern(
    rf"(?<!\w)({'|'.join(name.replace('_', '_?') for name in sorted(_KNOWN, key=len, reverse=True))})(?!\w)",
    re.IGNORECASE,
)


def _name(said: str) -> str:
    """The parameter in OpenAI's spelling: presencePenalty and generation_config.topP are written so, too."""
    said = said.rstrip(".")
    last = said.removeprefix("body.").rpartition(".")[2]
    return _BY_LETTERS.get(last.replace("_", "").lower(), said.removeprefix("body."))


def refused_length(said: Said) -> str | None:
    """max_tokens, where a refusal says in words that what was asked for is more than the model gives."""
    return "max_tokens" if _REQUESTED.search(said.text) else None


def refused_parameter(said: Said) -> str | None:
    """The parameter that a 400 or 422 refuses for every prompt alike; None if it is about this prompt."""
    known = SAMPLING + LENGTH
    stated = _name(said.param)
    if stated in known or (stated and said.code in _PARAMETER_CODES):
        return stated
    matches = [one for pattern in (_LOCATED, _NAMED, _BEFORE_COLON) for one in pattern.finditer(said.text)]
    names = [_name(next((group for group in found.groups() if group), "")) for found in matches]
    if (named := next((name for name in names if name in _KNOWN), None)) is not None:
        return named
    found, named = (matches[0], names[0]) if matches else (None, "")
    if found and (said.code in _PARAMETER_CODES or _UNKNOWN.search(found.group())):
        return named
    begins = _BEGINS.match(said.text)  # vLLM: "top_p must be in (0, 1], got 3.0."
    if begins and begins.group(1) in known:
        return begins.group(1)
    if _STOPS.search(said.text) and _REFUSED.search(said.text):
        return "stop"
    mentioned = [_name(found.group(1)) for found in _MENTIONED.finditer(said.text)]
    refused = bool(_REFUSED.search(said.text))
    return next((n for n in mentioned if n in known and n not in _AMBIGUOUS), None) or next(
        (n for n in mentioned if n in OTHERS and refused), None
    )
