"""A terminal small enough to read: what rich and the live display send, with lines that are broken anew on a resize,
as tmux, VTE, kitty, iTerm2 and Windows Terminal do."""

import io
import re

_TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Screen(io.TextIOBase):
    """Rows of characters from the first ever written; the last `height` of them are in sight."""

    encoding = "utf-8"

    def __init__(self, width, height):
        super().__init__()
        self.width, self.height = width, height
        self.cursor_shown = True
        self.writes = []
        self._rows = [""]
        self._broken = [False]  # whether a row goes on in the next
        self._row = self._column = 0

    def isatty(self):
        return True

    def size(self):
        return self.width, self.height

    @property
    def lines(self):
        """All rows, those that have scrolled away first."""
        return [row.rstrip() for row in self._rows]

    @property
    def in_sight(self):
        return self.lines[self._top :]

    @property
    def _top(self):
        return max(0, len(self._rows) - self.height)

    def write(self, text):
        self.writes.append(text)
        at = 0
        for match in _TOKEN.finditer(text):
            assert match.start() == at, f"not understood: {text[at:]!r}"
            at = match.end()
            numbers, letter, control, printed = match.groups()
            if printed is not None:
                self._print(printed)
            elif control == "\r":
                self._column = 0
            elif control == "\n":
                self._next_row()
            else:
                self._control(numbers, letter)
        assert at == len(text), f"not understood: {text[at:]!r}"
        return len(text)

    def _print(self, text):
        for character in text:
            if self._column == self.width:
                self._broken[self._row] = True
                self._next_row()
            row = self._rows[self._row].ljust(self._column)
            self._rows[self._row] = row[: self._column] + character + row[self._column + 1 :]
            self._column += 1

    def _next_row(self):
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append("")
            self._broken.append(False)

    def _control(self, numbers, letter):
        if letter == "A":
            self._row = max(self._top, self._row - int(numbers or 1))
        elif letter == "K":
            self._rows[self._row], self._broken[self._row] = "", False
        elif letter == "J":
            self._rows[self._row] = self._rows[self._row][: self._column]
            for row in range(self._row + 1, len(self._rows)):
                self._rows[row], self._broken[row] = "", False
        elif letter in "hl" and numbers == "?25":
            self.cursor_shown = letter == "h"
        else:
            assert letter == "m", f"not understood: {numbers}{letter}"

    def resize(self, width, height):
        """Breaks lines anew; the cursor stays at its character, and empty rows below it go."""
        while len(self._rows) > self._row + 1 and not self._rows[-1]:
            del self._rows[-1], self._broken[-1]
        texts, at, offset = [""], 0, 0
        for index, row in enumerate(self._rows):
            if index == self._row:
                at = len(texts) - 1
                offset = len(texts[-1]) + self._column
            texts[-1] += row
            if not self._broken[index] and index < len(self._rows) - 1:
                texts.append("")
        rows, broken = [], []
        self.width, self.height = width, height
        for index, text in enumerate(texts):
            pieces = [text[i : i + width] for i in range(0, len(text), width)] or [""]
            if index == at:
                self._row, self._column = len(rows) + min(offset // width, len(pieces) - 1), offset % width
            rows += pieces
            broken += [True] * (len(pieces) - 1) + [False]
        self._rows, self._broken = rows, broken
