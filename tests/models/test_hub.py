import hashlib
import json
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import constants

from crossjudge.errors import HubUnreachableError, MissingFileError, PickleOnlyError, UnknownModelError
from crossjudge.models import hub
from crossjudge.models.checkpoint import load_checkpoint

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "some-team/some-model"

CONFIG = {"model_type": "bert", "architectures": ["BertForSequenceClassification"], "max_position_embeddings": 64}
HEADER = json.dumps({"classifier.weight": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}}).encode()
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(8)
GRAPH = b"\x08\x09" + b"\x3a\x05graph"

NEEDED = {
    "config.json": json.dumps(CONFIG).encode(),
    "tokenizer.json": b"{}",
    "tokenizer_config.json": b'{"model_max_length": 32}',
    "model.safetensors": WEIGHTS,
}
NEVER = {
    "README.md": b"# a model",
    "pytorch_model.bin": b"a pickle",
    "tf_model.h5": b"another framework",
    "modeling.py": b"raise SystemExit",
    "onnx/model_quantized.onnx": GRAPH,
    "onnx/model_O3.onnx": GRAPH,
    "openvino/openvino_model.bin": b"another engine",
    "checkpoint-500/model.safetensors": WEIGHTS,
    "training_args.bin": b"a pickle",
}


@dataclass
class FakeHub:
    """The few endpoints that downloading a model uses, on the loopback interface; notes every request."""

    files: dict[str, bytes] = field(default_factory=lambda: NEEDED | NEVER)
    revisions: tuple[str, ...] = ("main", "v2", COMMIT)
    refuses: tuple[int, dict[str, str]] | None = None
    refuses_files: tuple[int, dict[str, str]] | None = None
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    """(method, path, token) of each request, in order."""

    url: str = ""

    @property
    def fetched(self) -> set[str]:
        """The files whose content was sent."""
        return {path.split("/", 5)[-1] for method, path, _ in self.asked if method == "GET" and "/resolve/" in path}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body)."""
        if self.refuses is not None:
            return (*self.refuses, b"{}")
        parts = path.strip("/").split("/")
        if parts[0] == "api":
            return self._api("/".join(parts[2:4]), parts[4:])
        return self._file("/".join(parts[:2]), parts[3], "/".join(parts[4:]))

    def _api(self, name: str, rest: list[str]) -> tuple[int, dict[str, str], bytes]:
        if name != NAME:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        revision = rest[1] if rest else "main"
        if revision not in self.revisions:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        sizes = {name: len(content) for name, content in self.files.items()}
        if rest and rest[0] == "tree":
            entries = [{"type": "file", "path": one, "size": size, "oid": _oid(one)} for one, size in sizes.items()]
            return 200, {}, json.dumps(entries).encode()
        siblings = [{"rfilename": one, "size": size, "blobId": _oid(one)} for one, size in sizes.items()]
        return 200, {}, json.dumps({"id": NAME, "sha": COMMIT, "siblings": siblings}).encode()

    def _file(self, name: str, revision: str, file: str) -> tuple[int, dict[str, str], bytes]:
        if self.refuses_files is not None:
            return (*self.refuses_files, b"{}")
        if name != NAME or revision not in self.revisions or file not in self.files:
            return 404, {"X-Error-Code": "EntryNotFound"}, b"{}"
        return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{_oid(file)}"'}, self.files[file]


def _oid(name: str) -> str:
    return hashlib.sha1(name.encode()).hexdigest()


@pytest.fixture
def fake_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub of its own for each test, found through the environment as a user's mirror is."""
    fake = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            fake.asked.append((self.command, path, self.headers.get("Authorization")))
            status, headers, body = fake.answer(path)
            self.send_response(status)
            for key, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    _point_to(fake.url, monkeypatch)
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


def _point_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "SENTENCE_TRANSFORMERS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub whose port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _point_to(f"http://127.0.0.1:{port}", monkeypatch)


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


# What is downloaded


def test_a_name_becomes_a_checkpoint_with_only_what_is_needed(fake_hub: FakeHub, tmp_path: Path) -> None:
    loaded = load_checkpoint(NAME, cache_folder=tmp_path)
    assert (loaded.name, loaded.num_labels, loaded.max_length) == (NAME, 2, 32)
    assert fake_hub.fetched == files_in(loaded.folder) == set(NEEDED)


