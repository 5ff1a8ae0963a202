"""What the recognisers find: exact offsets, right checksums, nothing in what only looks alike, and in bounded time."""

from __future__ import annotations

import ipaddress
import random
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crossjudge.apps.guarding import Found, Recognizer, default_recognizers, recognize, redact
from crossjudge.apps.guarding.checksums import is_card, is_iban, passes_luhn
from crossjudge.apps.guarding.recognizer_data import recognizer_data
from crossjudge.apps.guarding.secrets import entropy
from crossjudge.errors import InputError
from crossjudge.types import Span

DIGITS = st.text("0123456789", min_size=1, max_size=30)
WORDS = ("we", "met", "near", "the", "old", "harbour", "and", "spoke", "of", "ships", "until", "dusk")
PROSE = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in recognize(text)]


def luhn_digit(digits: str) -> str:
    return next(digit for digit in string.digits if passes_luhn(digits + digit))


def iban_of(country: str, account: str) -> str:
    """With the check digits that mod 97 asks for."""
    letters = "".join(str(int(letter, 36)) for letter in f"{account}{country}00")
    return f"{country}{98 - int(letters) % 97:02d}{account}"


VISA = st.text("0123456789", min_size=14, max_size=14).map(lambda digits: "4" + digits + luhn_digit("4" + digits))
GERMAN_IBAN = st.text("0123456789", min_size=18, max_size=18).map(lambda digits: iban_of("DE", digits))
LOCAL = st.text(string.ascii_letters + string.digits, min_size=1, max_size=20)
EMAIL = st.builds(lambda name, host: f"{name}@{host}.example.org", LOCAL, st.text(string.ascii_lowercase, min_size=1))
IPV4 = st.ip_addresses(v=4).map(str)
IPV6 = st.ip_addresses(v=6).map(str)
SSN = st.builds(
    lambda area, group, serial: f"{area:03d}-{group:02d}-{serial:04d}",
    st.integers(1, 899).filter(lambda area: area != 666),
    st.integers(1, 99),
    st.integers(1, 9999),
)
AMERICAN_PHONE = st.builds(
    lambda area, exchange, line: f"({area}) {exchange}-{line:04d}",
    st.integers(200, 999),
    st.integers(200, 999),
    st.integers(0, 9999),
)
KEY = st.text(string.ascii_letters + string.digits, min_size=36, max_size=36).map(lambda body: "ghp_" + body)
KNOWN = {
    "card": VISA, "iban": GERMAN_IBAN, "email": EMAIL, "ip": IPV4, "ssn": SSN, "phone": AMERICAN_PHONE, "key": KEY,
}  # fmt: skip


# --- what is found, and where ---


@pytest.mark.parametrize("kind", KNOWN)
@given(data=st.data(), before=PROSE, after=PROSE)
def test_a_value_in_prose_is_found_at_its_very_offsets(kind, data, before, after):
    value = data.draw(KNOWN[kind])
    text = f"{before} {value}, {after}"
    assert recognize(text) == [Found(len(before) + 1, len(before) + 1 + len(value), kind)]


@given(st.lists(st.one_of([values.map(lambda value, kind=kind: (kind, value)) for kind, values in KNOWN.items()])))
def test_several_values_are_all_found_in_order(values):
    text = "; ".join(value for _, value in values)
    assert found(text) == values


@given(IPV6)
def test_an_ipv6_address_is_found_unless_it_is_as_short_as_code(address):
    assume(len([group for group in address.split(":") if group]) > 2)
    assert found(f"from {address} port 80") == [("ip", address)]


@given(VISA, st.sampled_from([" ", "  ", "-", ".", "\u00a0", "\u202f", "\u2011", "\t"]))
def test_a_card_is_found_in_groups_of_four(card, joint):
    grouped = joint.join(card[place : place + 4] for place in range(0, 16, 4))
    assert found(f"pay with {grouped}.") == [("card", grouped)]


@given(st.sampled_from(sorted(recognizer_data()["iban_lengths"].items())), st.randoms(use_true_random=False))
def test_an_iban_of_every_country_is_found_with_and_without_blanks(country, rng):
    name, length = country
    iban = iban_of(name, "".join(rng.choices(string.digits, k=length - 4)))
    grouped = " ".join(iban[place : place + 4] for place in range(0, length, 4))
    assert found(f"to {iban}!") == [("iban", iban)]
    for joint in (" ", "-", "\u00a0"):
        shown = grouped.replace(" ", joint)
        assert found(f"to {shown} now") == [("iban", shown)]


RANDOM = random.Random(11)


