"""What a Lean text may not hold, since with it Lean's own words would no longer mean what they say.

The check of a proof is read by the same Lean that has read the text: `theorem check : Said := @name`, then what the
type of `check` prints and `#print axioms check`. The kernel answers for the first, whatever helpers, instances,
attributes or open namespaces the text leaves behind, and the printed type shows any variable that got into it; no
text may leave variables in scope all the same. What could fool that is code that runs while Lean elaborates: macros and
syntax that give our commands another meaning, elaborators that put declarations past the kernel or write replies to
the output, options that switch the kernel off. All of that has to be introduced by one of the words below, which Lean
knows by spelling alone. Whatever parts our reading of comments from Lean's is refused too (verifiers.proofs.comments).
"""

from __future__ import annotations

import re

from verifiers.proofs import comments as proof_scan

_WORDS = """
    sorry admit sorryAx axiom native_decide ofReduceBool ofReduceNat trustCompiler lcProof

    syntax declare_syntax_cat macro macro_rules macro_inline elab elab_rules notation notation3 infix infixl infixr
    prefix postfix binder_predicate unif_hint

    by_elab run_cmd run_elab run_meta run_tac initialize builtin_initialize simproc dsimproc simproc_decl
    dsimproc_decl builtin_simproc builtin_dsimproc simproc_pattern register_simp_attr register_option
    register_builtin_option register_label_attr register_parser_alias register_tactic_tag declare_simp_like_tactic
    declare_config_elab declare_term_config_elab declare_command_config_elab declare_aesop_rule_sets

    unsafe implemented_by extern csimp reduceBool reduceNat unsafeCast unsafeIO unsafeBaseIO dbg_trace dbgTrace
    Lean Elab Meta IO BaseIO EIO MetaM TacticM TermElabM CommandElabM CoreM Environment addDecl Syntax MacroM

    import guard_msgs
"""
"""What stands for a proof; syntax of the text's own; programs that run while Lean reads; code that isn't what the
kernel sees, and Lean's own parts; what comes before or hides the rest."""
_ATTRIBUTES = """
    simp local scoped instance reducible irreducible inline ext elab_as_elim norm_cast push_cast norm_num aesop
    gcongr symm refl trans mono positivity simps to_additive nolint high mid low default
"""
_OPTIONS = re.compile(
    r"maxHeartbeats|maxRecDepth|autoImplicit|relaxedAutoImplicit|synthInstance\.\w+|linter\.[\w.]+"
    r"|exponentiation\.threshold"
)
_REFUSED, _HARMLESS = frozenset(_WORDS.split()), frozenset(_ATTRIBUTES.split())
_SCOPE = re.compile(
    r"(?<![\w.'!?₀-₉«])(?:(?P<open>section|namespace|mutual)|(?P<close>end)|(?P<local>variables?|include|omit))"
    r"(?![\w'!?₀-₉.])(?:[ \t]+(?P<name>[^\W\d][\w'!?₀-₉.]*))?"
)
_WORD = re.compile(r"[^\W\d][\w'!?₀-₉]*")
_HASH = re.compile(r"#[A-Za-z_][\w!]+|\beval%")
_SET_OPTION = re.compile(r"\bset_option\s+([\w.]*)")
_ATTRIBUTE = re.compile(r"(?:@|\battribute\s*)\[([^\]]*)\]?")


def refused(code: str) -> str | None:
    """What a text is refused for, in a few words; None: it may be given to Lean."""
    scan = proof_scan.lean(code)
    if scan.doubt:
        return scan.doubt
    plain = scan.code
    for match in _WORD.finditer(plain):
        if match.group() in _REFUSED:
            return match.group()
    if match := _HASH.search(plain):
        return match.group()
    for match in _SET_OPTION.finditer(plain):
        if not _OPTIONS.fullmatch(match.group(1)):
            return f"set_option {match.group(1)}"
    for match in _ATTRIBUTE.finditer(plain):
        for word in _WORD.findall(match.group(1)):
            if word not in _HARMLESS:
                return f"attribute {word}"
    return _left_in_scope(plain)


def _left_in_scope(code: str) -> str | None:
    """What puts variables in scope, outside of the sections that the text itself ends."""
    inner: list[str | None] = []
    outermost: str | None = None
    for match in _SCOPE.finditer(code):
        parts = (match["name"] or "").count(".") + 1
        if match["open"]:
            inner += [None] * (1 if match["open"] == "mutual" else parts)
        elif match["close"]:
            del inner[max(0, len(inner) - parts) :]
        elif inner:
            inner[-1] = match["local"]
        else:
            outermost = match["local"]
    return outermost or next((local for local in inner if local), None)