def test_revision_and_token_reach_the_hub_with_every_request(fake_hub: FakeHub, tmp_path: Path) -> None:
    load_checkpoint(NAME, revision="v2", token="hf_secret", cache_folder=tmp_path)
    paths = [path for _, path, _ in fake_hub.asked]
    assert f"/api/models/{NAME}/revision/v2" in paths
    assert not any("main" in path for path in paths)
    assert {token for _, _, token in fake_hub.asked} == {"Bearer hf_secret"}


def test_a_cached_model_costs_one_question_and_no_download(fake_hub: FakeHub, tmp_path: Path) -> None:
    first = load_checkpoint(NAME, cache_folder=tmp_path)
    fake_hub.asked.clear()
    again = load_checkpoint(NAME, cache_folder=tmp_path)
    assert again.folder == first.folder
    assert len(fake_hub.asked) == 1


def test_the_cache_may_be_the_one_of_sentence_transformers(
    fake_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    assert load_checkpoint(NAME).folder.is_relative_to(tmp_path)


def test_code_is_fetched_only_when_it_is_trusted(fake_hub: FakeHub, tmp_path: Path) -> None:
    loaded = load_checkpoint(NAME, cache_folder=tmp_path, trust_remote_code=True)
    assert files_in(loaded.folder) == set(NEEDED) | {"modeling.py"}


@pytest.mark.parametrize(
    ("kind", "organisation"), [("cross_encoder", "cross-encoder"), ("bi_encoder", "sentence-transformers")]
)
def test_a_bare_name_is_looked_up_where_the_reference_looks(
    kind: Any, organisation: str, fake_hub: FakeHub, tmp_path: Path
) -> None:
    with pytest.raises(UnknownModelError):
        load_checkpoint("no-such-model", kind=kind, cache_folder=tmp_path)
    with pytest.raises(UnknownModelError):
        load_checkpoint("roberta-large-mnli", kind=kind, cache_folder=tmp_path)
    assert [path for _, path, _ in fake_hub.asked] == [
        f"/api/models/{organisation}/no-such-model",
        "/api/models/roberta-large-mnli",
    ]


BIG = hub.SMALL_GRAPH_BYTES + 1
SIDE = {"config.json": 1, "tokenizer.json": 1}


@pytest.mark.parametrize(
    ("sizes", "can_export", "expected"),
    [
        ({"model.safetensors": 9, "onnx/model.onnx": 9}, True, {"model.safetensors", "onnx/model.onnx"}),
        ({"model.safetensors": 9, "onnx/model.onnx": BIG}, True, {"model.safetensors"}),
        ({"model.safetensors": 9, "onnx/model.onnx": None}, True, {"model.safetensors"}),
        ({"model.safetensors": 9, "onnx/model.onnx": BIG}, False, {"onnx/model.onnx"}),
        ({"model.safetensors": 9}, False, {"model.safetensors"}),
        ({"onnx/model.onnx": BIG, "onnx/model.onnx_data": BIG}, True, {"onnx/model.onnx", "onnx/model.onnx_data"}),
        ({"onnx/model.onnx": 9, "onnx/model_fp16.onnx": 5, "model.onnx": 9}, False, {"onnx/model.onnx"}),
        ({"model.safetensors": 9, "pytorch_model.bin": 9, "model.fp16.safetensors": 5}, True, {"model.safetensors"}),
        (
            {"model.safetensors.index.json": 1, "model-00001-of-00002.safetensors": 9,
             "model-00002-of-00002.safetensors": 9},
            True,
            {"model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"},
        ),
        (
            {"model.safetensors": 9, "modules.json": 1, "1_Pooling/config.json": 1, "2_Dense/config.json": 1,
             "2_Dense/model.safetensors": 1, "2_Dense/pytorch_model.bin": 1, "sentence_bert_config.json": 1},
            True,
            {"model.safetensors", "modules.json", "1_Pooling/config.json", "2_Dense/config.json",
             "2_Dense/model.safetensors", "sentence_bert_config.json"},
        ),
    ],
)  # fmt: skip
def test_one_form_of_the_weights_is_chosen(sizes: dict[str, int | None], can_export: bool, expected: set[str]) -> None:
    chosen = hub.choose_files(NAME, SIDE | sizes, with_code=False, can_export=can_export)
    assert set(chosen) == expected | set(SIDE)


def test_an_encoder_in_a_folder_of_its_own_is_found() -> None:
    sizes = {"modules.json": 1, "0_Transformer/config.json": 1, "0_Transformer/model.safetensors": 9}
    sizes |= {"0_Transformer/tokenizer.json": 1, "0_Transformer/pytorch_model.bin": 9, "1_Pooling/config.json": 1}
    chosen = hub.choose_files(NAME, sizes, with_code=False, can_export=True)
    assert set(chosen) == set(sizes) - {"0_Transformer/pytorch_model.bin"}


def test_a_one_way_folder_is_fetched_with_all_that_its_manifest_lists() -> None:
    ours = {
        "README.md": 1,
        "calibration.json": 1,
        "training_record.json": 1,
        "manifest.json": 1,
        "config.json": 1,
        "tokenizer.json": 1,
        "judge.onnx": 1,
        "embed.onnx": 1,
        "weights.bin": 9,
    }
    chosen = hub.choose_files(
        NAME, ours | {"pytorch_model.bin": 9, "train_hashes.npy": 1}, with_code=False, can_export=True
    )
    assert set(chosen) == set(ours)


def test_pickles_alone_are_refused_before_anything_is_fetched(fake_hub: FakeHub, tmp_path: Path) -> None:
    del fake_hub.files["model.safetensors"]
    with pytest.raises(PickleOnlyError, match=r"pytorch_model\.bin.*save_pretrained"):
        load_checkpoint(NAME, cache_folder=tmp_path)
    assert fake_hub.fetched == set()


def test_a_model_without_weights_is_refused(fake_hub: FakeHub, tmp_path: Path) -> None:
    fake_hub.files = {"config.json": b"{}"}
    with pytest.raises(MissingFileError, match="no weights"):
        load_checkpoint(NAME, cache_folder=tmp_path)


# What goes wrong, each with its own error


def test_an_unknown_name_gets_near_names(fake_hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match=r"Did you mean .*nli-deberta-v3-base") as caught:
        load_checkpoint("cross-encoder/nli-deberta-v3-bose", cache_folder=tmp_path)
    assert "cross-encoder/nli-deberta-v3-base" in caught.value.near
    with pytest.raises(UnknownModelError, match="Expected a folder or 'organisation/name'"):
        load_checkpoint("not a name/at all", cache_folder=tmp_path)


def test_an_unknown_revision_is_named(fake_hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(UnknownModelError, match="'v9' from the hub: the model is there and this revision is not"):
        load_checkpoint(NAME, revision="v9", cache_folder=tmp_path)


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        ((401, {"X-Error-Code": "GatedRepo"}), "gated. Accept its terms"),
        ((403, {"X-Error-Code": "GatedRepo"}), "gated. Accept its terms"),
        ((401, {"X-Error-Message": "Invalid credentials in Authorization header"}), "refused the token"),
        ((401, {}), "private"),
        ((403, {}), "refused the token"),
        ((404, {}), "no such model on the hub"),
    ],
)
def test_no_access_says_what_to_do(
    refusal: tuple[int, dict[str, str]], says: str, fake_hub: FakeHub, tmp_path: Path
) -> None:
    fake_hub.refuses = refusal
    with pytest.raises(UnknownModelError, match=says):
        load_checkpoint(NAME, token="hf_wrong", cache_folder=tmp_path)