def drawn(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(RANDOM.choices(alphabet, k=length))


HEX, CAPITALS = "0123456789abcdef", string.ascii_uppercase + string.digits
KEYS = [
    "ASIA" + drawn(16, "ABCDEFGHIJ234567"),
    "github_pat_" + drawn(22) + "_" + drawn(59),
    "glpat-" + drawn(20),
    "xoxb-" + drawn(30),
    "https://hooks.slack.com/services/" + drawn(30),
    "rk_live_" + drawn(24),
    "sk-ant-api03-" + drawn(60),
    "AIza" + drawn(35),
    "ya29." + drawn(60),
    "hf_" + drawn(34, string.ascii_letters),
    "npm_" + drawn(36),
    "pypi-" + drawn(80),
    "SG." + drawn(22) + "." + drawn(43),
    "AC" + drawn(32, HEX),
    "shpat_" + drawn(32, HEX),
    "dop_v1_" + drawn(64, HEX),
    "dapi" + drawn(32, HEX),
    "1234567890:AA" + drawn(33),
    "eyJ" + drawn(30) + ".eyJ" + drawn(40) + "." + drawn(43),
    "hvs." + drawn(30),
    "dckr_pat_" + drawn(27),
    "ATATT3" + drawn(80),
    "glsa_" + drawn(32) + "_" + drawn(8, HEX),
    "lin_api_" + drawn(40),
    "gsk_" + drawn(52),
    "r8_" + drawn(37),
    "key-" + drawn(32, HEX),
    "sq0atp-" + drawn(22),
    "AGE-SECRET-KEY-1" + drawn(58, CAPITALS),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:8])
def test_every_shape_of_a_key_is_found(key):
    assert ("key", key) in found(f"use {key}, please")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to o'neil+news@mail.example.co.uk.", "email", "o'neil+news@mail.example.co.uk"),
        ("<mailto:jürgen@bücher.example>", "email", "jürgen@bücher.example"),
        ("ann [at] example [dot] org", "email", "ann [at] example [dot] org"),
        ("Ring +49 (0)30 901820-15 today", "phone", "+49 (0)30 901820-15"),
        ("(020) 7946 0958 is ours", "phone", "(020) 7946 0958"),
        ("0171/5550123 in the evening", "phone", "0171/5550123"),
        ("0041 44 668 18 00", "phone", "0041 44 668 18 00"),
        ("1-800-555-0199", "phone", "1-800-555-0199"),
        ("+992 372 12 3456", "phone", "+992 372 12 3456"),
        ("fax 02 123 456", "phone", "02 123 456"),
        ("415.555.0134", "phone", "415.555.0134"),
        ("call me at 5550199", "phone", "5550199"),
        ("tel. 44668180", "phone", "44668180"),
        ("my number is 9876543210", "phone", "9876543210"),
        ("378282246310005", "card", "378282246310005"),
        ("gb82 west 1234 5698 7654 32", "iban", "gb82 west 1234 5698 7654 32"),
        ("SSN: 219099999", "ssn", "219099999"),
        ("219 09 9999", "ssn", "219 09 9999"),
        ("host ::ffff:192.0.2.1 answered", "ip", "::ffff:192.0.2.1"),
        ("192.168.0.1:8080", "ip", "192.168.0.1"),
        ("my password is sw0rdfish!", "secret", "sw0rdfish!"),
        ('api_key = "q8Zt-41bb"', "secret", "q8Zt-41bb"),
        ("Password: hunter2.", "secret", "hunter2"),
        ("DB_PASSWORD=correcthorse", "secret", "correcthorse"),
        ("AccountKey=" + "aB3/" * 15 + "==;", "key", "aB3/" * 15 + "=="),
        ("Authorization: Bearer " + "abc123def456ghi789", "key", "abc123def456ghi789"),
        ("postgres://bob:hunter2@db.internal/x", "key", "hunter2"),
        ("AKIA" + "ABCDEFGHIJKLMNOP", "key", "AKIA" + "ABCDEFGHIJKLMNOP"),
        ("sk-" + "proj-" + "a1" * 20, "key", "sk-" + "proj-" + "a1" * 20),
        ("k9Jx72LmQpR4tVbN8sWdY3zA", "secret", "k9Jx72LmQpR4tVbN8sWdY3zA"),
    ],
)
def test_a_known_shape_is_found(text, kind, value):
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "On 2024-03-15, 15.03.2024 and 05/11/2024 at 12:30:45.",
        "It cost 1,234,567.89 or 12 000 000 crowns; the order is 12345678.",
        "ISBN 978-3-16-148410-0, pages 100-2000, the years 1994 1995 1996.",
        "Version 10.0.0.1 and v1.2.3.4 came before 1.2.3.4.5.",
        "std::vector, a[1::2], f::g and 10:20 are code.",
        "000-12-3456, 666-12-3456, 912-12-3456 and 123-00-4567 are nobody's.",
        "The password is required, and the token: expires soon.",
        "password=required, token=expired, PASSWORD: required! The bearer certificates-of-deposit are gone.",
        "git clone git@code.example.org:team/project.git",
        "Her handle is @anna and the price is 5@2.",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 fixes it",
        "id 123e4567-e89b-12d3-a456-426614174000",
        "see https://example.org/watch/dQw4w9WgXcQAbCdEfGh1J2k3 for more",
        "lz4>=1.7.4.2, and versions after 1.11.1.1",
        "1.648 777 2536 e-41, 206.766 9894, pages 300-304 (1984), ISBN 0-03-086370-8",
        "token = tokens.next(stream), files in numpy/random/src/mt19937/LICENSE_OF_IT",
        "coordinates 52.520008, 13.404954 and 3.14159265358979",
        "４１１１ １１１１ １１１１ １１１１ in wide digits",
    ],
)
def test_what_only_looks_alike_is_left_alone(text):
    assert found(text) == []


