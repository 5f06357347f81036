"""Programs that try to get what is not theirs, from hostile.txt. They run in the sandbox alone, with limits of a second
or so.

A `function` answers HumanEval's form: `answer(n)` must give a number that only the test knows. A `program` answers
CodeContests' form: the one right output is a secret that lies in a file, in the environment and behind three sockets
outside, so that whatever a program can reach out there would make it pass. @NAME@ is put in by the test.
"""

import re
from pathlib import Path

HOSTILE = {
    "function: is fifty thousand parentheses": f"answer = {'(' * 50_000}1{')' * 50_000}",
    "function: is ninety thousand minus signs": f"answer = {'-' * 90_000}1",
    "function: holds half a surrogate and a zero byte": "answer = '\ud800\0'\ndef answer(n): return 0",
    **{
        name: source.strip("\n")
        for name, source in re.findall(
            r"^=== ((?:function|program): .+)\n((?:(?!=== ).*\n)+)",
            Path(__file__).with_name("hostile.txt").read_text("utf-8"),
            re.MULTILINE,
        )
    },
}
