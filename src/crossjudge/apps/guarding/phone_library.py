"""Phone numbers as `phonenumbers` knows them, the Python port of Google's libphonenumber: every country's own plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from crossjudge.apps.guarding.recognizers import Recognizer, default_recognizers
from crossjudge.errors import InputError
from crossjudge.extras import require
from crossjudge.types import Span

PHONE = "phone"


def recognizers_with_phones_of(*regions: str) -> tuple[Recognizer, ...]:
    """The default recognisers, and behind our rules for phone numbers the library's, for the plans of `regions`.

    `regions`: countries whose numbers are written without a `+`, as two letters ("GB", "IN"). Numbers must be valid in
    a plan to be found. Needs the extra `phones`; raises `MissingExtraError`, and `InputError` for no region or one that
    the library does not know.
    """
    library = require("phonenumbers", to="find phone numbers by each country's plan")
    named = tuple(region.strip().upper() for region in regions)
    unknown = [region for region in named if region not in library.SUPPORTED_REGIONS]
    if not named or unknown:
        seen = repr(unknown[0]) if unknown else "no region"
        raise InputError(
            f"Making recognizers of phone numbers: got {seen}; expected a country as two letters, such as 'GB'. "
            "Correct it."
        )
    return (*default_recognizers(), *(Recognizer(PHONE, _finder(library, region)) for region in named))


def _finder(library: Any, region: str) -> Callable[[str], Iterator[Span]]:
    def find(text: str) -> Iterator[Span]:
        for found in library.PhoneNumberMatcher(text, region):
            yield Span(found.start, found.end)

    return find
