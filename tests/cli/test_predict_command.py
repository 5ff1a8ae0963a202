"""`crossjudge predict`: the numbers of `CrossEncoder.predict`, by label."""

import numpy as np
import pytest
from command_line import crossjudge, in_new_process, write

from crossjudge import CrossEncoder
from crossjudge.cli.inputs import Source
from crossjudge.cli.scores import score_task
from crossjudge.types import Pair

PAIRS = [("a", "b"), ("a", "c d e")]


@pytest.fixture(scope="module")
def encoder() -> CrossEncoder:
    return CrossEncoder(backend="fake")


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ((), {}),
        (("--apply-softmax",), {"apply_softmax": True}),
        (("--activation", "sigmoid"), {"activation_fn": "sigmoid"}),
        (("--batch-size", "1"), {"batch_size": 1}),
    ],
)
def test_scores_are_those_of_the_library_by_label(encoder, words, settings):
    answer = crossjudge("predict", "a", "b", "c d e", "--json", *words)
    expected = encoder.predict(PAIRS, **settings)
    assert answer.code == 0
    assert [list(row["scores"]) for row in answer.rows] == [list(encoder.labels)] * 2
    np.testing.assert_array_equal([list(row["scores"].values()) for row in answer.rows], expected)


def test_a_model_of_one_label_has_one_score():
    encoder = CrossEncoder(backend="fake", num_labels=1)
    task = score_task(encoder, apply_softmax=False, batch_size=None)
    rows = [task.fields(one) for one in task.work([Pair(*pair) for pair in PAIRS], lambda *_: None)]
    assert [row.keys() for row in rows] == [{"score"}] * 2
    np.testing.assert_array_equal([row["score"] for row in rows], encoder.predict(PAIRS))
    assert task.columns == {"score": float}
    assert task.table(Source(items=()))


def test_bad_rows_and_good_rows(tmp_path):
    path = write(tmp_path / "pairs.csv", "query,document", "a,b", "a", "a,c")
    answer = crossjudge("predict", path, "--json")
    assert answer.code == 2
    assert [sorted(row) for row in answer.rows] == [
        ["id", "line", "scores"],
        ["error", "id", "line"],
        ["id", "line", "scores"],
    ]


def test_the_table_marks_the_highest_score():
    answer = crossjudge("predict", "a", "b")
    (row,) = crossjudge("predict", "a", "b", "--json").rows
    assert f"> {max(row['scores'].values()):.4f}" in answer.out
    assert answer.out.count("> ") == 1


def test_a_head_that_the_model_lacks_is_exit_code_2():
    assert crossjudge("predict", "a", "b", "--head", "nonsense").code == 2


def test_what_was_cut_is_said_in_one_line_unless_quiet():
    words = ("predict", "--backend", "fake", "word " * 3000, "b", "--json")
    said = in_new_process(*words).err
    assert said.startswith("crossjudge: warning: 1 pair(s) are longer")
    assert len(said.splitlines()) == 1
    assert in_new_process(*words, "--quiet").err == ""
