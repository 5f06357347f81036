"""Patches out of models' answers."""

import json
import shutil
import subprocess
from textwrap import indent

import pytest

from verifiers.swebench.patch import extract, name_of

ONE = """\
diff --git a/app/core.py b/app/core.py
--- a/app/core.py
+++ b/app/core.py
@@ -1,3 +1,3 @@
 def area(w, h):
-    return w + h
+    return w * h
 # end
"""
OTHER = ONE.replace("app/core.py", "app/other.py")
BARE = ONE.split("\n", 1)[1]
NEW = """\
diff --git a/new.py b/new.py
new file mode 100644
--- /dev/null
+++ b/new.py
@@ -0,0 +1 @@
+x = 1
"""
BLANK = """\
diff --git a/app/core.py b/app/core.py
--- a/app/core.py
+++ b/app/core.py
@@ -1,5 +1,5 @@
 def area(w, h):
-    return w + h
+    return w * h
 # end
 
 
"""  # noqa: W293 - its last lines are blank lines of the file
README = """\
diff --git a/README.md b/README.md
--- a/README.md
+++ b/README.md
@@ -1,4 +1,4 @@
 ```sh
-make
+make all
 ```
 Done.
"""
RENAME = """\
diff --git a/old.py b/moved.py
similarity index 100%
rename from old.py
rename to moved.py
"""


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        (f"Here it is:\n\n```diff\n{ONE}```\nIt multiplies.", ONE),
        (f"```patch\n{ONE}```", ONE),
        (f"~~~~diff title\n{ONE}~~~~", ONE),
        (f"<patch>\n{ONE}</patch>", ONE),
        (f"<diff>{ONE}</diff>", ONE),
        (f"```\n{ONE}```", ONE),
        (f"```python\nprint()\n```\n\n```\n{ONE}```", ONE),
        (ONE, ONE),
        (f"I changed it.\n{ONE}\nThat is all.", ONE),
        (f"{BARE}", BARE),
        (f"```diff\n{ONE}\n\n\n```", ONE),
        (f"```diff\n{ONE.rstrip()}\n```", ONE),
        (ONE.replace("\n", "\r\n"), ONE),
        (f"```diff\n{NEW}```", NEW),
        (f"```diff\n{RENAME}```", RENAME),
        (f"{ONE}{OTHER}", ONE + OTHER),
        (f"```diff\n{ONE}```\nand\n```diff\n{OTHER}```", ONE + OTHER),
        (BLANK, BLANK),
        (f"```diff\n{BLANK}```", BLANK),
        (f"```diff\n{BLANK}\n\n```", BLANK),
        (f"<patch>\n{BLANK}</patch>", BLANK),
        (BLANK + OTHER, BLANK + OTHER),
        (f"So:\n{BLANK}\nThat is all.", BLANK),
        (f"1. Apply:\n{indent(f'```diff{chr(10)}{ONE}```', '   ')}\n2. Test.", ONE),
        (f"- Apply:\n\n{indent(f'```diff{chr(10)}{BLANK}```', '    ', lambda _: True)}\n", BLANK),
        (f"1. ```diff\n{indent(f'{ONE}```', '   ')}\n", ONE),
        (f"* a\n    * b\n{indent(f'~~~patch{chr(10)}{ONE}~~~', chr(9))}", ONE),
        (f"   ```diff\n{ONE}   ```\n", ONE),
        (README + ONE, README + ONE),
        (f"~~~~~\n```diff\n{ONE}```", ONE),
        (f"First try:\n```diff\n{ONE.replace('*', '-')}```\nNo:\n```diff\n{ONE}```", ONE),
        (f"```text\n{OTHER}```\n```diff\n{ONE}```", ONE),
        ("", None),
        ("\n \n", None),
        ("I would multiply.", None),
        ("```python\ndef area(w, h): return w * h\n```", None),
        ("```diff\n- return w + h\n+ return w * h\n```", None),
        ("--- a/app/core.py\n+++ b/app/core.py\n", None),
        ("diff --git a/x b/x\nindex 1..2 100644\n", None),
    ],
)  # fmt: skip
def test_what_is_the_patch(text, patch):
    assert extract(text) == patch


def test_a_fence_that_ends_the_text_early_leaves_what_is_there():
    assert extract(f"```diff\n{ONE}") == ONE


def test_a_context_line_that_holds_a_fence_stays_in_the_patch():
    patch = ONE.replace(" # end\n", " ```\n")
    assert extract(f"````diff\n{patch}````") == patch
    assert extract(f"```diff\n{patch}```") == patch


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize(
    "text",
    [
        f"```diff\n{ONE}```",
        f"So:\n{BARE}\nDone.",
        f"```diff\n{ONE.rstrip()}\n```",
        BLANK,
        f"```diff\n{BLANK}```",
        BLANK.replace("\n \n \n", "\n\n\n"),
    ],
)
def test_git_takes_it(tmp_path, text):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/core.py").write_text("def area(w, h):\n    return w + h\n# end\n\n\n")
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=extract(text), text=True, check=True)
    assert "w * h" in (tmp_path / "app/core.py").read_text()


def test_a_name_is_its_content_s():
    assert name_of(ONE) == name_of(str(ONE)) != name_of(OTHER)
    assert "/" not in name_of(ONE)


@pytest.mark.parametrize(
    "text",
    [
        "<think>\n```diff\n" + OTHER + "```\n</think>\n```diff\n" + ONE + "```\n",
        "<think>```diff\n" + OTHER + "```</think>\n" + ONE,
        "".join(f"> {line}\n" for line in ("It is:", "```diff", *ONE.splitlines(), "```")),
        '{"why": "a product", "patch": ' + json.dumps(ONE) + "}",
    ],
    ids=["thinking", "thinking in one line", "quotation", "json"],
)
def test_what_stands_around_an_answer_is_none_of_it(text):
    assert extract(text) == ONE


def test_a_patch_may_speak_of_thinking():
    patch = NEW.replace("+1 @@\n+x = 1", '+1,2 @@\n+x = "</think>"\n+y = 1')
    assert extract(f"```diff\n{patch}```\n") == patch
