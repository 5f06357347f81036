"""On which line of a TOML text each key stands, so that an error can name it."""

from __future__ import annotations

import json
import re

Key = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
# Up to two quotes may stand right before the closing three.
_BASIC_LONG = re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})', re.DOTALL)
_LITERAL_LONG = re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL)


def key_lines(text: str) -> dict[Key, int]:
    """Line (from 1) of every table, key and array item of `text`, which must be valid TOML."""
    return _Scanner(text).scan()


def line_of(lines: dict[Key, int], key: Key) -> int | None:
    """The line of `key`, or of the nearest table around it that the file has."""
    for length in range(len(key), 0, -1):
        if (line := lines.get(key[:length])) is not None:
            return line
    return None


def dotted(key: Key) -> str:
    """`models."a.b".limits`, always printable and on one line."""
    shown = ""
    for part in key:
        if isinstance(part, int):
            shown += f"[{part}]"
            continue
        text = part if _BARE.fullmatch(part) else json.dumps(part if len(part) <= 60 else part[:60] + "…")
        shown += f".{text}" if shown else text
    return shown


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.counted_to = 0
        self.line = 1
        self.lines: dict[Key, int] = {}
        self.counts: dict[Key, int] = {}  # items so far of each [[array of tables]]

    def scan(self) -> dict[Key, int]:
        table: Key = ()
        self._skip(_GAP)
        while self.at < len(self.text):
            table = self._statement(table)
            self._skip(_GAP)
        return self.lines

    def _statement(self, table: Key) -> Key:
        if self.text[self.at] != "[":
            self._pair(table)
            return table
        double = self.text.startswith("[[", self.at)
        line = self._line_now()
        self.at += 2 if double else 1
        names = self._dotted_key()
        self.at += 2 if double else 1
        key = self._through_arrays(names, double=double)
        for length in range(1, len(key) + 1):
            self.lines.setdefault(key[:length], line)
        return key

    def _through_arrays(self, names: list[str], *, double: bool) -> Key:
        """A header's names with the index of the last item wherever one names an array of tables."""
        key: Key = ()
        for position, name in enumerate(names):
            key = (*key, name)
            if double and position == len(names) - 1:
                self.counts[key] = self.counts.get(key, 0) + 1
            if key in self.counts:
                key = (*key, self.counts[key] - 1)
        return key

    def _pair(self, table: Key) -> None:
        line = self._line_now()
        key: Key = (*table, *self._dotted_key())
        for length in range(len(table) + 1, len(key) + 1):
            self.lines.setdefault(key[:length], line)
        self.at += 1  # =
        self._skip(_SPACE)
        self._value(key)

    def _dotted_key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            names.append(self._name())
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return names
            self.at += 1

    def _name(self) -> str:
        for pattern in (_BASIC, _LITERAL, _BARE):
            if match := pattern.match(self.text, self.at):
                self.at = match.end()
                found = match.group()
                return _unquote(found) if pattern is _BASIC else found.strip("'")
        raise ValueError(f"no key at offset {self.at}")

    def _value(self, key: Key) -> None:
        head = self.text[self.at : self.at + 3]
        if head.startswith("["):
            self._array(key)
        elif head.startswith("{"):
            self._inline_table(key)
        else:
            self._skip(_scalar_pattern(head))

    def _array(self, key: Key) -> None:
        self.at += 1
        self._skip(_GAP)
        index = 0
        while not self.text.startswith("]", self.at):
            self.lines[(*key, index)] = self._line_now()
            self._value((*key, index))
            index += 1
            self._skip_comma()
        self.at += 1

    def _inline_table(self, key: Key) -> None:
        self.at += 1
        self._skip(_GAP)
        while not self.text.startswith("}", self.at):
            self._pair(key)
            self._skip_comma()
        self.at += 1

    def _skip_comma(self) -> None:
        self._skip(_GAP)
        if self.text.startswith(",", self.at):
            self.at += 1
        self._skip(_GAP)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"no {pattern.pattern} at offset {self.at}")
        self.at = match.end()

    def _line_now(self) -> int:
        self.line += self.text.count("\n", self.counted_to, self.at)
        self.counted_to = self.at
        return self.line


def _scalar_pattern(head: str) -> re.Pattern[str]:
    if head == '"""':
        return _BASIC_LONG
    if head == "'''":
        return _LITERAL_LONG
    return _BASIC if head.startswith('"') else _LITERAL if head.startswith("'") else _SCALAR


def _unquote(quoted: str) -> str:
    r"""A basic string's text; `\UXXXXXXXX` is the one escape that JSON lacks."""
    short = re.sub(
        r"\\(?:U([0-9A-Fa-f]{8})|(.))",
        lambda found: json.dumps(chr(int(found[1], 16)))[1:-1] if found[1] else found[0],
        quoted,
    )
    return json.loads(short, strict=False)