def test_files_may_be_gated_where_the_listing_is_open(fake_hub: FakeHub, tmp_path: Path) -> None:
    fake_hub.refuses_files = (403, {"X-Error-Code": "GatedRepo"})
    with pytest.raises(UnknownModelError, match="gated"):
        load_checkpoint(NAME, cache_folder=tmp_path)


def test_a_refused_connection_names_the_ways_out(unreachable: None, tmp_path: Path) -> None:
    with pytest.raises(HubUnreachableError, match=r"did not answer.*local folder.*embedded model.*HF_ENDPOINT"):
        load_checkpoint(NAME, cache_folder=tmp_path)


@pytest.mark.parametrize(
    ("written", "meant"), [("embeded", "embedded"), ("cross-encoder/nli-deberta-v3-smal", "nli-deberta-v3-small")]
)
def test_a_misspelt_name_is_said_where_no_hub_can_say_so(
    unreachable: None, tmp_path: Path, written: str, meant: str
) -> None:
    for local_files_only in (False, True):
        with pytest.raises(HubUnreachableError, match=rf"Did you mean .*{meant}'"):
            load_checkpoint(written, cache_folder=tmp_path, local_files_only=local_files_only)


def test_a_known_name_is_no_question(unreachable: None, tmp_path: Path) -> None:
    with pytest.raises(HubUnreachableError) as caught:
        load_checkpoint("cross-encoder/nli-deberta-v3-small", cache_folder=tmp_path)
    assert "Did you mean" not in str(caught.value)


