"""`crossjudge export`: a folder that the other commands can use without torch."""

import pytest
from command_line import crossjudge, in_new_process

from crossjudge import CrossEncoder
from crossjudge.models.loaded import EMBEDDED


def test_what_cannot_be_exported_is_exit_code_2(tmp_path):
    for model in (EMBEDDED, "./no-such-folder"):
        answer = crossjudge("export", model, tmp_path / "out")
        assert (answer.code, answer.out) == (2, "")
        assert not (tmp_path / "out").exists()


def test_both_arguments_are_needed():
    assert crossjudge("export").code == 2
    assert crossjudge("export", "model").code == 2
    assert crossjudge("export", "model", "out", "--precision", "int3").code == 2


@pytest.mark.full
def test_an_exported_folder_predicts_like_its_checkpoint(tmp_path):
    pytest.importorskip("torch")
    from tiny_checkpoints import make_checkpoint

    source = tmp_path / "source"
    make_checkpoint(source, "bert", num_labels=1)
    answer = crossjudge("export", source, tmp_path / "out", "--json", "--quiet")
    assert answer.code == 0
    assert answer.rows[0]["folder"] == str(tmp_path / "out")
    exported = in_new_process("predict", "--model", tmp_path / "out", "a dog", "a cat", "--json")
    (score,) = CrossEncoder(source, backend="torch").predict([("a dog", "a cat")])
    assert exported.rows[0]["score"] == pytest.approx(float(score), abs=1e-4)
