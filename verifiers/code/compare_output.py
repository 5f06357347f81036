"""CodeContests' rule of when an output is the expected one.

Split at blanks, tabs, line ends and vertical tabs; ASCII letters made small; as many words as expected, and each the
same: as text, or if both are numbers and one is no integer, less than 1e-5 apart. This is `OutputsMatch` of
https://github.com/google-deepmind/code_contests execution/tester_sandboxer.cc, but for expected integers, which there
are compared as 64-bit floats (1000000000000000001 equals 1e18) and here exactly, as "Large Language Monkeys" does. A
number is what is written in ASCII as C reads it: no 1_000, no ٣.

Outputs are read in pieces, so that comparing 16 MiB takes little memory and a time that grows with their length alone.
Large ones are compared in a process of their own: compare_apart.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Context
from itertools import compress
from math import isfinite
from operator import ne, sub
from typing import NamedTuple

PRECISION = 1e-5
_PIECE = 1 << 16
_PARTS = re.compile(rb"([+-]?)([0-9]*+)\.?([0-9]*+)(?:e([+-]?[0-9]++))?")
# bytes.split takes a form feed for a blank, CodeContests does not: here it is a letter like any other.
_SMALL = bytes(range(256)).lower().replace(b"\x0c", b"\x00")
_EXACT_BELOW = 2.0**33
"""Smaller floats differ from what is written by less than a tenth of PRECISION."""
_MOST_EXPONENT = 1_000_000
_CONTEXT = Context(prec=400, Emax=_MOST_EXPONENT, Emin=-_MOST_EXPONENT)


class Difference(NamedTuple):
    """The first word that differs: its place from 1 and what is there, as it is compared; None: no more words."""

    place: int
    found: bytes | None
    wanted: bytes | None


def outputs_match(output: bytes, expected: bytes) -> bool:
    return first_difference(output, expected) is None


def first_difference(output: bytes, expected: bytes) -> Difference | None:
    """None if the outputs match."""
    if output == expected:
        return None
    found, wanted = _words(output), _words(expected)
    none: list[bytes] = []
    mine: list[bytes] = []
    theirs: list[bytes] = []
    before = 0
    while True:
        mine = mine or next(found, none)
        theirs = theirs or next(wanted, none)
        count = min(len(mine), len(theirs))
        if not count:
            break
        if mine[:count] != theirs[:count] and not _close(mine, theirs):
            for at in range(count):
                if mine[at] != theirs[at] and not _same(mine[at], theirs[at]):
                    return Difference(before + at + 1, mine[at], theirs[at])
        mine, theirs, before = mine[count:], theirs[count:], before + count
    if mine or theirs:
        return Difference(before + 1, mine[0] if mine else None, theirs[0] if theirs else None)
    return None


def _words(data: bytes) -> Iterator[list[bytes]]:
    """The words of each piece, none of the lists empty; one that goes on in the next piece comes with that."""
    begun: list[bytes] = []
    for at in range(0, len(data), _PIECE):
        piece = data[at : at + _PIECE].translate(_SMALL)
        words = piece.split()
        if not words or piece[:1].isspace():
            if begun:
                words.insert(0, b"".join(begun))
                begun = []
        elif begun:
            begun.append(words[0])
            if len(words) == 1 and not piece[-1:].isspace():
                continue
            words[0] = b"".join(begun)
            begun = []
        if words and not piece[-1:].isspace():
            begun = [words.pop()]
        if words:
            yield words
    if begun:
        yield [b"".join(begun)]


def _close(found: list[bytes], wanted: list[bytes]) -> bool:
    """Whether all words that differ are small numbers and near one another: most often it is so, or the output ends
    here. False says nothing."""
    differ = list(map(ne, found, wanted))
    ones, others = list(compress(found, differ)), list(compress(wanted, differ))
    text = b"".join(ones + others)
    if b"_" in text or b"n" in text:  # which Python reads and C does not; nan and inf
        return False
    try:
        values, theirs = list(map(float, ones)), list(map(float, others))
    except ValueError:
        return False
    gaps = list(map(sub, values, theirs))
    near = max(gaps) < PRECISION and min(gaps) > -PRECISION
    return near and max(theirs) < _EXACT_BELOW and min(theirs) > -_EXACT_BELOW


def _same(found: bytes, wanted: bytes) -> bool:
    """Of two words that differ as text."""
    try:
        one, other = float(found), float(wanted)
    except ValueError:
        return False
    if b"_" in found or b"_" in wanted:  # which Python reads and C does not
        return False
    if abs(other) < _EXACT_BELOW:
        return abs(one - other) < PRECISION
    if not _is_whole(wanted):
        return abs(one - other) < PRECISION  # false for nan and for infinities
    if _is_whole(found):
        return _plain(found) == _plain(wanted)
    if not isfinite(one) or not isfinite(other):
        return not isfinite(other) and _significant(found) == _significant(wanted)
    if one != other:
        return False
    gap = _CONTEXT.subtract(_CONTEXT.create_decimal(found.decode()), _CONTEXT.create_decimal(wanted.decode()))
    return abs(gap) < PRECISION


def _is_whole(word: bytes) -> bool:
    return word.isdigit() or (word[:1] in b"+-" and word[1:].isdigit())


def _plain(integer: bytes) -> bytes:
    """As text, since reading one of a million digits takes long: without plus sign and leading zeros."""
    digits = integer.lstrip(b"+-").lstrip(b"0")
    return (b"-" if integer[:1] == b"-" and digits else b"") + digits


def _significant(number: bytes) -> tuple[bytes, bytes, int] | None:
    """Of a number too large for a float: sign, digits without zeros at their ends, and the first one's place."""
    match = _PARTS.fullmatch(number)
    if match is None:  # inf, nan
        return None
    sign, whole, part, exponent = match.groups()
    if exponent and len(exponent) > len(str(_MOST_EXPONENT)):
        return None
    digits = (whole + part).lstrip(b"0")
    place = len(digits) - len(part) + int(exponent or 0)
    return sign.replace(b"+", b""), digits.rstrip(b"0"), place
