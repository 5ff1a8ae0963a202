"""`crossjudge adapt`: exit code 0 and a folder, or 1 and the figures that show why there is none."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from command_line import crossjudge, write

from crossjudge import Judge
from crossjudge.cli.adapting import parse_labels
from crossjudge.errors import InputError

SHOPS = ("bakery", "library", "museum", "pharmacy", "garage", "cinema", "market", "office", "pool", "school")
CLAIMS = ("The {shop} closes at {hour}.", "The {shop} never closes.", "The {shop} is owned by a doctor.")
PAIRS = [
    (f"The {shop} closes at {hour}.", claim.format(shop=shop, hour=hour))
    for shop in SHOPS
    for hour in ("six", "seven", "eight", "nine")
    for claim in CLAIMS
]


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the embedded model says of `PAIRS`."""
    return [verdict.label for verdict in Judge().batch(PAIRS)]


def labelled(path: Path, labels: list[str]) -> Path:
    rows = [f"{a},{b},{label}" for (a, b), label in zip(PAIRS, labels, strict=True)]
    return write(path, "text_a,text_b,gold", *rows)


# What it is taught is another meaning of the labels, and a judge says so.
@pytest.mark.filterwarnings("ignore::crossjudge.label_probe.LabelOrderWarning")
def test_what_is_better_is_a_folder_that_judges_so(said: list[str], tmp_path: Path) -> None:
    own = {"entailment": "refused", "contradiction": "open", "neutral": "open"}
    path = labelled(tmp_path / "own.csv", [own[label] for label in said])
    meant = ("--labels", "refused=contradiction,open=entailment+neutral", "--label-column", "gold")
    answer = crossjudge("adapt", path, "--out", tmp_path / "out", *meant)
    assert answer.code == 0, answer.out + answer.err
    for word in ("before:", "after:", "gain:", "better: more decisions are right", f"saved: {tmp_path / 'out'}"):
        assert word in answer.out
    now = [verdict.label == "contradiction" for verdict in Judge(tmp_path / "out").batch(PAIRS)]
    right = [one == (own[label] == "refused") for one, label in zip(now, said, strict=True)]
    assert sum(right) > 0.9 * len(right)


def test_what_is_not_better_is_exit_code_1_and_no_folder(tmp_path: Path) -> None:
    random = Random(1)
    as_probable = [
        random.choices([*one.probabilities], [*one.probabilities.values()])[0] for one in Judge().batch(PAIRS)
    ]
    path = labelled(tmp_path / "same.csv", as_probable)
    answer = crossjudge("adapt", path, "--out", tmp_path / "out", "--label-column", "gold", "--json")
    assert answer.code == 1
    assert "nothing was saved" in answer.err
    (row,) = answer.rows
    assert (row["better"], row["folder"]) == (False, None)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pairs.csv"], "at least 100 are needed"),
        (["pairs.csv", "--labels", "yes"], "expected THEIRS=OURS"),
        (["pairs.csv", "--label-column", "gold"], "no label in the field 'gold'"),
        (["nothing.csv"], "nothing.csv"),
        (["pairs.csv", "--objective", "taste"], "taste"),
    ],
)
def test_bad_usage_is_exit_code_2_and_one_message(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "pairs.csv", "text_a,text_b,label", "a,b,neutral", "a,c,entailment")
    answer = crossjudge("adapt", *words, "--out", "out")
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert not (tmp_path / "out").exists()


def test_labels_are_parsed_one_to_several() -> None:
    assert parse_labels("yes=entailment, no=contradiction+neutral") == {
        "yes": ("entailment",),
        "no": ("contradiction", "neutral"),
    }
    for text in ("yes=a,yes=b", "=a", "yes=a+"):
        with pytest.raises(InputError, match="--labels"):
            parse_labels(text)
