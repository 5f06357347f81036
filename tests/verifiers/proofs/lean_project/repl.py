"""A stand-in for leanprover-community/repl: its protocol for real, and of Lean as much as the tests need.

A command without `env` starts from nothing and may import; with it, it goes on from that environment, which stays as
it is. Replies are pretty JSON and a blank line. It knows propositions of closed arithmetic (`norm_num`, `rfl` and
`decide` compute them), takes what is literally among the hypotheses (`assumption`), and knows `sorry`,
`native_decide` and `classical`. The tactics `crash`, `hang`, `sleep`, `flood`, `garbage`, `grow` and `wear` are faults.
"""

import json
import os
import re
import sys
import time

THEOREM = re.compile(
    r"(?:theorem|lemma)\s+([\w.]+)\s*((?:[({\[][^)}\]]*[)}\]]\s*)*):\s*(.*?)\s*:=\s*(.*)", re.DOTALL
)
DEFINITION = re.compile(r"def\s+(\w+)\s*:\s*Prop\s*:=\s*(.*)", re.DOTALL)
EXAMPLE = re.compile(r"example\s*:\s*(\w+)\s*:=\s*@([\w.]+)")
COMMAND = re.compile(
    r"^(?=(?:theorem|lemma|def|example|import|open|namespace|end|set_option)\b|#print|#check)", re.MULTILINE
)
NATIVE = ("Lean.ofReduceBool", "Lean.trustCompiler")


def uncommented(text):
    depth, out = 0, []
    for part in re.split(r"(/-|-/)", text):
        depth += {"/-": 1, "-/": -1}.get(part, 0)
        out += [part] if depth == 0 and part != "-/" else []
    return re.sub(r"--[^\n]*", "", "".join(out))


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


class Env:
    def __init__(self, types=None, propositions=None, axioms=None, imported=False):
        self.types = dict(types or {})
        self.propositions = dict(propositions or {})
        self.axioms = dict(axioms or {})
        self.checked = {}
        self.namespace = ""
        self.imported = imported

    def copy(self):
        other = Env(self.types, self.propositions, self.axioms, self.imported)
        other.namespace, other.checked = self.namespace, dict(self.checked)
        return other


def holds(proposition):
    match = re.fullmatch(r"[\d\s+*^()\-]+ = [\d\s+*^()\-]+", proposition)
    left, _, right = proposition.partition("=")
    return bool(match) and eval(left.replace("^", "**")) == eval(right.replace("^", "**"))