# --- checksums ---


@given(VISA, st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_no_card(card, place, added):
    wrong = card[:place] + str((int(card[place]) + added) % 10) + card[place + 1 :]
    assert is_card(card)
    assert not passes_luhn(wrong)


@given(GERMAN_IBAN, st.integers(2, 21), st.integers(1, 9))
def test_one_wrong_digit_is_no_iban(iban, place, added):
    wrong = iban[:place] + str((int(iban[place]) + added) % 10) + iban[place + 1 :]
    assert is_iban(iban)
    assert not is_iban(wrong)


@given(GERMAN_IBAN, st.integers(4, 20))
def test_two_neighbours_swapped_are_no_iban(iban, place):
    assume(iban[place] != iban[place + 1])
    assert not is_iban(iban[:place] + iban[place + 1] + iban[place] + iban[place + 2 :])


@given(st.text("0123456789", min_size=16, max_size=16))
def test_a_right_checksum_alone_is_no_card(digits):
    assume(digits[0] in "01789")
    assert not is_card(digits[:-1] + luhn_digit(digits[:-1]))


@given(st.text(min_size=1))
def test_entropy_is_between_none_and_that_of_as_many_different_characters(text):
    assert -1e-9 <= entropy(text) <= len(text).bit_length()


# --- laws of any text ---


@given(st.text() | st.text("0123456789 .-+()/:@abcdefAB", max_size=80) | DIGITS)
def test_spans_lie_in_the_text_in_order_and_apart(text):
    ends = [0]
    for one in recognize(text):
        assert ends[-1] <= one.start < one.end <= len(text)
        ends.append(one.end)


@given(st.lists(st.one_of(PROSE, *KNOWN.values()), max_size=6))
def test_redaction_removes_every_span_and_nothing_else(parts):
    text = " | ".join(parts)
    spans = recognize(text)
    redacted = redact(text, spans)
    assert recognize(redacted) == []
    kept, place = [], 0
    for span in spans:
        kept.append(text[place : span.start])
        place = span.end
    pieces = redacted
    for piece, span in zip(kept, spans, strict=True):
        assert pieces.startswith(f"{piece}[{span.kind.upper()}]")
        pieces = pieces[len(f"{piece}[{span.kind.upper()}]") :]
    assert pieces == text[place:]


@given(st.ip_addresses())
def test_redaction_is_asked_for_once(address):
    text = f"from {ipaddress.ip_address(address)} to nowhere"
    assert recognize(redact(text, recognize(text))) == []


def test_spans_that_overlap_are_replaced_together():
    assert redact("abcdefgh", [Found(1, 4, "one"), Found(3, 6, "two"), Found(1, 4, "one")]) == "a[ONE]gh"


def test_the_mask_is_the_users():
    assert redact("a b c", [Found(2, 3, "x")], mask=lambda kind: "█") == "a █ c"


@pytest.mark.parametrize("span", [Found(0, 9, "x"), Found(-1, 2, "x"), Found(2, 2, "x")])
def test_spans_of_another_text_are_refused(span):
    with pytest.raises(InputError, match="expected spans of this very text"):
        redact("a b c", [span])


HOSTILE = (
    "1 ", "1", "a.", "a@", "a" * 50 + ".", "DE12 ", "1.1.", ":", "1:", "password: ", "+1(", "eyJ", "aB1",
    "-----BEGIN PRIVATE KEY-----",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hostile_text_costs_steps_in_proportion(unit):
    """A pattern that backtracks would not come to an end here."""
    assert all(one.end <= 50_000 for one in recognize((unit * 50_000)[:50_000]))


def test_all_sixteen_digit_numbers_are_not_cards():
    rng = random.Random(5)
    numbers = ["".join(rng.choices(string.digits, k=16)) for _ in range(2_000)]
    assert sum(bool(recognize(number)) for number in numbers) < 100


# --- the interface ---


def test_a_recogniser_of_ones_own_takes_part():
    badges = Recognizer("badge", lambda text: [Span(text.index("B-"), text.index("B-") + 5)] if "B-" in text else [])
    text = "badge B-123, ann@example.org"
    assert [one.kind for one in recognize(text, [badges, *default_recognizers()])] == ["badge", "email"]


def test_the_first_recogniser_takes_what_a_later_one_would():
    whole = Recognizer("whole", lambda text: [Span(0, len(text))])
    assert [one.kind for one in recognize("ann@example.org", [whole, *default_recognizers()])] == ["whole"]
