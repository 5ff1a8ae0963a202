"""A mixture: the sets it names and no others, as they will be named on a card."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossjudge.errors import FileRowError, InputError
from crossjudge.training import Mixture
from crossjudge.training.decontamination import pair_hash
from crossjudge.training.mixture import terms
from crossjudge.training.tag_hypotheses import NO_TOPIC, TEMPLATES
from tiny_sets import nli_rows, write_rows

SHIPPED = Path(__file__).parents[2] / "src/crossjudge/training/mixtures"


def written(folder: Path, text: str) -> Path:
    path = folder / "mixture.toml"
    path.write_text(text)
    return path


def test_a_mixture_reads_every_row_of_its_sets(data: Path, mixture: Path) -> None:
    examples = Mixture.from_toml(mixture).rows(folder=data)
    assert [(one.text_a, one.text_b, one.golds["nli"]) for one in examples] == [
        (row["premise"], row["hypothesis"], row["label"]) for row in nli_rows(60)
    ]
    assert {one.source for one in examples} == {"snli"}


def test_equal_pairs_are_taken_once_and_the_first_wins(data: Path, tmp_path: Path) -> None:
    rows = nli_rows(9)
    shouted = {"premise": rows[0]["premise"].upper(), "hypothesis": rows[0]["hypothesis"] + "!!", "label": "neutral"}
    write_rows(data / "nli" / "mnli.train.jsonl.gz", [shouted, *nli_rows(6, seed=9)])
    write_rows(data / "nli" / "snli.train.jsonl.gz", [*rows, *rows])
    path = written(tmp_path, '[[set]]\nname = "snli"\n[[set]]\nname = "mnli"\n')
    examples = Mixture.from_toml(path).rows(folder=data)
    assert [one.source for one in examples].count("snli") == 9
    assert examples[0].golds["nli"] == rows[0]["label"]
    assert shouted["premise"] not in {one.text_a for one in examples}


def test_excluded_hashes_are_left_out_in_whichever_order_the_pair_was_written(data: Path, mixture: Path) -> None:
    everything = Mixture.from_toml(mixture).rows(folder=data)
    gone = everything[7]
    kept = Mixture.from_toml(mixture).rows(folder=data, exclude=frozenset({pair_hash(gone.text_b, gone.text_a)}))
    assert kept == everything[:7] + everything[8:]


def test_labels_are_renamed_as_the_set_is_told(data: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[[set]]\nname = "snli"\nlabels = { neutral = "not_entailment" }\n')
    golds = [one.golds["nli"] for one in Mixture.from_toml(path).rows(folder=data)]
    assert golds == [row["label"].replace("neutral", "not_entailment") for row in nli_rows(60)]


def test_only_the_gold_of_the_heads_that_are_named_is_kept(tmp_path: Path) -> None:
    made = '[[set]]\nname = "hedging"\nrecipe = "made"\nlimit = 60\n'
    everything = Mixture.from_toml(written(tmp_path, made)).rows()
    assert {head for row in everything for head in row.golds} > {"nli", "duplicate"}
    kept = Mixture.from_toml(written(tmp_path, f'heads = ["nli"]\n{made}')).rows()
    assert [(row.text_a, row.text_b, dict(row.golds)) for row in kept] == [
        (row.text_a, row.text_b, {"nli": row.golds["nli"]}) for row in everything if "nli" in row.golds
    ]


def test_a_limit_draws_by_the_seed_alone(data: Path, tmp_path: Path) -> None:
    def drawn(seed: int) -> list[str]:
        path = written(tmp_path, f'seed = {seed}\n[[set]]\nname = "snli"\nlimit = 20\n')
        return [one.text_a + one.text_b for one in Mixture.from_toml(path).rows(folder=data)]

    assert len(drawn(1)) == 20
    assert drawn(1) == drawn(1) != drawn(2)


def test_a_file_of_ones_own_is_a_set(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("premise,hypothesis,label\nIt rains.,It is wet.,entailment\n")
    text = '{ships}\n[[set]]\nname = "mine"\npath = "mine.csv"\n{licence}'
    mixture = Mixture.from_toml(written(tmp_path, text.format(ships="", licence="")))
    (example,) = mixture.rows()
    assert (example.text_a, example.text_b, example.golds, example.source) == (
        "It rains.",
        "It is wet.",
        {"nli": "entailment"},
        "mine",
    )
    with pytest.raises(InputError, match=r"'mine' \(no licence stated\) may not reach shipped weights"):
        Mixture.from_toml(written(tmp_path, text.format(ships="ships = true", licence="")))
    Mixture.from_toml(written(tmp_path, text.format(ships="ships = true", licence='licence = "CC0"')))
    (tmp_path / "mine.csv").write_text("premise,hypothesis\nIt rains.,It is wet.\n")
    with pytest.raises(FileRowError, match=r"mine\.csv line 2: field 'label': it is None"):
        Mixture.from_toml(written(tmp_path, text.format(ships="", licence=""))).rows()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[set]]\nname = "snlli"\n', "'snlli': no set has this name. Did you mean 'snli'"),
        ('ships = true\n[[set]]\nname = "anli"\n', r"'anli' \(CC BY-NC 4\.0\) may not reach shipped weights"),
        ('[[set]]\nname = "snli"\nrecipe = "soup"\n', "recipe 'soup'"),
        ('[[set]]\nname = "snli"\nlimit = 0\n', "limit 0"),
        ('[[set]]\nname = "snli"\nlimt = 5\n', "no setting 'limt'; did you mean 'limit'"),
        ('[[set]]\nsplit = "train"\n', "'name' must be set"),
        ('[[sets]]\nname = "snli"\n', "no setting 'sets'; did you mean 'set'"),
        ("set = []\n", "it names no set"),
        ("", "'set' must be set"),
        ("[[set\n", "is not valid toml"),
    ],
)
def test_a_mixture_that_cannot_be_meant_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Mixture.from_toml(written(tmp_path, text))


def test_a_mixture_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.toml cannot be read"):
        Mixture.from_toml(tmp_path / "absent.toml")


def test_a_set_that_may_not_ship_may_still_be_trained_on(tmp_path: Path) -> None:
    assert Mixture.from_toml(written(tmp_path, '[[set]]\nname = "anli"\n')).sources[0].name == "anli"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_mixtures_in_the_package_are_of_sets_that_may_ship(path: Path) -> None:
    mixture = Mixture.from_toml(path)
    assert mixture.ships
    assert all(may_ship and licence for source in mixture.sources for _, may_ship, licence in terms(source))


# Tags


@pytest.fixture
def topics(data: Path) -> Path:
    rows = [{"text": f"text {index}", "label": ("World", "Sports", "out of scope")[index % 3]} for index in range(30)]
    write_rows(data / "tagging" / "clinc150.train.jsonl.gz", rows)
    return data


def test_tags_ask_for_a_texts_own_topic_and_for_another(topics: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[[set]]\nname = "clinc150"\nrecipe = "tags"\n')
    examples = Mixture.from_toml(path).rows(folder=topics)
    asked = {template.format(topic) for template in TEMPLATES for topic in ("world", "sports")}
    assert {one.text_b for one in examples} <= asked
    own = {f"text {index}": ("world", "sports", None)[index % 3] for index in range(30)}
    for one in examples:
        topic = own[one.text_a]
        assert (one.golds["nli"] == "entailment") == (topic is not None and topic in one.text_b), one
    assert [one.golds["nli"] for one in examples].count("entailment") == 20
    assert [one.golds["nli"] for one in examples].count("not_entailment") == 30
    assert "out of scope" in NO_TOPIC


def test_tags_need_a_folder_and_two_topics(topics: Path, tmp_path: Path) -> None:
    mixture = Mixture.from_toml(written(tmp_path, '[[set]]\nname = "clinc150"\nrecipe = "tags"\n'))
    with pytest.raises(InputError, match="Name a folder that holds"):
        mixture.rows()
    write_rows(topics / "tagging" / "clinc150.train.jsonl.gz", [{"text": "a", "label": "World"}])
    with pytest.raises(InputError, match=r"1 topic\(s\); expected two or more"):
        mixture.rows(folder=topics)
    pairs = Mixture.from_toml(written(tmp_path, '[[set]]\nname = "clinc150"\n'))
    with pytest.raises(InputError, match='recipe = "tags"'):
        pairs.rows(folder=topics)
    tags = Mixture.from_toml(written(tmp_path, '[[set]]\nname = "snli"\nrecipe = "tags"\n'))
    with pytest.raises(InputError, match="expected 'tagging'"):
        tags.rows(folder=topics)
