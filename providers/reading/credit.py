"""Whether a refusal is one that only a payment, or another person's decision, mends. Pure."""

from __future__ import annotations

import re

from providers.reading.late_pattern import LatePattern

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
        "setlimitexceeded",
        "allocationquota.freetieronly",
        "not_enough_balance",
        "credit_limit",
        "quota_exceeded_monthly",
        "1113",
    }
)
"""Codes and types, in lower case: of OpenAI, Anthropic, Moonshot, LiteLLM, Alibaba, Volcengine, Zhipu. The word
billing in a message is no sign: OpenAI's ordinary rate-limit message ends with the address of its billing page."""

_MONEY = r"(?:credits?|balance|funds|money|points|prepaid|prepayment)"
_GONE = (
    r"(?:insufficient|not enough|too low|depleted|exhausted|used up|ran out|run out|running out|expired|negative|"
    r"zero|below zero|overdrawn|consumed)"
)
_WORDS = LatePattern(
    rf"\b{_GONE}\b[^.;]{{0,40}}\b{_MONEY}\b|\b{_MONEY}\b[^.;]{{0,40}}\b{_GONE}\b"
    rf"|\b(?:no|without|out of|lacks?|requires? more|used (?:up )?all(?: \w+){{0,3}}|exceeded(?: \w+){{0,4}}"
    rf"|(?:do|does)(?:n.?t| not) (?:\w+ )?have (?:any|enough|sufficient)) {_MONEY}\b"
    rf"|\b(?:no|out of)(?: (?:more|remaining|available|usable|wallet|account|prepaid|api|paid)){{1,2}} {_MONEY}\b"
    r"|\b(?:spend(?:ing)?|billing|budget|cost|monthly|hard|prepaid)(?: \w+)? (?:limit|cap|budget)s?\b"
    r"[^.;]{0,40}\b(?:reached|exceeded|hit|exhausted|used up)"
    r"|\b(?:reached|exceeded|hit|over|reaching)\b[^.;]{0,40}\b(?:spend(?:ing)?|billing|budget|monthly)"
    r"(?: \w+)? (?:limit|cap|budget|allowance|allocation)s?\b|\bkey limit (?:reached|exceeded)"
    r"|\bbudget (?:has been |was |is )?(?:exceeded|exhausted|used up|reached)|\bexceeded (?:\w+ ){0,3}budget\b"
    r"|\b(?:account|organi[sz]ation|project|team|subscription|workspace|api key|key)\b[^.;]{0,40}"
    r"\b(?:suspended|deactivated|disabled|on hold|overdue|in arrears|delinquent|in debt|frozen|past due)\b"
    r"|\b(?:account|organi[sz]ation)\b[^.;]{0,40}\b(?:blocked|locked|banned|terminated|not active|inactive|closed"
    r"|under review|restricted(?! to\b))\b"
    r"|\b(?:subscription|plan|membership|package)\b[^.;]{0,30}\b(?:expired|ended|lapsed|cancell?ed)\b"
    r"|\bplan (?:does )?not (?:support|include|cover)|\bno(?:t have an?)? (?:active|valid|paid) (?:plan|subscription)\b"
    r"|\bnot (?:included|available|supported|allowed) (?:in|on|for|with|under) (?:your|the)"
    r" (?:current )?(?:\w+ )?(?:plan|tier|subscription)\b|\b(?:extra|additional|paid) usage is required"
    rf"|\b(?:monthly|prepaid) (?:\w+ ){{0,2}}(?:allowance|allocation|quota) (?:\w+ ){{0,2}}{_GONE}\b"
    rf"|\b(?:token|resource|request) (?:package|pack|bundle)s? (?:\w+ ){{0,2}}{_GONE}\b"
    r"|complete your payment|\bpayment (?:method|information) (?:is )?(?:required|missing)"
    r"|\b(?:no|valid|invalid) (?:payment (?:method|instrument|information)|credit card)\b"
    r"|\b(?:past|unpaid|overdue|outstanding) (?:due )?(?:invoices?|bills?|payments?)|payment (?:is )?required"
    r"|\bpay(?:ment)? (?:failed|overdue|past due)|\bfail(?:ed|ure) to pay"
    r"|\b(?:free (?:trial|credits?)|trial)\b[^.;]{0,40}\b(?:ended|expired|exhausted|used up|over)\b"
    r"|\bfree (?:\w+ ){0,2}quota (?:has been |is |was )?(?:exceeded|exhausted|used up)"
    r"|\b(?:exceeded|exhausted|used up) (?:\w+ ){0,3}free (?:\w+ ){0,2}quota"
    r"|\bquota exceeded for metric\b[^*]{0,200}\blimit: 0\b(?!\.)|(?:does not|doesn.t) have a free (?:\w+ )?tier"
    r"|\breached the set \w+ limit\b|\bservice has been paused"
    r"|\bfree tier is not available\b|\bplease enable billing on\b"
    r"|\bbilling (?:is |has )?(?:not|n't) (?:been )?(?:active|enabled|set up)"
    r"|\b(?:please|to) (?:recharge|top[ -]?up)\b|\bpurchase (?:more |additional )?credits"
    r"|(?:usage|spend(?:ing)?) limits?\b.*regain"
    r"|(?:calls|requests|tokens) ?(?:/|per) ?month\b"
    r"|余额不足|欠费|充值|额度不足|额度已用|预扣费|续订|续费|(?:账户|账号|帐户|帐号)[^。;,]{0,12}(?:锁定|封禁|冻结|停用)|残高不足|残高が不足"
    r"|잔액 ?(?:이 )?부족|크레딧 ?(?:이 )?부족|недостаточно средств|saldo insuficiente|solde insuffisant"
    r"|cr[ée]dits? (?:insuffisants?|[ée]puis[ée]s?|insuficientes?|agotados?)|guthaben[^.;]{0,30}"
    r"(?:aufgebraucht|erschöpft|unzureichend|nicht aus)",
    re.IGNORECASE,
)
_ADVICE = LatePattern(r"\b(?:by )?(?:adding|add) (?:a )?(?:payment method|\d+ credits)[^.;]*", re.IGNORECASE)
"""How to get a higher limit, which says nothing of what is left."""
_QUOTA = LatePattern(
    r"exceeded your (?:current |assigned )?quota|quota (?:has been |is )?(?:exceeded|exhausted)",
    re.IGNORECASE,
)
_USAGE = LatePattern(
    r"\busage(?: \w+)? (?:limit|cap)s?\b[^.;]{0,40}\b(?:reached|exceeded|hit|exhausted|used up)"
    r"|\b(?:reached|exceeded|hit|over|reaching)\b[^.;]{0,40}\busage(?: \w+)? (?:limit|cap|allowance)s?\b",
    re.IGNORECASE,
)
"""A limit of usage may be one of money or of a few hours."""
_CLASS = LatePattern(r"\b\w{0,40}RateLimitError\b")
"""LiteLLM calls every 429 so."""
_THROTTLED = LatePattern(r"throttl|#token-limit|per[ _-]?minute", re.IGNORECASE)
"""Alibaba's limits of a minute have OpenAI's code and words for no credit."""
_SHORT_SPAN = LatePattern(
    r"throttl|#token-limit|\ballocated quota|\b\d{1,3}[ -]?hours?\b|\bresets? (?:at|in|on)\b|"
    r"per[ _-]?(?:minute|second|hour|day|min\b|sec\b)|\b[rt]p[msd]\b|rate[ _-]?limit|too many requests|"
    r"requests? (?:limit|rate)|concurren|try again|retry",
    re.IGNORECASE,
)


def needs_payment(text: str, *codes: str) -> bool:
    """`text`: all that the vendor says; `codes`: its code and type."""
    if _WORDS.search(_ADVICE.sub("", text)):
        return True
    if any(code.lower() in CODES for code in codes):
        return not _THROTTLED.search(text)
    return bool(_USAGE.search(text)) and not _is_brief(text)


def is_used_up_quota(text: str) -> bool:
    """A quota that is used up, where nothing says that it comes back soon: OpenAI's words for no credit, and Google's
    for an ordinary limit of a minute."""
    return bool(_QUOTA.search(text)) and not _is_brief(text)


def _is_brief(text: str) -> bool:
    return bool(_SHORT_SPAN.search(_CLASS.sub("", text)))
