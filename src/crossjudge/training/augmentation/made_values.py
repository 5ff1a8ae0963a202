"""Fills the slots of a template with made values: people, towns, prices, contact and payment details."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from crossjudge.training.augmentation.clauses import pick
from crossjudge.training.augmentation.vocabulary import words_table

_SLOT = re.compile(r"(?:\b([Aa]) )?\{(\w+)\}")
_SIGNS = {"#": "0123456789", "^": "ABCDEFGHJKLMNPRSTVWXYZ", "~": "abcdefghijkmnpqrstuvwxyz0123456789"}
_CURRENCIES = ("${}", "{} euros", "€{}", "£{}", "{} dollars", "{} pounds", "{} francs")


def slot_names(template: str) -> set[str]:
    """The names of a template's slots."""
    return {name for _, name in _SLOT.findall(template)}


def filled(rng: random.Random, template: str, given: Mapping[str, str]) -> str:
    """The template with each slot filled, from `given` where it has the name; "a" becomes "an" where it must."""

    def fill(match: re.Match[str]) -> str:
        article, name = match.groups()
        value = given[name] if name in given else _value(rng, name)
        if article is None:
            return value
        return f"{article}n {value}" if value[0] in "aeiouAEIOU" else f"{article} {value}"

    return _SLOT.sub(fill, template)


def _value(rng: random.Random, name: str) -> str:
    maker = _MAKERS.get(name)
    return maker(rng) if maker is not None else pick(rng, words_table("applications_slots")[name])


def _digits(rng: random.Random, pattern: str) -> str:
    """The pattern with each # replaced by a digit, each ^ by a capital letter and each ~ by a small letter or digit."""
    return "".join(pick(rng, _SIGNS[sign]) if sign in _SIGNS else sign for sign in pattern)


def _person(rng: random.Random) -> str:
    words = words_table("applications_slots")
    luck = rng.random()
    first, last = pick(rng, words["first"]), pick(rng, words["last"])
    return first if luck < 0.3 else f"{first} {last}" if luck < 0.85 else f"{pick(rng, ('Mr', 'Ms', 'Dr'))} {last}"


def _email(rng: random.Random) -> str:
    words = words_table("applications_slots")
    first, last = pick(rng, words["first"]).lower(), pick(rng, words["last"]).lower()
    user = pick(
        rng,
        (
            f"{first}.{last}",
            f"{first}{rng.randint(1, 99)}",
            f"{first[0]}{last}",
            f"{last}_{first}",
            "info",
            "sales.team",
        ),
    )
    return f"{user}@{pick(rng, words['mail_host'])}"


def _phone(rng: random.Random) -> str:
    patterns = (
        "07## ######",
        "+44 7### ### ###",
        "(2##) ###-####",
        "2##-###-####",
        "+49 17# #######",
        "0## ## ## ## ##",
        "555 01##",
    )
    return _digits(rng, pick(rng, patterns))


def _card(rng: random.Random) -> str:
    """Sixteen digits whose checksum (Luhn) is right, as on a real card."""
    body = pick(rng, ("4", "51", "52", "37")) + "".join(str(rng.randint(0, 9)) for _ in range(14))
    body = body[:15]
    total = sum(digit if place % 2 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(map(int, body)))
    number = f"{body}{-total % 10}"
    return (
        number if rng.random() < 0.3 else pick(rng, " -").join(number[place : place + 4] for place in range(0, 16, 4))
    )


def _price(rng: random.Random) -> str:
    amount = pick(
        rng,
        (
            str(rng.randint(2, 99)),
            f"{rng.randint(3, 99)}.{pick(rng, ('50', '95', '99', '20'))}",
            str(rng.randint(1, 60) * 50),
        ),
    )
    return pick(rng, _CURRENCIES).format(amount)


def _key(rng: random.Random) -> str:
    return _digits(
        rng,
        pick(
            rng,
            (
                "sk-~~~~~~~~~~~~~~~~~~~~~~",
                "AKIA^^^####^^^##",
                "ghp_~~~~~~~~~~~~~~~~~~~~",
                "tok_####~~~~~~~~~~~~",
                "~~~~-~~~~~~~~-~~~~-~~~~",
            ),
        ),
    )


def _account(pattern: str) -> Callable[[random.Random], str]:
    return lambda rng: _digits(rng, pattern)


def _between(low: int, high: int) -> Callable[[random.Random], str]:
    return lambda rng: str(rng.randint(low, high))


_MAKERS: Mapping[str, Callable[[random.Random], str]] = MappingProxyType(
    {
        "n": _between(3, 9),
        "minutes": lambda rng: str(5 * rng.randint(2, 11)),
        "years": _between(4, 30),
        "year": _between(1960, 2024),
        "birthyear": _between(1935, 2008),
        "km": lambda rng: str(10 * rng.randint(15, 60)),
        "dom": _between(1, 28),
        "mm": lambda rng: f"{rng.randint(1, 12):02d}",
        "house": _between(1, 190),
        "postcode": _account("#####"),
        "person": _person,
        "first_lower": lambda rng: pick(rng, words_table("applications_slots")["first"]).lower(),
        "price": _price,
        "email": _email,
        "phone": _phone,
        "card": _card,
        "expiry": lambda rng: f"{rng.randint(1, 12):02d}/{rng.randint(26, 32)}",
        "cvc": _account("###"),
        "ssn": _account("###-##-####"),
        "passport": lambda rng: _digits(rng, pick(rng, ("^#######", "^^######^", "##########", "^^ ## ## ##"))),
        "iban": lambda rng: _digits(
            rng,
            pick(rng, ("DE## #### #### #### #### ##", "FR#########################", "GB## ^^^^ #### #### #### ##")),
        ),
        "account": _account("########"),
        "sort": _account("##-##-##"),
        "api_key": _key,
        "site": lambda rng: _digits(
            rng,
            pick(
                rng, ("gift-shop-##.example", "news-daily.example", "~~~~~.test", "home-offers.example", "myforum.org")
            ),
        ),
        "path": lambda rng: _digits(rng, pick(rng, ("page#", "~~~~", "offers/##", "index.html", "view?id=###"))),
    }
)