def test_a_hub_that_fails_is_unreachable(fake_hub: FakeHub, tmp_path: Path) -> None:
    fake_hub.refuses = (500, {})
    with pytest.raises(HubUnreachableError, match="500"):
        load_checkpoint(NAME, cache_folder=tmp_path)


def test_a_hub_that_never_answers_is_given_up_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hub, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _point_to(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        with pytest.raises(HubUnreachableError, match="did not answer"):
            load_checkpoint(NAME, cache_folder=tmp_path)


def test_a_hub_that_went_away_leaves_the_cached_copy(
    fake_hub: FakeHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = load_checkpoint(NAME, cache_folder=tmp_path)
    fake_hub.refuses = (503, {})
    with caplog.at_level(logging.WARNING, logger="crossjudge"):
        assert load_checkpoint(NAME, cache_folder=tmp_path).folder == first.folder
    assert "using the cached copy" in caplog.text


# Offline


@pytest.fixture(params=["HF_HUB_OFFLINE", "constant", "local_files_only"])
def go_offline(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Switches to one of the ways of being offline; returns the arguments it needs."""

    def switch() -> dict[str, Any]:
        if request.param == "HF_HUB_OFFLINE":
            monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        elif request.param == "constant":  # the variable as huggingface_hub saw it when it was imported
            monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        return {"local_files_only": True} if request.param == "local_files_only" else {}

    return switch


@pytest.mark.parametrize("revision", [None, "v2"])
def test_offline_the_cache_answers_and_nobody_is_asked(
    revision: str | None, go_offline: Any, fake_hub: FakeHub, tmp_path: Path
) -> None:
    first = load_checkpoint(NAME, revision=revision, cache_folder=tmp_path)
    fake_hub.asked.clear()
    assert load_checkpoint(NAME, revision=revision, cache_folder=tmp_path, **go_offline()).folder == first.folder
    assert fake_hub.asked == []


def test_offline_and_not_cached_says_which(go_offline: Any, fake_hub: FakeHub, tmp_path: Path) -> None:
    arguments = go_offline()
    why = "local_files_only=True was passed" if arguments else "offline mode is on"
    with pytest.raises(HubUnreachableError, match=why):
        load_checkpoint(NAME, cache_folder=tmp_path, **arguments)
    assert fake_hub.asked == []


def test_an_interrupted_download_is_not_a_cached_model(fake_hub: FakeHub, tmp_path: Path) -> None:
    folder = load_checkpoint(NAME, cache_folder=tmp_path).folder
    (folder / "model.safetensors").unlink()
    with pytest.raises(HubUnreachableError, match="no complete copy"):
        load_checkpoint(NAME, cache_folder=tmp_path, local_files_only=True)
    assert load_checkpoint(NAME, cache_folder=tmp_path).weights == (folder / "model.safetensors",)


def test_large_files_of_the_cache_are_known_by_their_names(tmp_path: Path) -> None:
    from crossjudge.models.integrity import file_hash

    digest = hashlib.sha256(b"weights").hexdigest()
    blob = tmp_path / "blobs" / digest
    blob.parent.mkdir()
    blob.write_bytes(b"weights")
    (tmp_path / "model.safetensors").symlink_to(blob)
    assert file_hash(tmp_path / "model.safetensors") == digest
