"""A sealed bundle: the model's own numbers, and every byte accounted for."""

import json
import os
import shutil

import numpy as np
import pytest

from crossjudge import CrossEncoder
from crossjudge.errors import FingerprintError, InputError, LabelError, UnsupportedModelError
from crossjudge.models.boxed import EMBEDDED
from crossjudge.models.bundle import Contract, digest_of, read_bundle, write_bundle
from crossjudge.models.bundle_verification import verify_bundle
from crossjudge.models.manifest import write_manifest

PAIRS = [("a dog sleeps", "an animal sleeps"), ("the shop is shut", "the shop is open")]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "sealed"
    write_bundle(None, folder)
    return folder


@pytest.fixture
def copy(sealed, tmp_path):
    return shutil.copytree(sealed, tmp_path / "copy")


def problems(folder, **options):
    """Name of each file that is not as sealed."""
    found = verify_bundle(folder, backends=["onnx"], **options)
    assert found.passed == (not found.problems)
    return [one.what for one in found.problems]


def test_a_bundle_is_the_model(sealed):
    original, copied = CrossEncoder(), CrossEncoder(sealed)
    assert copied.fingerprint == original.fingerprint
    assert (copied.labels, copied.objective) == (original.labels, original.objective)
    np.testing.assert_array_equal(copied.logits(PAIRS), original.logits(PAIRS))


def test_a_bundle_proves_itself_with_every_head(sealed):
    found = verify_bundle(sealed, backends=["onnx"], digest=digest_of(sealed))
    assert found.passed
    assert {one.head for one in found.probed} == set(CrossEncoder().checkpoint.heads)
    assert json.loads(json.dumps(found.to_dict()))["passed"] is True


def test_its_calibrations_hold_for_it(sealed):
    from crossjudge import Judge

    assert Judge(sealed).calibration == Judge().calibration
    assert "calibration.json" in read_bundle(sealed).calibrations


@pytest.mark.parametrize("name", ["weights.bin", "config.json", "probe.json", "calibration.duplicate.json"])
def test_one_changed_byte_is_found_and_named(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    assert problems(copy) == [name]


def test_what_is_missing_or_added_is_named(copy):
    (copy / "tokenizer.json").unlink()
    (copy / "notes.txt").write_text("one more")
    (copy / "deeper").mkdir()
    (copy / "deeper" / "more.json").write_text("{}")
    assert problems(copy) == ["tokenizer.json", "deeper/more.json", "notes.txt"]


def test_a_link_is_refused_even_to_the_same_bytes(copy, tmp_path):
    shutil.move(copy / "judge.onnx", tmp_path / "judge.onnx")
    os.symlink(tmp_path / "judge.onnx", copy / "judge.onnx")
    assert problems(copy) == ["judge.onnx"]


def test_a_rewritten_manifest_is_seen_by_the_digest(copy, sealed):
    (copy / "README.md").write_text("another card")
    write_manifest(copy)
    assert problems(copy) == []
    assert problems(copy, digest=digest_of(sealed)) == ["manifest.json"]


def test_a_manifest_that_leads_out_of_the_folder_is_refused(copy):
    content = json.loads((copy / "manifest.json").read_text())
    content["files"]["../outside.json"] = {"bytes": 1, "sha256": "0" * 64}
    (copy / "manifest.json").write_text(json.dumps(content))
    assert problems(copy) == ["manifest.json"]


def test_a_pickle_has_no_place_even_when_it_is_listed(copy):
    (copy / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    write_manifest(copy)
    assert problems(copy) == ["pytorch_model.bin"]


def test_other_numbers_than_the_stored_ones_are_found(copy):
    content = json.loads((copy / "probe.json").read_text())
    content["logits"]["nli"][3][0] += 5
    (copy / "probe.json").write_text(json.dumps(content))
    write_manifest(copy)
    assert problems(copy) == ["onnx:int8"]


def test_a_folder_in_use_and_no_folder_are_bad_input(sealed, tmp_path):
    with pytest.raises(InputError, match="not an empty folder"):
        write_bundle(None, sealed)
    with pytest.raises(InputError, match="no such folder"):
        verify_bundle(tmp_path / "nowhere")


def test_an_ordinary_folder_is_no_bundle(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert problems(tmp_path) == ["manifest.json"]


def test_a_calibration_of_another_model_is_refused(tmp_path):
    other = tmp_path / "calibration.json"
    content = json.loads((EMBEDDED / "calibration.json").read_text())
    other.write_text(json.dumps({**content, "fingerprints": ["0:0:onnx:int8:nli"]}))
    with pytest.raises(FingerprintError, match=r"calibration\.json"):
        write_bundle(None, tmp_path / "out", calibrations={"calibration.json": other})
    assert not (tmp_path / "out").exists()


def test_labels_of_a_model_that_names_its_own_are_not_overruled(tmp_path):
    with pytest.raises(LabelError, match="Leave them out"):
        write_bundle(None, tmp_path / "out", contract=Contract(labels=("a", "b", "c")))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    pytest.importorskip("torch")
    from tiny_checkpoints import make_checkpoint

    return make_checkpoint(tmp_path_factory.mktemp("foreign") / "bert", "bert", num_labels=3)


def test_a_foreign_checkpoint_keeps_its_numbers_and_gets_its_labels(foreign, tmp_path):
    names = ("contradiction", "entailment", "neutral")
    write_bundle(foreign, tmp_path / "out", contract=Contract(labels=names, objective="nli"))
    (foreign / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    original, sealed = CrossEncoder(foreign), CrossEncoder(tmp_path / "out")
    assert (sealed.labels, sealed.objective, sealed.fingerprint) == (names, "nli", original.fingerprint)
    np.testing.assert_array_equal(sealed.logits(PAIRS), original.logits(PAIRS))
    found = verify_bundle(tmp_path / "out", backends=["onnx", "torch"])
    assert found.passed
    assert [one.engine for one in found.probed] == ["onnx:fp32", "torch:fp32"]
    with pytest.raises(LabelError, match="3 logits"):
        write_bundle(foreign, tmp_path / "other", contract=Contract(labels=("a", "b")))


def test_what_may_run_code_is_not_sealed(tmp_path):
    from crossjudge.models.bundle import seal

    shutil.copytree(EMBEDDED, tmp_path / "model")
    (tmp_path / "model" / "modeling.py").write_text("print('ran')")
    with pytest.raises(UnsupportedModelError, match=r"modeling\.py|evaluation_hashes"):
        seal(tmp_path / "model", name="embedded")
