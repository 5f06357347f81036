"""CodeContests' rule of when an output is the expected one.

Split at blanks, tabs, line ends and vertical tabs; ASCII letters made small; as many words as expected, and each the
same: as text, or where both are numbers and one is no integer, less than 1e-5 apart. This is `OutputsMatch` of
https://github.com/google-deepmind/code_contests execution/tester_sandboxer.cc, but for integers, which there are
compared as 64-bit floats (1000000000000000001 equals 1000000000000000000) and here exactly, as "Large Language
Monkeys" does. A number is what is written in ASCII as C reads it: no 1_000, no ٣.
"""

from __future__ import annotations

import re

PRECISION = 1e-5
_SPLIT = re.compile(r"[ \n\t\r\v]+")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan)")
_SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def outputs_match(output: str, expected: str) -> bool:
    found, wanted = words(output), words(expected)
    return len(found) == len(wanted) and all(map(_same, found, wanted))


def words(text: str) -> list[str]:
    return [word for word in _SPLIT.split(text.translate(_SMALL)) if word]


def _same(a: str, b: str) -> bool:
    if a == b:
        return True
    if not (_NUMBER.fullmatch(a) and _NUMBER.fullmatch(b)):
        return False
    if _INTEGER.fullmatch(a) and _INTEGER.fullmatch(b):
        return _plain(a) == _plain(b)
    return abs(float(a) - float(b)) < PRECISION  # false for nan and for infinities


def _plain(integer: str) -> str:
    """As text, since reading one of a million digits takes long: without plus sign and leading zeros."""
    digits = integer.lstrip("+-").lstrip("0")
    return ("-" if integer[0] == "-" and digits else "") + digits
