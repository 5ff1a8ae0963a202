"""Numbers that belong to a person or a machine: cards, bank accounts, social security, phones and IP addresses.

Each function finds the spans of one kind. A checksum or a fixed shape decides where there is one; a number without
either counts only behind a word that says what it is ("tel", "SSN").
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise

from crossjudge.apps.guarding.checksums import iban_length, is_card, is_iban
from crossjudge.apps.guarding.recognizer_data import recognizer_data
from crossjudge.types import Span

_DIGIT_GROUPS = re.compile(r"(?<![\w#@])[0-9]+(?:[ .()/\u2011\u2013-]{1,3}[0-9]+)*(?!\w)")
"""Groups of digits, such as `4111 1111 1111 1111` or `(020) 7946-0958`."""
_DIGITS = re.compile("[0-9]+")
_MOST_GROUPS = 8
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9])")
_SSN = re.compile(r"(?<![\w.+-])(?!000|666|9)[0-9]{3}([ -])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?!\w|[.-]\w)")
_COUNTRY_CODE = re.compile(r"\+[0-9]{1,4}[ -]\Z")
_SSN_DIGITS = re.compile(r"(?<!\w)(?!000|666|9)[0-9]{3}(?!00)[0-9]{2}(?!0000)[0-9]{4}(?!\w)")
_IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w]|\.\w)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:(?:\.[0-9]{1,3}){3})?(?![\w:])")
_VERSION = re.compile(
    r"(?:\b(?:v|ver|versions?|releases?|build|section|chapter)\.?(?: \w+)? ?|[<>~!=]=\s*|[<>~^]\s*)\Z", re.IGNORECASE
)
_CONTEXT_CHARACTERS = 40
_BLANKS = str.maketrans(dict.fromkeys("\t\u00a0\u2007\u2009\u202f", " "))
"""Blanks of other widths, as they stand in documents; one for one, so that places stay."""
_CARD_JOINTS = (" ", "  ", "-", "\u2011", "\u2013", ".")

Groups = Sequence[tuple[int, int]]
"""Where each group of digits starts and ends."""


def cards(text: str) -> Iterator[Span]:
    """Payment cards: 13 to 19 digits, in one piece or in groups, of a known network and with a right checksum."""
    yield from _runs(text, _is_card_at)


def phones(text: str) -> Iterator[Span]:
    """Phone numbers: international ones, North American and trunk-prefixed national shapes, others behind a word."""
    for span in _runs(text, _is_phone_at):
        start = span.start
        while start > 0 and text[start - 1] in "+(":
            start -= 1
        yield Span(start, span.end)


def ibans(text: str) -> Iterator[Span]:
    """Bank accounts as IBANs, in one piece or in groups."""
    end, text = 0, text.translate(_BLANKS)
    for match in _IBAN_START.finditer(text):
        length = iban_length(match[0][:2].upper())
        if match.start() < end or length is None:
            continue
        stop = _after_letters(text, match.start(), length)
        if stop is not None and is_iban(re.sub("[ -]", "", text[match.start() : stop])):
            end = stop
            yield Span(match.start(), stop)


def social_security_numbers(text: str) -> Iterator[Span]:
    """US social security numbers as 123-45-6789 or 123 45 6789; nine digits in one piece behind a word."""
    for match in _SSN.finditer(text):
        if not _COUNTRY_CODE.search(text, max(0, match.start() - 6), match.start()):
            yield Span(*match.span())
    for match in _SSN_DIGITS.finditer(text):
        if _says(text, match.start(), "ssn"):
            yield Span(*match.span())


def ip_addresses(text: str) -> Iterator[Span]:
    """IPv4 and IPv6 addresses; what stands behind "version" is none."""
    for match in _IPV6.finditer(text):
        found = match[0] if match[0].endswith("::") else match[0].rstrip(":")
        if _is_ipv6(found):
            yield Span(match.start(), match.start() + len(found))
    for match in _IPV4.finditer(text):
        if _is_address(match[0]) and not _VERSION.search(text, max(0, match.start() - 20), match.start()):
            yield Span(*match.span())


def _runs(text: str, accepts: Callable[[str, Groups], bool]) -> Iterator[Span]:
    """From the left, the longest run of neighbouring digit groups that `accepts`."""
    text = text.translate(_BLANKS)
    for match in _DIGIT_GROUPS.finditer(text):
        groups = [one.span() for one in _DIGITS.finditer(text, *match.span())]
        first = 0
        while first < len(groups):
            ends = range(min(len(groups), first + _MOST_GROUPS), first, -1)
            last = next((end for end in ends if accepts(text, groups[first:end])), None)
            if last is not None:
                yield Span(groups[first][0], groups[last - 1][1])
            first = last or first + 1


def _digits(text: str, groups: Groups) -> str:
    return "".join(text[start:end] for start, end in groups)


def _joints(text: str, groups: Groups) -> list[str]:
    """What stands between the groups."""
    return [text[before[1] : after[0]] for before, after in pairwise(groups)]


def _is_card_at(text: str, groups: Groups) -> bool:
    joints = {*_joints(text, groups)}
    return len(joints) < 2 and joints <= {*_CARD_JOINTS} and is_card(_digits(text, groups))


def _is_phone_at(text: str, groups: Groups) -> bool:
    start, digits = groups[0][0], _digits(text, groups)
    if not 6 <= len(digits) <= 17 or _goes_on(text, groups):
        return False
    before = text[max(0, start - 3) : start].rstrip("(")
    if before.endswith("+"):
        return 7 <= len(digits) <= 15 and digits[0] != "0" and not before[-2:-1].isalnum()
    if before.endswith(tuple("-./\u2011\u2013")):
        return False
    shape, joints = [end - start for start, end in groups], _joints(text, groups)
    has_shape = _is_trunk_prefixed(digits, shape, joints) or _is_north_american(digits, shape, joints)
    return has_shape or (len(digits) <= 12 and _says(text, start, "phone"))


def _is_trunk_prefixed(digits: str, shape: Sequence[int], joints: Sequence[str]) -> bool:
    """A national number in groups behind a leading 0, or an international one behind 00."""
    if digits[0] != "0" or not joints or len({*joints[1:]}) > 1:
        return False
    if digits[1] == "0":
        return digits[2] != "0" and len(digits) >= 10 and shape[0] >= 2
    return 9 <= len(digits) <= 12 and 2 <= shape[0] <= 5


def _is_north_american(digits: str, shape: Sequence[int], joints: Sequence[str]) -> bool:
    """An area code that begins with 2 to 9, in the grouping 3-3-4, at times behind the country's 1."""
    # Decimal fractions have one full stop, page ranges a bracket behind.
    if len({"." in joint for joint in joints}) > 1 or any("(" in joint for joint in joints[-2:]):
        return False
    local = digits[1:] if shape[0] == 1 and digits[0] == "1" else digits
    return [*shape][-3:] == [3, 3, 4] and len(local) == 10 and local[0] not in "01"


