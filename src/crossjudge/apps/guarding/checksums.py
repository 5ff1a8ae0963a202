"""Which numbers are well formed: payment cards by prefix, length and Luhn, IBANs by country, length and mod 97."""

from __future__ import annotations

from functools import cache

from crossjudge.apps.guarding.recognizer_data import recognizer_data


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812)."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = [2 * value - 9 if value > 4 else 2 * value for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether a network issues cards of this prefix and length, and the checksum fits."""
    return any(
        len(digits) in lengths and any(low <= digits[: len(low)] <= high for low, high in prefixes)
        for prefixes, lengths in _networks()
    ) and passes_luhn(digits)


def is_iban(letters: str) -> bool:
    """Whether `letters`, without blanks, have their country's length and the remainder 1 mod 97 (ISO 13616)."""
    upper = letters.upper()
    if len(upper) != iban_length(upper[:2]) or not (upper.isascii() and upper.isalnum() and upper[2:4].isdigit()):
        return False
    return int("".join(str(int(letter, 36)) for letter in upper[4:] + upper[:4])) % 97 == 1


def iban_length(country: str) -> int | None:
    """Characters of an IBAN of this country (two capitals), or None where it has none."""
    length: int | None = recognizer_data()["iban_lengths"].get(country)
    return length


@cache
def _networks() -> tuple[tuple[tuple[tuple[str, str], ...], frozenset[int]], ...]:
    """Each network's prefixes as (lowest, highest), and its lengths."""
    return tuple(
        (tuple(_range(prefix) for prefix in network["prefixes"]), frozenset(network["lengths"]))
        for network in recognizer_data()["card_network"]
    )


def _range(prefix: str) -> tuple[str, str]:
    low, _, high = prefix.partition("-")
    return low, high or low
