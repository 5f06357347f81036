"""Whether a refusal is one that only a payment, or another person's decision, mends. Pure."""

from __future__ import annotations

import re

CODES = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_error",
        "exceeded_current_quota_error",
        "insufficient_balance",
        "insufficient_credits",
        "insufficient_funds",
        "account_deactivated",
        "account_suspended",
        "organization_on_hold",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "budget_exceeded",
        "payment_required",
        "arrearage",
        "accountoverdueerror",
        "quota_exceeded_monthly",
        "1113",
    }
)
"""Codes and types, in lower case: of OpenAI, Anthropic, Moonshot, LiteLLM, Alibaba, Volcengine, Zhipu. The word
billing in a message is no sign: OpenAI's ordinary rate-limit message ends with the address of its billing page."""

_MONEY = r"(?:credits?|balance|funds|money|prepaid|prepayment)"
_GONE = (
    r"(?:insufficient|not enough|too low|depleted|exhausted|used up|ran out|run out|running out|expired|negative|"
    r"zero|below zero|overdrawn|consumed)"
)
_WORDS = re.compile(
    rf"\b{_GONE}\b[^.;]{{0,40}}\b{_MONEY}\b|\b{_MONEY}\b[^.;]{{0,40}}\b{_GONE}\b"
    rf"|\b(?:no|without|out of|lacks?|requires? more|used (?:up )?all(?: \w+){{0,3}}|exceeded(?: \w+){{0,4}}"
    rf"|don'?t have (?:any|enough)) {_MONEY}\b"
    r"|\b(?:spend(?:ing)?|billing|budget|cost|monthly|hard|prepaid|usage)(?: \w+)? (?:limit|cap|budget)s?\b"
    r"[^.;]{0,40}\b(?:reached|exceeded|hit|exhausted|used up)"
    r"|\b(?:reached|exceeded|hit|over|reaching)\b[^.;]{0,40}\b(?:spend(?:ing)?|billing|budget|monthly|usage)"
    r"(?: \w+)? (?:limit|cap|budget|allowance|allocation)s?\b"
    r"|\bbudget (?:has been |was |is )?(?:exceeded|exhausted|used up|reached)|\bexceeded (?:\w+ ){0,3}budget\b"
    r"|\b(?:account|organi[sz]ation|project|team|subscription|workspace|api key|key)\b[^.;]{0,40}"
    r"\b(?:suspended|deactivated|disabled|on hold|overdue|in arrears|delinquent|in debt|frozen|past due)\b"
    r"|\b(?:past|unpaid|overdue|outstanding) (?:due )?(?:invoices?|bills?|payments?)|payment (?:is )?required"
    r"|\bpay(?:ment)? (?:failed|overdue|past due)|\bfail(?:ed|ure) to pay"
    r"|\b(?:free (?:trial|credits?)|trial)\b[^.;]{0,40}\b(?:ended|expired|exhausted|used up|over)\b"
    r"|\bbilling (?:is |has )?(?:not|n't) (?:been )?(?:active|enabled|set up)"
    r"|\b(?:please|to) (?:recharge|top[ -]?up)\b|\bpurchase (?:more |additional )?credits"
    r"|(?:usage|spend(?:ing)?) limits?\b.*regain"
    r"|(?:calls|requests|tokens) ?(?:/|per) ?month\b"
    r"|余额不足|欠费|充值|额度不足|额度已用",
    re.IGNORECASE,
)
_ADVICE = re.compile(r"\b(?:by )?(?:adding|add) (?:a )?(?:payment method|\d+ credits)[^.;]*", re.IGNORECASE)
"""How to get a higher limit, which says nothing of what is left."""
_QUOTA = re.compile(
    r"exceeded your (?:current |assigned )?quota|quota (?:has been |is )?(?:exceeded|exhausted)",
    re.IGNORECASE,
)
_SHORT_SPAN = re.compile(
    r"per[ _-]?(?:minute|second|hour|day|min\b|sec\b)|\b[rt]p[msd]\b|rate[ _-]?limit|too many requests|"
    r"requests? (?:limit|rate)|concurren|try again|retry",
    re.IGNORECASE,
)


def needs_payment(text: str, *codes: str) -> bool:
    """`text`: all that the vendor says; `codes`: its code and type."""
    if any(code.lower() in CODES for code in codes):
        return True
    return bool(_WORDS.search(_ADVICE.sub("", text)))


def is_used_up_quota(text: str) -> bool:
    """A quota that is used up, where nothing says that it comes back soon: OpenAI's words for no credit, and Google's
    for an ordinary limit of a minute."""
    return bool(_QUOTA.search(text)) and not _SHORT_SPAN.search(text)