class Lean:
    def __init__(self):
        self.worn = False

    def run(self, command, env, may_import):
        """(messages, sorries, the environment after it)."""
        if self.worn:
            os.abort()
        env, messages, sorries = env.copy(), [], []
        for piece in COMMAND.split(uncommented(command).replace("_root_.", "")):
            if piece.strip():
                self.one(piece.strip(), env, messages, sorries, may_import)
        return messages, sorries, env

    def one(self, piece, env, messages, sorries, may_import):
        say = lambda severity, data: messages.append(  # noqa: E731
            {
                "severity": severity,
                "pos": {"line": 1, "column": 0},
                "endPos": {"line": 1, "column": 5},
                "data": data,
            }
        )
        if piece.startswith("import"):
            if not may_import:
                return say("error", "invalid 'import' command, it must be used in the beginning of the file")
            if "Nowhere" in piece:
                return say("error", "unknown module prefix 'Nowhere'")
            return None
        if piece.startswith("open"):
            return None
        if match := re.match(r"namespace (\w+)", piece):
            env.namespace = f"{match.group(1)}."
            return None
        if piece.startswith("set_option"):
            return None
        if match := re.fullmatch(r"#check @(\w+)", piece):
            return say("info", f"{match.group(1)} : {env.checked.get(match.group(1), 'Prop')}")
        if piece.startswith("end"):
            env.namespace = ""
            return None
        if match := re.match(r"#print axioms ([\w.]+)", piece):
            name = env.namespace + match.group(1)
            if match.group(1) in env.propositions:
                name = match.group(1)
                return say("info", f"'{name}' does not depend on any axioms")
            if name not in env.types:
                return say("error", f"unknown constant '{match.group(1)}'")
            axioms = sorted(env.axioms[name])
            if axioms:
                return say("info", f"'{name}' depends on axioms: [{', '.join(axioms)}]")
            return say("info", f"'{name}' does not depend on any axioms")
        if match := EXAMPLE.fullmatch(squeeze(piece)):
            if env.propositions.get(match.group(1)) != env.types.get(match.group(2)):
                say("error", "type mismatch")
            return None
        if match := DEFINITION.match(piece):
            if "undefined" in match.group(2):
                return say("error", "unknown identifier 'undefined'")
            env.propositions[match.group(1)] = squeeze(match.group(2))
            return None
        match = THEOREM.match(piece)
        if match is None:
            return say("error", "unexpected token; expected command")
        return self.theorem(match, env, say, sorries)

    def theorem(self, match, env, say, sorries):
        name, binders, said, proof = (squeeze(group) for group in match.groups())
        name = env.namespace + name
        proposition = f"∀ {binders}, {said}" if binders else said
        if proof.startswith("@"):  # the check
            known = env.types.get(proof[1:]) or env.types.get(env.namespace + proof[1:])
            if known is None:
                return say("error", f"unknown identifier '{proof[1:]}'")
            if env.propositions.get(said, said) != known:
                return say("error", f"type mismatch\n  {proof[1:]}\nhas type\n  {known} : Prop\n"
                                    f"but is expected to have type\n  {said} : Prop")  # fmt: skip
            env.types[name], env.axioms[name], env.checked[name] = known, env.axioms[proof[1:]], said
            return None
        axioms, done = set(), False
        for tactic in re.split(r"[;\n]|<;>| ", re.sub(r"^by\b", "", proof).strip()):
            axioms, done = self.tactic(tactic.strip(), binders, said, axioms, done)
        if "sorryAx" in axioms:
            say("warning", "declaration uses 'sorry'")
            sorries.append({"pos": {"line": 1, "column": 1}, "endPos": {"line": 1, "column": 6}, "goal": f"⊢ {said}",
                            "proofState": 0})  # fmt: skip
        elif not done:
            say("error", f"unsolved goals\n⊢ {said}")
            axioms.add("sorryAx")
        env.types[name], env.axioms[name] = proposition, axioms
        return None

    def tactic(self, tactic, binders, said, axioms, done):
        match tactic:
            case "norm_num" | "rfl" | "decide" | "simp":
                done = done or holds(said)
            case "assumption":
                done = done or f": {said})" in binders
            case "sorry":
                return axioms | {"sorryAx"}, True
            case "native_decide":
                return axioms | set(NATIVE), True
            case "classical":
                return axioms | {"Classical.choice", "propext", "Quot.sound"}, done
            case "crash":
                os.write(2, b"Stack overflow detected. Aborting.\n")
                os.abort()
            case "hang":
                while True:
                    pass
            case "sleep":
                time.sleep(600)
            case "flood":
                while True:
                    sys.stdout.write("aaaaaaaaaaaaaaaa" * 4096)
            case "garbage":
                os.write(1, b'{"env": 7, "messages": [\n\n')
                time.sleep(600)
            case "grow":
                self.ballast = bytearray(300 << 20)
            case "wear":
                self.worn = True
            case _:
                pass
        return axioms, done


def main():
    lean, envs = Lean(), []
    lines = []
    for line in sys.stdin:
        if line.strip():
            lines.append(line.rstrip("\n"))
            continue
        if not lines:
            continue
        reply = answer(lean, envs, "".join(lines))
        lines = []
        sys.stdout.write(json.dumps(reply, indent=1, ensure_ascii=False) + "\n\n")
        sys.stdout.flush()


def answer(lean, envs, text):
    try:
        request = json.loads(text)
        command, number = request["cmd"], request.get("env")
    except (ValueError, KeyError) as error:
        return {"message": f"Could not parse JSON:\n{error}"}
    if number is not None and not 0 <= number < len(envs):
        return {"message": "Unknown environment."}
    start = envs[number] if number is not None else Env()
    messages, sorries, env = lean.run(command, start, may_import=number is None)
    envs.append(env)
    reply = {"sorries": sorries} if sorries else {}
    return reply | ({"messages": messages} if messages else {}) | {"env": len(envs) - 1}


if __name__ == "__main__":
    main()
