"""A check while the answer is being written: the library's verdicts, each as soon as it is there; how it can end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from client.standing_in import by_async_client, by_client, running, stand_in
from crossjudge import AsyncClient, ClaimChecker, Client, CrossEncoder, errors
from crossjudge.client.addresses import read_address
from crossjudge.client.live_checks import LiveCheck
from crossjudge.client.server import Server

TEXT = "The ferry was late and the cabin was cold."
PIECES = ["The ferry", " was late. It", " sank.\n", "Nobody drowned \ud83d"]
CHECKER = ClaimChecker(model=CrossEncoder(backend="fake"))
EXPECTED = list(CHECKER.stream(TEXT, ["".join(PIECES).replace("\ud83d", "\ufffd")]))


def streamed(client, pieces, source=TEXT):
    return list(client.claim_checker().stream(source, pieces))


async def awaited(client, pieces, source=TEXT):
    return [claim async for claim in client.claim_checker().stream(source, pieces)]


async def slowly(pieces):
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


WAYS = [(by_client, streamed), (by_async_client, awaited)]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as address:
        yield address


@pytest.mark.parametrize(("ask", "listed"), WAYS)
@pytest.mark.parametrize("pieces", [PIECES, "".join(PIECES), [*PIECES, "", ""]])
def test_the_claims_of_the_whole_answer(url, ask, listed, pieces):
    assert ask(url, lambda client: listed(client, pieces)) == EXPECTED
    assert ask(url, lambda client: listed(client, pieces, source=[TEXT])) == EXPECTED


def test_pieces_may_come_from_a_generator_of_either_kind(url):
    assert by_client(url, lambda client: streamed(client, iter(PIECES))) == EXPECTED
    assert by_async_client(url, lambda client: awaited(client, iter(PIECES))) == EXPECTED
    assert by_async_client(url, lambda client: awaited(client, slowly(PIECES))) == EXPECTED


def test_a_claim_is_told_before_the_rest_is_written(url):
    """Who writes goes on only when the first claim is there; where time passes in between, so do empty pieces."""
    told = []

    def writing():
        yield "The ferry was late. It sank. "
        give_up = time.monotonic() + 30
        while not told and time.monotonic() < give_up:
            time.sleep(0.005)
            yield ""
        assert told
        yield "Nobody drowned."

    with Client(url) as client:
        for claim in client.claim_checker().stream(TEXT, writing()):
            told.append(claim)
    assert [claim.claim for claim in told] == ["The ferry was late.", "It sank.", "Nobody drowned."]


def test_an_awaited_claim_needs_no_further_piece(url):
    async def conversation():
        first = asyncio.Event()

        async def writing():
            yield "The ferry was late. It sank. "
            await asyncio.wait_for(first.wait(), 30)
            yield "Nobody drowned."

        told = []
        async with AsyncClient(url) as client:
            async for claim in client.claim_checker().stream(TEXT, writing()):
                told.append(claim.claim)
                first.set()
        return told

    assert asyncio.run(conversation()) == ["The ferry was late.", "It sank.", "Nobody drowned."]


@pytest.mark.parametrize(("ask", "listed"), WAYS)
def test_what_the_server_says_against_it_is_an_error_of_ours(url, ask, listed):
    with pytest.raises(errors.InputError, match="Checking: the answer is blank"):
        ask(url, lambda client: listed(client, [" ", "\n"]))
    with pytest.raises(errors.ItemError, match="the source is blank"):
        ask(url, lambda client: listed(client, PIECES, source=" "))
    with pytest.raises(errors.InputError, match="a piece of the answer is int 7"):
        ask(url, lambda client: listed(client, ["It sank. ", 7]))
    with pytest.raises(errors.UnknownModelError, match="'nobody'"):
        ask(url, lambda client: listed(client, PIECES), model="nobody")


@pytest.mark.parametrize(("ask", "listed"), WAYS)
def test_nothing_is_asked_of_the_writer_before_the_server_takes_the_check(ask, listed):
    def never():
        raise AssertionError("nobody may ask for a piece")
        yield ""

    with running(api_keys=["the-key-of-the-ferry"]) as url, pytest.raises(errors.KeyRefusedError):
        ask(url, lambda client: listed(client, never()), api_key="another-key-altogether")


@pytest.mark.parametrize(("ask", "listed"), WAYS)
@pytest.mark.parametrize("fault", [RuntimeError("of the writer"), OSError("of the writer")])
def test_an_error_of_the_writer_stays_the_writers(url, ask, listed, fault):
    def writing():
        yield "The ferry was late. "
        raise fault

    with pytest.raises(type(fault), match="of the writer") as caught:
        ask(url, lambda client: listed(client, writing()))
    assert caught.value is fault


def test_who_stops_listening_ends_the_check(url):
    def writing():
        yield "The ferry was late. It sank. "
        while True:
            yield ""

    with Client(url) as client:
        claims = client.claim_checker().stream(TEXT, writing())
        assert next(claims).claim == "The ferry was late."
        claims.close()
        assert client.claim_checker()(TEXT, "It sank.") == CHECKER(TEXT, "It sank.")


@pytest.mark.parametrize(("ask", "listed"), WAYS)
def test_an_answer_that_is_no_stream_comes_from_somebody_else(ask, listed):
    page = (200, {"Content-Type": "text/html", "Connection": "close"}, b"<html>")
    with stand_in(page) as told, pytest.raises(errors.ForeignServerError, match="ended without a report"):
        ask(told.url, lambda client: listed(client, PIECES))


def test_events_may_arrive_in_any_pieces():
    claim = b'{"claim":"Rain.","start":0,"end":5,"outcome":"unread","probabilities":{},"evidence":null,' + (
        b'"counter_evidence":null,"flags":[]}'
    )
    said = b": waiting\n\nevent: claim\r\ndata: " + claim + b"\r\n\r\nevent: new\n\nevent: report\ndata: {}\n\n"
    for size in (1, 7, len(said)):
        live = LiveCheck(Server(read_address("http://here")), {"source": TEXT})
        heard = [one for at in range(0, len(said), size) for one in live.heard(said[at : at + size])]
        assert [one.claim for one in heard] == ["Rain."]
        assert live.is_over


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b'event: error\ndata: {"error": "no"}\n\n', errors.ForeignServerError),
        (b'event: claim\ndata: {"claim": 1}\n\n', errors.ForeignServerError),
        (b"event: claim\ndata: {{\n\n", errors.ForeignServerError),
    ],
)
def test_events_that_are_not_ours_are_not_guessed_at(said, kind):
    live = LiveCheck(Server(read_address("http://here")), {"source": TEXT})
    with pytest.raises(kind):
        list(live.heard(said))
