"""A one-way folder whose config says how sure an exit must be: every engine of graphs stops there, PyTorch reads on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("openvino")

from crossjudge import CrossEncoder
from crossjudge.backends.exits import confidence
from crossjudge.errors import CorruptFileError
from crossjudge.models.boxed import EMBEDDED
from crossjudge.models.escalation import fit_exits
from crossjudge.models.manifest import write_manifest
from crossjudge.models.one_way_export import export_one_way
from crossjudge.models.one_way_folder import save_exit_thresholds
from crossjudge.types import FloatArray
from tiny_one_way import one_way_encoder

PREMISE = "The committee approved the budget on Tuesday, and the boats were gone by the evening, said a man on a horse."
WORDS = PREMISE.split()


def sentences(n: int, seed: int) -> list[str]:
    random = Random(seed)
    return [" ".join(random.choices(WORDS, k=random.randint(1, 12))) for _ in range(n)]


PAIRS = [*zip(sentences(40, 1), sentences(40, 2), strict=True), *((PREMISE, text) for text in sentences(20, 3))]
FP32_ENGINES = ("onnx", "openvino")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What training leaves of a network of 3 layers with exits after 1 and 2."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copy(EMBEDDED / "tokenizer.json", folder)
    vocab_size = json.loads((EMBEDDED / "config.json").read_text())["vocab_size"]
    encoder = one_way_encoder(vocab_size=vocab_size, exits=(1, 2))
    encoder.save(folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "one_way", **encoder.config.to_dict()}))
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return export_one_way(trained, tmp_path / "fp32", precision="fp32")


def logits_of(folder: Path, thresholds: Sequence[float], pairs: Any = PAIRS, **options: Any) -> FloatArray:
    save_exit_thresholds(folder, {"nli": thresholds} if thresholds else {})
    logits: FloatArray = CrossEncoder(folder, **options).logits(pairs)
    return logits


def depths_of(folder: Path, **options: Any) -> list[FloatArray]:
    """What either exit and the full depth say, first to last."""
    return [logits_of(folder, one, **options) for one in ((0, 0), (inf, 0), (inf, inf))]


@pytest.mark.parametrize("backend", FP32_ENGINES)
def test_fitted_thresholds_keep_the_decisions_of_the_full_depth(folder: Path, backend: str) -> None:
    whole = logits_of(folder, (), backend=backend)
    np.testing.assert_allclose(whole, logits_of(folder, (), backend="torch"), rtol=0, atol=1e-4)
    *exits, full = depths_of(folder, backend=backend)
    np.testing.assert_allclose(full, whole, rtol=0, atol=1e-4)
    assert all(np.abs(logits - full).max() > 0.1 for logits in exits)
    thresholds = fit_exits(exits, full, agreement=0.9, confidence_level=None)
    answers = logits_of(folder, thresholds, backend=backend)
    assert (answers.argmax(axis=1) == full.argmax(axis=1)).mean() >= 0.9
    stopped = [np.isclose(answers, one, rtol=0, atol=1e-4).all(axis=1).sum() for one in (*exits, full)]
    assert sum(stopped) >= len(PAIRS)
    assert sum(stopped[:2]) >= 3, "some are sure early"


def test_engines_stop_alike(folder: Path) -> None:
    one, other = (logits_of(folder, (0.9, 0.8), backend=backend) for backend in FP32_ENGINES)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)


def test_in_int8_no_bit_of_a_pairs_logits_depends_on_its_company(trained: Path, tmp_path: Path) -> None:
    folder = export_one_way(trained, tmp_path / "int8", precision="int8")
    depths = depths_of(folder)
    np.testing.assert_array_equal(depths[-1], logits_of(folder, ()))
    save_exit_thresholds(folder, {"nli": [float(np.quantile(confidence(one), 0.6)) for one in depths[:-1]]})
    model = CrossEncoder(folder)
    together = model.logits(PAIRS)
    stopped = [(together == logits).all(axis=1) for logits in depths]
    assert min(one.sum() for one in stopped) >= 3, "every depth answers some"
    assert np.logical_or.reduce(stopped).all(), "each pair's logits are those of one depth, to the last bit"
    np.testing.assert_array_equal(np.concatenate([model.logits([pair]) for pair in PAIRS]), together)
    assert model.premise_cache is not None
    assert model.premise_cache.hits > 0


def test_a_model_says_that_it_stops_early_and_pytorch_that_it_does_not(folder: Path) -> None:
    plain = CrossEncoder(folder)
    save_exit_thresholds(folder, {"nli": (0.9, 0.8)})
    early, torch = CrossEncoder(folder), CrossEncoder(folder, backend="torch")
    assert (plain.precision, early.precision, torch.precision) == ("fp32", "fp32+exits(0.9,0.8)", "fp32")
    assert early.fingerprint == plain.fingerprint.replace("fp32", "fp32+exits(0.9,0.8)")
    save_exit_thresholds(folder, {})
    assert CrossEncoder(folder).fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    "thresholds", [{"nli": [0.9]}, {"nli": [0.9, -0.1]}, {"nli": [0.9, None]}, {"other": [0.9, 0.9]}, [0.9, 0.9], 0.9]
)
def test_thresholds_that_do_not_fit_the_exits_are_refused(folder: Path, thresholds: Any) -> None:
    content = json.loads((folder / "config.json").read_text())
    content["crossjudge"]["exit_thresholds"] = thresholds
    (folder / "config.json").write_text(json.dumps(content))
    write_manifest(folder)
    with pytest.raises(CorruptFileError, match=r"heads \(nli\).*every exit \(after the layers \[1, 2\]\)"):
        CrossEncoder(folder)


def test_a_refused_threshold_leaves_the_folder_as_it_was(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(CorruptFileError, match="exit_thresholds"):
        save_exit_thresholds(folder, {"nli": (0.9,)})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_without_the_pieces_is_exported_again(folder: Path, tmp_path: Path) -> None:
    save_exit_thresholds(folder, {"nli": (0.9, 0.8)})
    bare = Path(shutil.copytree(folder, tmp_path / "bare"))
    content = json.loads((bare / "config.json").read_text())
    del content["crossjudge"]["graphs"]["judge_1"]
    (bare / "config.json").write_text(json.dumps(content))
    write_manifest(bare)
    with pytest.raises(CorruptFileError, match="no graph judge_1"):
        CrossEncoder(bare)
