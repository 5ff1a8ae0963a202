"""The folder: as the last complete change left it, or refused; writers take turns, readers are not disturbed."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from crossjudge import BiEncoder, CrossEncoder, SearchIndex
from crossjudge.errors import CorruptFileError, InputError
from crossjudge.search import folder as on_disk
from crossjudge.search.folder import IndexFolder

MODEL = CrossEncoder(backend="fake", head="relevance")
ENCODER = BiEncoder(backend="fake")


def opened(path: Path) -> SearchIndex:
    return SearchIndex(path, model=MODEL, encoder=ENCODER)


def ids(path: Path) -> list[str]:
    return [document.id for document in opened(path)]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    opened(tmp_path / "index").add(["bread", "lamp", "ferry"])
    return tmp_path / "index"


def damaged_files(index: Path) -> list[Path]:
    return sorted(path for path in (index / "segments").rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["documents.jsonl", "words.json", "vectors.npy", "arrays.npz"])
@pytest.mark.parametrize("damage", ["changed", "cut", "gone"])
def test_a_damaged_file_is_refused_by_its_name(index, name, damage):
    (path,) = (one for one in damaged_files(index) if one.name == name)
    raw = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(raw[:-3] if damage == "cut" else raw[:-3] + bytes([raw[-3] ^ 1]) + raw[-2:])
    with pytest.raises(CorruptFileError, match=rf"{name} is damaged.*restore the folder"):
        opened(index)


@pytest.mark.parametrize("change", [lambda text: text[:-20], lambda text: text.replace('"format": 1', '"format": 2')])
def test_a_changed_manifest_is_refused(index, change):
    path = index / "manifest.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(CorruptFileError, match=r"manifest\.json"):
        opened(index)


@pytest.mark.parametrize("stopped_at", ["_write_segment", "_settle", "replace"])
def test_what_was_stopped_half_way_never_happened_and_can_be_done_again(index, stopped_at, monkeypatch):
    def power_cut(*_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        where = {"_write_segment": IndexFolder, "_settle": on_disk, "replace": on_disk.os}[stopped_at]
        patch.setattr(where, stopped_at, power_cut)
        with pytest.raises(RuntimeError, match="power cut"):
            opened(index).add(["river"])
    assert ids(index) == ["0", "1", "2"]
    assert opened(index).add(["river"]) == ["3"]
    assert ids(index) == ["0", "1", "2", "3"]
    manifest = json.loads((index / "manifest.json").read_text())
    assert {path.name for path in (index / "segments").iterdir()} == set(manifest["segments"])


def test_a_manifest_that_is_lost_is_not_taken_for_an_index_never_begun(index):
    (index / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"has no manifest\.json"):
        opened(index)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(InputError, match="neither new nor empty"):
        SearchIndex(tmp_path)


def test_the_documents_of_an_index_can_be_read_without_us(index):
    (path,) = index.glob("segments/*/documents.jsonl")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert rows == [{"id": "0", "text": "bread"}, {"id": "1", "text": "lamp"}, {"id": "2", "text": "ferry"}]


def test_odd_texts_come_back_as_they_were(tmp_path):
    odd = ["a\u2028b\u0085c\nd\x1ce", "\ud83e half a pair", "\U0001f9c0 \x00 end"]
    opened(tmp_path).add(odd)
    assert [document.text for document in opened(tmp_path)] == odd


def test_a_reader_keeps_what_it_saw_until_it_looks_again(index):
    reader, writer = opened(index), opened(index)
    writer.add(["river"])
    writer.remove(["0"])
    assert [document.id for document in reader] == ["0", "1", "2"]
    assert {one.id for one in reader.search("bread lamp ferry", first_stage="lexical")} == {"0", "1", "2"}
    reader.refresh()
    assert [document.id for document in reader] == ["1", "2", "3"]


def test_a_writer_adds_to_what_others_wrote(index):
    first, second = opened(index), opened(index)
    assert (first.add(["river"]), second.add(["cloth"])) == (["3"], ["4"])
    assert ids(index) == ["0", "1", "2", "3", "4"]


def _add_many(path: str, name: str) -> None:
    index = opened(Path(path))
    for number in range(6):
        index.add([{"id": f"{name}{number}", "text": "some text"}])


def test_two_processes_that_write_at_once_lose_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_add_many, args=(str(tmp_path / "index"), name)) for name in "ab"]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
    assert [one.exitcode for one in writers] == [0, 0]
    assert sorted(ids(tmp_path / "index")) == sorted(f"{name}{number}" for name in "ab" for number in range(6))


def test_segments_stay_few(tmp_path):
    index = opened(tmp_path)
    for number in range(15):
        index.add([f"text {number}"])
    assert len(list((tmp_path / "segments").iterdir())) <= 4
    assert [document.text for document in index] == [f"text {number}" for number in range(15)]
