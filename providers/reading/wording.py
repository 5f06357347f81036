"""What refusals are about, in the words that vendors, gateways and servers have for it. Pure."""

from __future__ import annotations

import re

from providers.reading.late_pattern import LatePattern

CONTEXT = LatePattern(
    r"context[ -]?(?:length|window|limit)|context[ _-]size|context_length_exceeded|prompt is too long"
    r"|input is too long"
    r"|(?:prompt|input|request) (?:is |\w+ )*(?:too long|longer than|exceeds? )|maximum (?:model|input) length"
    r"|too many (?:input )?tokens|must be at least 1, got -"
    r"|\bn_ctx\b|\bmax_seq_len\b|\bmax_new_tokens\b|\binput length\b|must have less than \d{1,9} tokens"
    r"|token count (?:of )?\(?\d{0,9}\)? ?exceeds|maximum number of (?:input |prompt )?tokens allowed"
    r"|\b\d{1,9} (?:input |prompt )?tokens\b(?! ?(?:per|/|an? |every))[^.]{0,60}\b(?:window|at most|supports|maximum)\b"
    r"|\b\d{1,9} tokens exceeds? (?:the |your )?(?:\w+ )?(?:limit|maximum) of \d"
    r"|超长|超[过出]了?[^。;]{0,10}(?:上下文|长度)|上下文(?:长度)?(?:超|过长)",
    re.IGNORECASE,
)
NO_MODEL = LatePattern(
    r"model[^.]{0,120}(?:does ?n.?t exist|does not exist|not found|not exist)"
    r"|not a valid model|invalid model|unknown model|unsupported model"
    r"|\bmodels? ['\"`]?[\w./:@-]{1,120}['\"`]? (?:is |was |has been )?(?:not supported|not available|unavailable"
    r"|not enabled|not deployed|not activated|disabled|deprecated|retired|removed|decommissioned|no longer)"
    r"|(?:choose|use|select|pick|try) (?:a |another |some )?(?:different|other|another)? ?model\b|on-demand throughput"
    r"|\bmodel (?:is |was )?disabled\b|\bno models? (?:is |are |currently )*loaded\b"
    r"|模型[^。;]{0,20}(?:不存在|未开通|已下线)",
    re.IGNORECASE,
)
NO_TEMPLATE = LatePattern(r"chat template", re.IGNORECASE)
NO_SYSTEM = LatePattern(
    r"system role not supported|system (?:role|message)s? (?:is|are) not supported", re.IGNORECASE
)
KEY = LatePattern(
    r"api[ _-]?key[^.]{0,40}(?:invalid|not valid|incorrect|wrong|missing|expired|not found|revoked|pass)"
    r"|(?:invalid|incorrect|wrong|missing|no|expired|valid|unknown|provide|supply)[^.]{0,20} api[ _-]?key"
    r"|unauthori[sz]ed|authentication",
    re.IGNORECASE,
)
FILTERED = LatePattern(
    r"content[ _]?(?:filter|management policy|policy|moderation|exists risk)|responsibleai|inappropriate content"
    r"|data_inspection|prohibited[ _]content|blocked (?:by|due|for|because)"
    r"|safety[ _](?:filter|system|setting|polic|check|classif)|acceptable use|disallowed content|flagged|moderation"
    r"|violat\w* (?:\w+ ){0,5}(?:polic|terms|guidelines)|usage polic"
    r"|sensitive[ _]?(?:content|words?|info|data|material)"
    r"|new_sensitive|unsafe content|harmful content|censor|\bguardrail|high[ -]risk|risk[ _]?detection"
    r"|敏感|违规内容|不安全|内容安全|内容审核",
    re.IGNORECASE,
)
LIMITED = LatePattern(
    r"rate[ _-]?limit|too many requests|request limit reached|qps|throttl|resource_exhausted|concurrency limit"
    r"|service ?quota ?exceeded|exceed(?:s|ed)? (?:the |your )?(?:service|request) quota"
    r"|\bout of (?:call|request|token)[\w ]{0,20} quota|\brate exceeded|spike arrest|secondary rate"
    r"|速率限制|频率|频繁|限频|并发数|限流|流量限制",
    re.IGNORECASE,
)
THROTTLED = LatePattern(r"throttl|(?:please )?wait before (?:trying|retrying|sending|making)", re.IGNORECASE)
"""A 400 that says so is a limit, whatever it counts: Bedrock's "Too many tokens" is no prompt that is too long."""
LOADING = LatePattern(
    r"loading (?:the |your |its )?model|model[^.]{0,80}\b(?:(?:is|being) (?:still |currently |being )*"
    r"(?:loading|loaded|starting|warming|initiali[sz]|downloading|scal|provision|deploying|deployed)"
    r"|not (?:yet )?(?:ready|loaded)"
    r"|load(?:ing)? in progress|failed to load (?:with)?in \d)"
    r"|(?:warming|starting|spinning|booting|scaling|waking)[ _]up|cold[ -](?:start|boot)"
    r"|(?:pulling|fetching|downloading) (?:\w+ )?(?:weights|model)|currently loading|scaled to zero"
    r"|\bmodels? (?:still |now |currently )?loading\b|\b(?:weights|checkpoints?|shards)\b[^.]{0,40}\bload"
    r"|\bloading\b[^.]{0,40}\b(?:weights|checkpoints?|shards)"
    r"|(?:server|engine|backend|worker|replica|endpoint|service|deployment|instance|pod|container)s? (?:is |are )?"
    r"(?:still |currently )?(?:not (?:yet )?ready|initiali[sz]ing|starting|loading|warming|provisioning|booting)"
    r"|正在加载|加载中|正在启动",
    re.IGNORECASE,
)
LOADING_NOW = LatePattern(
    r"\b(?:is|are|being|still|currently|now) (?:still |currently |being )*"
    r"(?:loading|being loaded|starting|warming|initiali[sz]|downloading|deploying|being deployed)"
    r"|正在加载|加载中|正在启动",
    re.IGNORECASE,
)
"""Of a status that says nothing of loading: "model not loaded" may be the name of one that isn't there."""
NO_MEMORY = LatePattern(
    r"requires? more (?:\w+ )?memory|(?:not enough|insufficient) (?:\w+ )?memory to (?:load|run)",
    re.IGNORECASE,
)
FULL = re.compile(
    r"\b(?:at|over|out of|no|insufficient|exceed\w*) (?:\w+ )?capacity|capacity (?:is |was |has been )?(?:\w+ )?"
    r"(?:exceeded|exhausted|reached|full)|overloaded|too busy|try again later",
    re.IGNORECASE,
)
"""Of a 4xx of the vendor's own, as Groq's 498: nothing is wrong with the request."""
NO_ENDPOINT = re.compile(
    r"\b(?:unexpected|unknown|invalid|unsupported|no such) (?:api )?(?:endpoint|route|path|url)\b"
    r"|\b(?:endpoint|route|path|url|page)\b[^.]{0,40}(?:not found|does not exist|doesn.t exist)"
    r"|\bcannot post /|method not allowed",
    re.IGNORECASE,
)
"""Of a 200 that is an error, as LM Studio's: it would be the same the next time."""
NEEDS_TLS = re.compile(
    r"\bhttp request\b[^.]{0,30}\bto (?:an? )?(?:https|ssl|tls)|plain http to an? (?:ssl|tls)", re.IGNORECASE
)
"""Of a 400 of nginx, Go and Apache."""
NO_REGION = re.compile(
    r"\b(?:location|country|region|territory)\b[^.]{0,30}\bnot (?:supported|available|allowed)"
    r"|not (?:supported|available) in your (?:country|region|location|territory)",
    re.IGNORECASE,
)
DAY_IS_OVER = re.compile(
    r"\b(?:out of|no|used (?:up )?(?:all )?(?:of )?(?:your|the)|run out of|exhausted (?:your|the)) (?:more )?"
    r"(?:free |daily )+(?:requests?|messages?|calls?|tokens?|prompts?|generations?|usage|quota|allowance)"
    r"|\b(?:free |daily )+(?:requests?|messages?|calls?|tokens?|usage|allowance|tier|quota|limit)s? "
    r"(?:is |are |has been |have been |was |were )?(?:all )?(?:exhausted|used(?: up)?|exceeded|reached|spent|gone)\b"
    r"|\b(?:reached|exceeded|hit|used up) (?:your|the) (?:\w+ )?daily\b"
    r"|\bdaily (?:\w+ ){0,2}(?:limit|quota|allowance)\b[^.;]{0,30}\b(?:exceeded|reached|hit|exhausted|used up)"
    r"|\btoo many (?:\w+ ){0,2}(?:requests|tokens|calls|messages) (?:per|a|for the) (?:day|month)\b"
    r"|\b(?:come|check|try|be) (?:back |again )(?:again )?tomorrow|\bfor today\b"
    r"|今日[^。;]{0,12}(?:已用完|已达|用尽|上限)|tageskontingent|tageslimit|quota (?:journalier|quotidien)"
    r"|limite (?:diario|diária|quotidienne)|本日の[^。;]{0,12}上限",
    re.IGNORECASE,
)
"""A quota of a day or of a free tier, where no wait is told."""