def _goes_on(text: str, groups: Groups) -> bool:
    """Whether more digits hang on with nothing but a hyphen, full stop or slash between."""
    end = groups[-1][1]
    return text[end : end + 1] != "" and text[end] in "-./" and text[end + 1 : end + 2].isdigit()


def _says(text: str, start: int, kind: str) -> bool:
    """Whether the words right before `start` say that a number of this kind follows."""
    return _context(kind).search(text, max(0, start - _CONTEXT_CHARACTERS), start) is not None


@cache
def _context(kind: str) -> re.Pattern[str]:
    words = recognizer_data()["context"][kind]
    return re.compile(rf"\b(?:{words})\b[\s:=#(+.]*(?:(?:is|was|at|on|under|now)\b[\s:]*){{0,2}}\Z", re.IGNORECASE)


def _after_letters(text: str, start: int, count: int) -> int | None:
    """Where `count` letters and digits from `start` end, single blanks and hyphens aside, if nothing hangs on."""
    place, seen = start, 0
    while seen < count:
        if text[place : place + 1] in (" ", "-"):
            place += 1
        letter = text[place : place + 1]
        if not (letter.isascii() and letter.isalnum()):
            return None
        place, seen = place + 1, seen + 1
    return None if text[place : place + 1].isalnum() else place


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    """An address that nobody takes for a slice (`1::2`), a clock time or a pair of colons in code."""
    groups = [group for group in re.split("[:.]", text) if group]
    is_plain = len(groups) > 2 or any(len(group) == 4 for group in groups)
    return text.count(":") >= 2 and is_plain and _is_address(text)
