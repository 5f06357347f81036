"""Which line a key stands on."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sweep.lines import dotted, key_lines, line_of

TEXT = '''\
# comment with [brackets] and = signs
a = 1
b."c.d".e = "x = [1, # no"   # [not.a.table]

[t.'u v']
long = """
f = 1
""" # after
raw = \'\'\'
[x]
g = 2\'\'\'
list = [
  "one, two", # a comment, with a comma
  { k = 1, "l" = [2, 3] },
  [],
]
when = 2024-01-01T00:00:00Z
inline = { m = { n = "}" }, o = 'p\\' }
[[items]]
name = "a"
[[items]]
name = "b"
[items.sub]
deep = true
["\\u00e9\\U0001F600"]
last = 1
'''


def test_every_kind_of_key():
    tomllib.loads(TEXT)
    lines = key_lines(TEXT)
    assert lines["a",] == 2
    assert lines["b", "c.d", "e"] == 3
    assert lines["t", "u v"] == 5
    assert lines["t", "u v", "long"] == 6
    assert ("f",) not in lines
    assert ("t", "u v", "f") not in lines
    assert lines["t", "u v", "raw"] == 9
    assert lines["t", "u v", "list", 0] == 13
    assert lines["t", "u v", "list", 1, "k"] == 14
    assert lines["t", "u v", "list", 1, "l", 1] == 14
    assert lines["t", "u v", "list", 2] == 15
    assert lines["t", "u v", "when"] == 17
    assert lines["t", "u v", "inline", "m", "n"] == 18
    assert lines["t", "u v", "inline", "o"] == 18
    assert lines["items", 0, "name"] == 20
    assert lines["items", 1, "name"] == 22
    assert lines["items", 1, "sub", "deep"] == 24
    assert lines["é😀", "last"] == 26


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n# only a comment",
        "a = '''x''''",
        'a = """x""""" # two quotes more',
        'a = """\\""" """',
        'a = "\\\\" # "',
        "a = [ # c\n 1, # ]\n]",
        "a={}\nb=[{},[]]",
        "a.b = 1\na.c = 2",
        "[a]\n[a.b]\n[c]",
    ],
)
def test_odd_texts(text):
    _same_keys(text)


def test_the_nearest_table_stands_for_a_missing_key():
    lines = key_lines("\n[models.a]\nprovider = 'x'\n")
    assert line_of(lines, ("models", "a", "max_tokens")) == 2
    assert line_of(lines, ("models", "b", "max_tokens")) == 2
    assert line_of(lines, ("sampling", "samples")) is None


def test_dotted_names_are_printable():
    assert dotted(("models", "a.b", "servers", 0)) == 'models."a.b".servers[0]'
    assert dotted(("models", "a\n\x1b[31m")) == 'models."a\\n\\u001b[31m"'
    assert len(dotted(("x" * 1000 + " ",))) < 80


def _keys(value, above=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*above, name)
            yield from _keys(inner, (*above, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*above, index)
            yield from _keys(inner, (*above, index))


def _same_keys(text):
    found = {key for key in key_lines(text) if not isinstance(key[-1], int)}
    expected = {key for key in _keys(tomllib.loads(text)) if not isinstance(key[-1], int)}
    assert found == expected


_VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def _toml(value):
    """JSON's strings are TOML's basic strings once DEL is escaped as well."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + " ]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return str(value)


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=4), _VALUES, max_size=6
    )
)
def test_the_scanner_sees_what_tomllib_sees(table):
    text = "".join(
        f"{json.dumps(name, ensure_ascii=False)} = {_toml(value)}\n" for name, value in table.items()
    )
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # half a surrogate pair, which TOML has no escape for
        return
    _same_keys(text)
    lines = key_lines(text)
    assert [lines[name,] for name in table] == list(range(1, len(table) + 1))
