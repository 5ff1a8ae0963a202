"""Phone numbers as `phonenumbers` knows them, the Python port of Google's libphonenumber: every country's own plan."""

from __future__ import annotations

from collections.abc import Iterator

from crossjudge.apps.base import seen
from crossjudge.apps.guarding.recognizers import Recognizer
from crossjudge.errors import InputError
from crossjudge.extras import require
from crossjudge.types import Span

LEAST_DIGITS = 7
"""Some plans have shorter numbers, and texts have more years and amounts that look like them."""


def phone_recognizer(*regions: str) -> Recognizer:
    """A recogniser of phone numbers that are valid by the plan of one of `regions`, or begin with `+`.

    They have seven digits or more, in one run or grouped as their country does. `regions`: countries as two letters
    ("GB", "IN"). It stands beside the default recognisers, whose own rules for phone numbers know no country. Needs the
    extra `phones`; raises `MissingExtraError`, and `InputError` for no region or one that the library does not know.
    """
    library = require("phonenumbers", to="find phone numbers by each country's plan")
    unknown = [one for one in regions if not isinstance(one, str) or _code(one) not in library.SUPPORTED_REGIONS]
    if not regions or unknown:
        got = seen(unknown[0]) if unknown else "no region"
        meant = _MEANT.get(_code(str(unknown[0]))) if unknown else None
        raise InputError(
            f"Making a recognizer of phone numbers: got {got}; expected countries as two letters each, such as 'GB' "
            f"(ISO 3166). {f'Say {meant!r}' if meant else 'Correct it'}."
        )

    def find(text: str) -> Iterator[Span]:
        for region in map(_code, regions):
            for found in library.PhoneNumberMatcher(text, region, leniency=library.Leniency.STRICT_GROUPING):
                if sum(letter.isdigit() for letter in found.raw_string) >= LEAST_DIGITS:
                    yield Span(found.start, found.end)

    return Recognizer("phone", find)


_MEANT = {"UK": "GB", "EL": "GR", "USA": "US", "GBR": "GB", "DEU": "DE", "FRA": "FR", "IND": "IN"}
"""What people call a country -> its two letters."""


def _code(region: str) -> str:
    return region.strip().upper()
