"""Documents: each gets an id of its own, or is refused by its place."""

from __future__ import annotations

import pytest

from crossjudge.errors import InputError, ItemError
from crossjudge.search.documents import Document, checked_documents


def checked(given, taken=(), on_duplicate="error", first_number=0):
    return checked_documents(given, set(taken), on_duplicate=on_duplicate, first_number=first_number)


def test_texts_get_the_next_free_numbers():
    given = ["a", {"text": "b", "id": 1}, {"text": "c"}, "d"]
    assert [one.id for one in checked(given, taken={"2"})] == ["0", "1", "3", "4"]
    assert [one.id for one in checked(["a", "b"], first_number=7)] == ["7", "8"]


def test_an_id_twice_is_refused_or_decided_as_asked():
    given = [{"id": "a", "text": "first"}, {"id": "a", "text": "second"}, {"id": "b", "text": "third"}]
    with pytest.raises(ItemError, match=r"document 1 has the id 'a'.*Nothing was added") as caught:
        checked(given)
    assert caught.value.index == 1
    assert checked(given, on_duplicate="skip") == [Document("a", "first"), Document("b", "third")]
    assert checked(given, on_duplicate="replace") == [Document("a", "second"), Document("b", "third")]
    assert checked(given, taken={"a"}, on_duplicate="skip") == [Document("b", "third")]


@pytest.mark.parametrize(
    "one", ["", "  ", None, 3, {}, {"text": ""}, {"text": None}, {"text": "a", "id": ""}, {"text": "a", "id": True}]
)
def test_what_is_no_document_is_refused_by_its_place(one):
    with pytest.raises(ItemError) as caught:
        checked(["fine", one])
    assert caught.value.index == 1


@pytest.mark.parametrize("given", ["one text", {"text": "a"}, 3])
def test_what_is_no_list_is_refused(given):
    with pytest.raises(InputError, match="expected a list of documents"):
        checked(given)


def test_an_unknown_way_with_duplicates_is_refused():
    with pytest.raises(InputError, match="expected one of error, replace, skip"):
        checked(["a"], on_duplicate="keep")
