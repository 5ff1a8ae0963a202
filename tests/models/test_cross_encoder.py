"""`CrossEncoder` gives sentence-transformers' numbers for its words, and never a wrong number for bad input."""

from __future__ import annotations

import functools
import random
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from sentence_transformers import CrossEncoder as Reference

from crossjudge import CrossEncoder
from crossjudge.errors import BackendError, InputError, NonFiniteLogitsError, PairError
from crossjudge.models import cross_encoder
from crossjudge.models.truncation import TruncationWarning
from crossjudge.types import Pair
from tiny_checkpoints import ARCHITECTURES, edit_json, make_checkpoint, random_pairs

pytestmark = pytest.mark.filterwarnings("ignore::crossjudge.models.truncation.TruncationWarning")

PAIRS = [(pair.text_a, pair.text_b) for pair in random_pairs(200, seed=11)]
FEW = PAIRS[:12]
BATCH_SIZES = (1, 2, 7, 32, None)
FAST_GRAPHS = {"onnx": ("bert", "xlm-roberta"), "openvino": ("bert",)}
TORCH_LIMIT, ONNX_LIMIT = 1e-5, 1e-4

QUERY = "How many people live in Berlin?"
PASSAGES = [
    "Berlin had a population of 3,520,031 in 2019.",
    "An old dog sleeps under the table, and a cat watches the window.",
    "Two children are playing with a red ball.",
    "Water boils at 100 degrees when the pressure is one atmosphere.",
    "Two children are playing with a red ball.",
    "",
    "The contract ends in March unless both parties agree to renew it.",
]

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Checkpoints that are built once for each set of arguments; tests that edit one build their own."""
    root = tmp_path_factory.mktemp("checkpoints")

    @functools.cache
    def made(architecture: str, **settings: Any) -> Path:
        return make_checkpoint(root / f"{architecture}-{len(list(root.iterdir()))}", architecture, **settings)

    return made


def reference_of(folder: Path, **settings: Any) -> Any:
    return Reference(str(folder), device="cpu", **settings)


def reference_logits(folder: Path, pairs: list[tuple[str, str]]) -> np.ndarray[Any, Any]:
    logits = reference_of(folder).predict(pairs, activation_fn=torch.nn.Identity())
    return np.asarray(logits).reshape(len(pairs), -1)


# The reference's numbers


def assert_same_in_any_batch_and_order(model: CrossEncoder, expected: np.ndarray[Any, Any], limit: float) -> None:
    assert expected.std(axis=0).min() > 0.1, "the checkpoint tells no pair from another; the comparison is empty"
    order = random.Random(3).sample(range(len(PAIRS)), len(PAIRS))
    shuffled = [PAIRS[row] for row in order]
    for batch_size in BATCH_SIZES:
        logits = model.logits(PAIRS, batch_size=batch_size)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, expected, rtol=0, atol=limit)
        np.testing.assert_allclose(model.logits(shuffled, batch_size=batch_size), expected[order], rtol=0, atol=limit)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_torch_gives_the_references_logits(make: Make, architecture: str) -> None:
    folder = make(architecture)
    model = CrossEncoder(folder, backend="torch", device="cpu")
    assert_same_in_any_batch_and_order(model, reference_logits(folder, PAIRS), TORCH_LIMIT)
    assert model.truncated_pairs > 50


@pytest.mark.parametrize(
    ("backend", "architecture"),
    [
        pytest.param(backend, name, marks=() if name in fast else pytest.mark.full)
        for backend, fast in FAST_GRAPHS.items()
        for name in ARCHITECTURES
    ],
)
def test_graphs_give_the_references_logits(make: Make, backend: str, architecture: str) -> None:
    folder = make(architecture)
    model = CrossEncoder(folder, backend=backend)
    assert_same_in_any_batch_and_order(model, reference_logits(folder, PAIRS), ONNX_LIMIT)


@pytest.mark.parametrize("num_labels", [1, 2, 5])
def test_the_number_of_labels_is_the_checkpoints(make: Make, num_labels: int) -> None:
    folder = make("electra", num_labels=num_labels)
    model, reference = CrossEncoder(folder, backend="torch"), reference_of(folder)
    assert model.num_labels == reference.num_labels == num_labels
    scores = model.predict(FEW)
    assert scores.shape == ((12,) if num_labels == 1 else (12, num_labels))
    np.testing.assert_allclose(scores, reference.predict(FEW), rtol=0, atol=TORCH_LIMIT)
    with pytest.raises(Exception, match="num_labels=7"):
        CrossEncoder(folder, backend="torch", num_labels=7)


LAYOUTS = {
    "hf": (None,),
    "sentence_transformers": (None, "sigmoid", "identity", "softmax", "tanh"),
    "sentence_transformers_4": ("sigmoid", "identity", "tanh"),
    "sentence_transformers_2": ("sigmoid", "identity", "softmax"),
}


@pytest.mark.parametrize("num_labels", [1, 3])
@pytest.mark.parametrize(("layout", "activation"), [(name, one) for name, ones in LAYOUTS.items() for one in ones])
@pytest.mark.filterwarnings("ignore:Implicit dimension choice for softmax:UserWarning")
def test_the_saved_activation_is_applied(make: Make, layout: str, activation: str | None, num_labels: int) -> None:
    folder = make("bert", layout=layout, activation=activation, num_labels=num_labels)
    model, reference = CrossEncoder(folder, backend="torch"), reference_of(folder)
    np.testing.assert_allclose(model.predict(FEW), reference.predict(FEW), rtol=0, atol=TORCH_LIMIT)
    np.testing.assert_allclose(model.logits(FEW), reference_logits(folder, FEW), rtol=0, atol=TORCH_LIMIT)


@pytest.mark.parametrize("max_length", [6, 20, 64])
@pytest.mark.parametrize("architecture", ["bert", "roberta", "modernbert"])
def test_max_length_is_the_callers(make: Make, architecture: str, max_length: int) -> None:
    folder = make(architecture)
    model, reference = (
        CrossEncoder(folder, backend="torch", max_length=max_length),
        reference_of(folder, max_length=max_length),
    )
    assert model.max_length == max_length
    np.testing.assert_allclose(model.predict(FEW), reference.predict(FEW), rtol=0, atol=TORCH_LIMIT)


def test_max_length_is_the_saved_one_unless_the_caller_says_otherwise(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "short", "bert", layout="sentence_transformers")
    edit_json(folder / "tokenizer_config.json", model_max_length=24)
    model = CrossEncoder(folder, backend="torch")
    assert model.max_length == 24
    np.testing.assert_allclose(model.predict(FEW), reference_of(folder).predict(FEW), rtol=0, atol=TORCH_LIMIT)


def test_a_saved_prompt_is_put_before_the_first_text(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "prompted", "bert", layout="sentence_transformers", num_labels=1)
    plain = CrossEncoder(folder, backend="torch").predict(FEW)
    edit_json(
        folder / "config_sentence_transformers.json",
        prompts={"query": "the water: ", "": ""},
        default_prompt_name="query",
    )
    model, reference = CrossEncoder(folder, backend="torch"), reference_of(folder)
    np.testing.assert_allclose(model.predict(FEW), reference.predict(FEW), rtol=0, atol=TORCH_LIMIT)
    np.testing.assert_allclose(model.predict(FEW, prompt=""), plain, rtol=0, atol=TORCH_LIMIT)
    assert np.abs(model.predict(FEW) - plain).max() > 1e-3
    assert_same_ranking(model.rank(QUERY, PASSAGES, prompt="a dog "), reference.rank(QUERY, PASSAGES, prompt="a dog "))


@pytest.mark.parametrize("architecture", ["roberta", "xlm-roberta", "deberta-v3", "bert"])
def test_texts_are_lower_cased_where_the_checkpoint_says_so(tmp_path: Path, architecture: str) -> None:
    folder = make_checkpoint(tmp_path / "lower", architecture, layout="sentence_transformers")
    cased = [("The RED Ball [SEP] ΟΔΟΣ <mask>", "İstanbul <s> GARDEN"), *FEW]
    before = CrossEncoder(folder, backend="torch").logits(cased)
    edit_json(folder / "sentence_bert_config.json", do_lower_case=True)
    after = CrossEncoder(folder, backend="torch").logits(cased)
    np.testing.assert_allclose(after, reference_logits(folder, cased), rtol=0, atol=TORCH_LIMIT)
    assert architecture == "bert" or np.abs(after - before).max() > 1e-3


# The reference's words

CALLS: dict[str, Callable[[Any], Any]] = {
    "lists": lambda model: model.predict([["My first", "sentence pair"], ["Second text", "pair"]]),
    "tuples": lambda model: model.predict([(QUERY, passage) for passage in PASSAGES]),
    "inputs=": lambda model: model.predict(inputs=FEW),
    "sentences=": lambda model: model.predict(sentences=FEW),
    "batch_size=": lambda model: model.predict(FEW, batch_size=5, show_progress_bar=False),
    "num_workers=": lambda model: model.predict(FEW, num_workers=0),
    "device=None": lambda model: model.predict(FEW, device=None, pool=None, chunk_size=None, prompt_name=None),
    "one pair": lambda model: model.predict(("a red ball", "two children")),
    "one pair in a list": lambda model: model.predict([("a red ball", "two children")]),
    "one pair as an array": lambda model: model.predict(np.array(["a red ball", "two children"])),
    "one pair as a tensor": lambda model: model.predict(["a red ball", "two children"], convert_to_tensor=True),
    "one pair, unconverted": lambda model: model.predict(["a red ball", "two children"], convert_to_numpy=False),
    "an array": lambda model: model.predict(np.array(FEW)),
    "an array of objects": lambda model: model.predict(np.array(FEW, dtype=object)),
    "a column": lambda model: model.predict(Dataset.from_dict({"pair": [list(pair) for pair in FEW]})["pair"]),
    "a tensor": lambda model: model.predict(FEW, convert_to_tensor=True),
    "unconverted": lambda model: model.predict(FEW, convert_to_numpy=False),
    "both flags": lambda model: model.predict(FEW, convert_to_numpy=True, convert_to_tensor=True),
    "neither flag": lambda model: model.predict(FEW, convert_to_numpy=False, convert_to_tensor=False),
    "apply_softmax": lambda model: model.predict(FEW, apply_softmax=True),
    "apply_softmax=None": lambda model: model.predict(FEW, apply_softmax=None),
    "softmax of one pair": lambda model: model.predict(("a red ball", "two children"), apply_softmax=True),
    "a torch module": lambda model: model.predict(FEW, activation_fn=torch.nn.Tanh()),
    "a torch function": lambda model: model.predict(FEW, activation_fn=torch.sigmoid),
    "activation_fct=": lambda model: model.predict(FEW, activation_fct=torch.nn.Sigmoid()),
    "a lambda": lambda model: model.predict(FEW, activation_fn=lambda logits: logits.sigmoid() * 2),
    "prompt=": lambda model: model.predict(FEW, prompt="the boats "),
    "no pairs at all, as a tensor": lambda model: len(model.predict([], convert_to_tensor=True)),
    "no pairs at all": lambda model: len(model.predict([])),
}

RANKINGS: dict[str, Callable[[Any], Any]] = {
    "rank": lambda model: model.rank(QUERY, PASSAGES),
    "rank by keyword": lambda model: model.rank(query=QUERY, documents=PASSAGES),
    "rank, positional top_k": lambda model: model.rank(QUERY, PASSAGES, 3),
    "rank, positional return_documents": lambda model: model.rank(QUERY, PASSAGES, None, True),
    "rank, top_k": lambda model: model.rank(QUERY, PASSAGES, return_documents=True, top_k=3),
    "rank, top_k beyond the end": lambda model: model.rank(QUERY, PASSAGES, top_k=99),
    "rank, top_k of nothing": lambda model: model.rank(QUERY, PASSAGES, top_k=0),
    "rank, batch_size": lambda model: model.rank(QUERY, PASSAGES, batch_size=2, show_progress_bar=False),
    "rank, activation_fn": lambda model: model.rank(QUERY, PASSAGES, activation_fn=torch.nn.Identity()),
    "rank, activation_fct": lambda model: model.rank(QUERY, PASSAGES, activation_fct=torch.nn.Tanh()),
    "rank, downwards": lambda model: model.rank(QUERY, PASSAGES, activation_fn=lambda logits: -logits),
    "rank, old flags": lambda model: model.rank(
        QUERY, PASSAGES, apply_softmax=True, convert_to_numpy=False, convert_to_tensor=True, num_workers=2
    ),
    "rank an array": lambda model: model.rank(QUERY, np.array(PASSAGES)),
    "rank a column": lambda model: model.rank(QUERY, Dataset.from_dict({"text": PASSAGES})["text"]),
    "rank one": lambda model: model.rank(QUERY, PASSAGES[:1]),
    "rank none": lambda model: model.rank(QUERY, []),
}


@pytest.fixture(scope="module", params=["torch", "onnx"])
def both(request: pytest.FixtureRequest, make: Make) -> Callable[[int], tuple[CrossEncoder, Any]]:
    """Ours on a backend and the reference, on the same weights, with so many labels."""

    @functools.cache
    def opened(num_labels: int) -> tuple[CrossEncoder, Any]:
        folder = make("bert", num_labels=num_labels)
        return CrossEncoder(folder, backend=request.param), reference_of(folder)

    return opened


Both = Callable[[int], tuple[CrossEncoder, Any]]


def as_array(scores: Any) -> np.ndarray[Any, Any]:
    return np.array([np.asarray(one) for one in scores]) if isinstance(scores, list) else np.asarray(scores)


@pytest.mark.parametrize("num_labels", [1, 3])
@pytest.mark.parametrize("call", CALLS)
def test_every_way_to_call_predict_gives_the_references_answer(both: Both, call: str, num_labels: int) -> None:
    model, reference = both(num_labels)
    ours, theirs = CALLS[call](model), CALLS[call](reference)
    assert type(ours) is type(theirs)
    assert as_array(ours).shape == as_array(theirs).shape
    if isinstance(theirs, list):
        assert [type(one) for one in ours] == [type(one) for one in theirs]
    np.testing.assert_allclose(as_array(ours), as_array(theirs), rtol=0, atol=ONNX_LIMIT)


@pytest.mark.parametrize("call", RANKINGS)
def test_every_way_to_call_rank_gives_the_references_answer(both: Both, call: str) -> None:
    model, reference = both(1)
    ours, theirs = RANKINGS[call](model), RANKINGS[call](reference)
    assert_same_ranking(ours, theirs)
    assert all(type(row["score"]) is float and type(row["corpus_id"]) is int for row in ours)


def assert_same_ranking(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """The same rows in the same order; the reference tells documents of equal text apart by rounding alone."""
    first = {document: PASSAGES.index(document) for document in PASSAGES}
    comparable = [
        [{**row, "corpus_id": first[PASSAGES[row["corpus_id"]]], "score": None} for row in rows]
        for rows in (ours, theirs)
    ]
    assert comparable[0] == comparable[1]
    scores = [[row["score"] for row in rows] for rows in (ours, theirs)]
    np.testing.assert_allclose(scores[0], scores[1], rtol=0, atol=ONNX_LIMIT)


def test_equal_documents_keep_their_order(both: Both) -> None:
    model, _ = both(1)
    documents = [*PASSAGES[:3], *PASSAGES[:3], *PASSAGES[:3]]
    ranked = [row["corpus_id"] for row in model.rank(QUERY, documents)]
    assert sorted(ranked) == list(range(9))
    assert all(ranked[start : start + 3] == sorted(ranked[start : start + 3]) for start in (0, 3, 6))
    assert all(len({row % 3 for row in ranked[start : start + 3]}) == 1 for start in (0, 3, 6))


def test_batch_size_may_be_the_second_argument_as_in_older_versions(both: Both) -> None:
    model, _ = both(1)
    np.testing.assert_array_equal(model.predict(FEW, 12), model.predict(FEW, batch_size=12))
    assert model.rank(QUERY, PASSAGES, None, False, 3) == model.rank(QUERY, PASSAGES, batch_size=3)


@pytest.mark.parametrize("name", ["sigmoid", "softmax", "identity", "tanh", "relu"])
def test_an_activation_may_be_named(both: Both, name: str) -> None:
    model, _ = both(3)
    logits = torch.from_numpy(model.logits(FEW))
    expected = torch.softmax(logits, 1) if name == "softmax" else logits
    expected = getattr(torch, name)(logits) if name in ("sigmoid", "tanh", "relu") else expected
    np.testing.assert_allclose(model.predict(FEW, activation_fn=name), expected, rtol=0, atol=1e-6)


def test_an_activation_may_be_a_numpy_function(both: Both) -> None:
    model, _ = both(3)
    np.testing.assert_allclose(model.predict(FEW, activation_fn=np.arctan), np.arctan(model.logits(FEW)), atol=1e-6)
    best = model.predict(FEW, activation_fn=lambda logits: logits.max(axis=1))
    np.testing.assert_array_equal(best, model.logits(FEW).max(axis=1))


def test_an_activation_that_works_in_place_spoils_nothing(both: Both) -> None:
    model, _ = both(1)

    def saturate(logits: Any) -> Any:
        logits[:] = 1
        return logits

    ranked = model.rank(QUERY, PASSAGES, activation_fn=saturate)
    assert [row["corpus_id"] for row in ranked] == [row["corpus_id"] for row in model.rank(QUERY, PASSAGES)]


def test_equal_scores_of_a_saturated_activation_are_ordered_by_logit(both: Both) -> None:
    model, _ = both(1)
    flat = model.rank(QUERY, PASSAGES, activation_fn=np.ones_like)
    assert {row["score"] for row in flat} == {1.0}
    assert [row["corpus_id"] for row in flat] == [row["corpus_id"] for row in model.rank(QUERY, PASSAGES)]


def test_the_activation_may_be_changed_on_the_model(make: Make) -> None:
    folder = make("bert", num_labels=1)
    model, reference = CrossEncoder(folder, backend="torch"), reference_of(folder)
    for one in (model, reference):
        one.activation_fn = torch.nn.Identity()
    np.testing.assert_allclose(model.predict(FEW), reference.predict(FEW), rtol=0, atol=TORCH_LIMIT)


INITS: dict[str, dict[str, Any]] = {
    "activation_fn": {"activation_fn": torch.nn.Identity()},
    "default_activation_function": {"default_activation_function": torch.nn.Tanh()},
    "max_length": {"max_length": 16},
    "tokenizer_kwargs": {"tokenizer_kwargs": {"model_max_length": 16}},
    "processor_kwargs": {"processor_kwargs": {"model_max_length": 16}},
    "num_labels": {"num_labels": 1},
    "config_kwargs": {"config_kwargs": {"num_labels": 1}},
    "torch_dtype": {"model_kwargs": {"torch_dtype": "float32"}},
    "dtype": {"model_kwargs": {"dtype": torch.float32, "attn_implementation": "eager"}},
    "automodel_args": {"automodel_args": {"torch_dtype": "auto"}, "trust_remote_code": True},
    "hub": {"local_files_only": True, "revision": "main", "token": None, "cache_folder": None},
    "nothing": {"model_kwargs": None, "config_kwargs": {}},
}


@pytest.mark.parametrize("arguments", INITS)
def test_the_references_constructor_arguments_are_taken(make: Make, arguments: str) -> None:
    folder = make("bert", num_labels=1)
    expected = reference_of(folder, **INITS[arguments]).predict(FEW)
    model = CrossEncoder(str(folder), backend="torch", device="cpu", **INITS[arguments])
    np.testing.assert_allclose(model.predict(FEW), expected, rtol=0, atol=TORCH_LIMIT)


@pytest.mark.parametrize("name", ["model_name_or_path", "model_name"])
def test_the_path_may_be_spelled_as_the_reference_spells_it(make: Make, name: str) -> None:
    folder = make("bert", num_labels=1)
    assert CrossEncoder(backend="torch", **{name: str(folder)}).name == str(folder)
    with pytest.raises(InputError, match=rf"path was passed under two names.*{name}"):
        CrossEncoder(folder, backend="torch", **{name: str(folder)})


def test_half_precision_may_be_asked_for_as_the_reference_does(make: Make) -> None:
    folder = make("bert", num_labels=1)
    model = CrossEncoder(folder, device="cpu", model_kwargs={"torch_dtype": "bfloat16"})
    assert (model.backend, model.precision) == ("torch", "bf16")
    expected = reference_of(folder, model_kwargs={"torch_dtype": torch.bfloat16}).predict(FEW)
    np.testing.assert_allclose(model.predict(FEW), expected, rtol=0, atol=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model_kwargs": {"file_name": "onnx/model_O3.onnx"}}, "model_kwargs holds 'file_name'"),
        ({"config_kwargs": {"classifier_dropout": 0.1}}, "config_kwargs holds 'classifier_dropout'"),
        ({"model_kwargs": {"torch_dtype": "int3"}}, "dtype 'int3' is not known"),
        ({"max_length": 9, "tokenizer_kwargs": {"model_max_length": 8}}, "max_length was passed under two names"),
    ],
)
def test_settings_that_would_change_the_numbers_unseen_are_refused(
    make: Make, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        CrossEncoder(make("bert", num_labels=1), backend="torch", **arguments)


def test_a_misspelled_argument_is_a_type_error(make: Make) -> None:
    model = CrossEncoder(backend="fake")
    with pytest.raises(TypeError, match=r"predict\(\) got an unexpected keyword argument 'batchsize'"):
        model.predict(FEW, batchsize=3)
    with pytest.raises(TypeError, match=r"CrossEncoder\(\) got an unexpected keyword argument 'maxlength'"):
        CrossEncoder(backend="fake", maxlength=3)
    with pytest.raises(InputError, match=r"predict\(\) was given device='cuda'.*CrossEncoder"):
        model.predict(FEW, device="cuda")


# The model that comes in the box


def test_the_embedded_model_gives_a_pair_the_same_logits_in_any_company() -> None:
    model = CrossEncoder()
    assert (model.name, model.attention, model.backend) == ("embedded", "one_way", "onnx")
    assert model.labels == ("contradiction", "entailment", "neutral")
    pairs = [(premise, hypothesis) for premise in PASSAGES[:4] for hypothesis in PASSAGES[1:6]]
    alone = np.concatenate([model.logits(pair) for pair in pairs])
    order = random.Random(7).sample(range(len(pairs)), len(pairs))
    for batch_size in (None, 3):
        together = model.logits([pairs[row] for row in order], batch_size=batch_size)
        np.testing.assert_allclose(together, alone[order], rtol=0, atol=0.02)


# Bad input


@pytest.fixture(scope="module")
def fake() -> CrossEncoder:
    return CrossEncoder(backend="fake")


def test_the_fake_backend_needs_no_path_and_answers_any_number_of_labels(fake: CrossEncoder) -> None:
    assert (fake.backend, fake.labels) == ("fake", ("contradiction", "entailment", "neutral"))
    assert fake.predict(FEW).shape == (12, 3)
    one = CrossEncoder(backend="fake", num_labels=1)
    assert one.predict(FEW).shape == (12,)
    assert len(one.rank(QUERY, PASSAGES)) == len(PASSAGES)


def test_no_pairs_give_no_scores(fake: CrossEncoder) -> None:
    assert fake.logits([]).shape == (0, 3)
    assert fake.predict([]).shape == (0, 3)
    assert fake.predict([], apply_softmax=True).shape == (0, 3)
    assert fake.predict([], activation_fn="softmax", convert_to_numpy=False) == []
    one = CrossEncoder(backend="fake", num_labels=1)
    assert one.predict([]).shape == (0,)
    assert one.rank(QUERY, []) == []


@pytest.mark.parametrize("method", ["predict", "logits"])
@pytest.mark.parametrize("bad", [None, 3, "a text", ("a",), ("a", "b", "c"), ("a", None), ("a", 2.5)])
def test_a_bad_pair_is_named_by_its_index(fake: CrossEncoder, method: str, bad: Any) -> None:
    for index in (0, 2):
        pairs: list[Any] = [("a", "b")] * 2
        pairs.insert(index, bad)
        with pytest.raises(PairError, match=rf"pair {index}: .*Expected") as caught:
            getattr(fake, method)([Pair("x", "y"), *pairs][1:] if bad != "a text" else [["a", "b"], *pairs][1:])
        assert caught.value.index == index


@pytest.mark.parametrize("nothing", [None, 3, "a text", b"a"])
def test_what_is_no_list_is_refused(fake: CrossEncoder, nothing: Any) -> None:
    for method in (fake.predict, fake.logits):
        with pytest.raises(InputError, match="expected a list of"):
            method(nothing)


def test_predict_needs_pairs(fake: CrossEncoder) -> None:
    with pytest.raises(InputError, match="got None; expected a list of"):
        fake.predict()


def test_what_cannot_be_ranked_is_named(fake: CrossEncoder) -> None:
    one = CrossEncoder(backend="fake", num_labels=1)
    with pytest.raises(InputError, match="expected a list of strings"):
        one.rank(QUERY, "a single text")
    with pytest.raises(PairError, match="text 1 is None"):
        one.rank(QUERY, ["a", None])
    with pytest.raises(PairError, match="the first text is None"):
        one.rank(None, ["a"])
    with pytest.raises(InputError, match=r"3 labels \(contradiction, entailment, neutral\).*predict\(\)"):
        fake.rank(QUERY, PASSAGES)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_of_nothing_is_refused(fake: CrossEncoder, batch_size: int) -> None:
    with pytest.raises(InputError, match=rf"batch_size is {batch_size}.*positive"):
        fake.predict(FEW, batch_size=batch_size)


STRANGE_TEXTS = (
    "",
    " ",
    "\n\t",
    "\0",
    "a\0b",
    "\ud800",
    "x\udfff",
    "👩‍👩‍👧‍👦",
    "مرحبا بالعالم",
    "[SEP]",
    "\u202e abc",
    "é" * 500,
)


@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_strange_texts_score_as_the_reference_scores_them(make: Make, backend: str) -> None:
    folder = make("bert")
    pairs = [(one, other) for one in STRANGE_TEXTS for other in STRANGE_TEXTS]
    readable = [(a.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd"), b) for a, b in pairs]
    readable = [(a, b.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd")) for a, b in readable]
    logits = CrossEncoder(folder, backend=backend).logits(pairs)
    np.testing.assert_allclose(logits, reference_logits(folder, readable), rtol=0, atol=ONNX_LIMIT)


def test_two_megabytes_of_text_score(make: Make) -> None:
    folder = make("bert")
    model = CrossEncoder(folder, backend="torch")
    long = "a red ball " * 190_000
    start = " ".join(long.split()[:100])
    np.testing.assert_allclose(
        model.logits([(long, "a horse"), ("a horse", long)]),
        model.logits([(start, "a horse"), ("a horse", start)]),
        rtol=0,
        atol=TORCH_LIMIT,
    )


@pytest.fixture(scope="module")
def poisoned(make: Make, tmp_path_factory: pytest.TempPathFactory) -> CrossEncoder:
    """A model that answers NaN for every pair in which the word "horse" occurs."""
    folder = make_checkpoint(tmp_path_factory.mktemp("poisoned") / "bert", "bert")
    tensors = load_file(folder / "model.safetensors")
    word = CrossEncoder(folder, backend="fake").tokenizer.token_ids(["horse"])["horse"]
    assert len(word) == 1
    tensors["bert.embeddings.word_embeddings.weight"][int(word[0])] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return CrossEncoder(folder, backend="torch")


@pytest.mark.parametrize("index", [0, 1, 5, 9])
def test_logits_that_are_no_numbers_name_the_callers_pair(
    poisoned: CrossEncoder, monkeypatch: pytest.MonkeyPatch, index: int
) -> None:
    monkeypatch.setattr(cross_encoder, "CHUNK_PAIRS", 4)
    # Duplicates before the bad pair are scored once; the index counts them all the same.
    pairs = [("a cat", "a dog")] * 9
    pairs.insert(index, ("a cat on a horse", "a dog"))
    for batch_size in (None, 1):
        with pytest.raises(NonFiniteLogitsError, match=rf"NaN or infinity for pair {index};.*fp32") as caught:
            poisoned.predict(pairs, batch_size=batch_size)
        assert caught.value.index == index
    assert np.isfinite(poisoned.predict(pairs[:index] + pairs[index + 1 :])).all()


def test_an_engine_that_gives_another_number_of_logits_is_not_believed(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "bert", "bert", num_labels=3)
    model = CrossEncoder(folder, backend="torch")
    backend = model._loaded.backend
    backend._packed = None
    backend._padded.model.classifier = torch.nn.Linear(32, 1)
    with pytest.raises(BackendError, match=r"shape \(12, 1\); expected 3 logits a pair"):
        model.predict(FEW)


# What was cut is counted, what is asked twice is answered twice, and threads may share


def test_cut_pairs_are_counted_and_warned_of_once(make: Make) -> None:
    folder = make("bert")
    model = CrossEncoder(folder, backend="torch", max_length=8)
    long, short = ("a horse " * 20, "a dog"), ("a", "b")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict([short, short])
        assert model.truncated_pairs == 0
    with pytest.warns(TruncationWarning, match=r"2 pair\(s\) are longer than .* 8 tokens") as caught:
        model.predict([long, short, long])
    assert [one.filename for one in caught] == [__file__]
    assert model.truncated_pairs == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict([long])
        model.logits([long])
    assert model.truncated_pairs == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.logits([("a horse " * 20, "a dog")]),
        lambda model: model.predict(("a horse " * 20, "a dog")),
        lambda model: model.rank("a horse " * 20, ["a dog"]),
    ],
)
def test_the_warning_points_at_the_callers_line(make: Make, call: Callable[[CrossEncoder], Any]) -> None:
    model = CrossEncoder(make("bert", num_labels=1), backend="torch", max_length=8)
    with pytest.warns(TruncationWarning) as caught:
        call(model)
    assert [one.filename for one in caught] == [__file__]


def test_duplicates_get_the_same_answer_each(make: Make) -> None:
    model = CrossEncoder(make("bert"), backend="torch")
    pairs = [FEW[row % 3] for row in range(30)]
    np.testing.assert_allclose(model.logits(pairs), np.tile(model.logits(FEW[:3]), (10, 1)), rtol=0, atol=TORCH_LIMIT)


def test_many_chunks_give_what_one_gives(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    model = CrossEncoder(make("bert"), backend="torch")
    whole = model.logits(PAIRS[:50])
    monkeypatch.setattr(cross_encoder, "CHUNK_PAIRS", 7)
    seen: list[tuple[int, int]] = []
    parts = model.logits(PAIRS[:50], progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_allclose(parts, whole, rtol=0, atol=TORCH_LIMIT)
    assert seen == sorted(seen)
    assert seen[-1] == (50, 50)
    assert {total for _, total in seen} == {50}


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 255, 256, 1_000])
def test_chunks_hold_every_pair_once_and_the_first_is_short(count: int) -> None:
    """While the first is computed the second is tokenized; a long first one would be waited for by all cores."""
    chunks = list(cross_encoder._chunks(count, 256))
    assert [row for chunk in chunks for row in range(chunk.start, chunk.stop)] == list(range(count))
    assert all(0 < chunk.stop - chunk.start <= 256 for chunk in chunks)
    assert not chunks or chunks[0].stop - chunks[0].start <= 64


def test_the_next_pairs_are_tokenized_while_these_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_encoder, "CHUNK_PAIRS", 8)
    model = CrossEncoder(backend="fake")
    threads: list[threading.Thread] = []
    encode = model.tokenizer.encode

    def noted(pairs: Any) -> Any:
        threads.append(threading.current_thread())
        return encode(pairs)

    monkeypatch.setattr(model.tokenizer, "encode", noted)
    model.predict(PAIRS[:2])
    assert threads == [threading.current_thread()], "a few pairs are worth no thread"
    threads.clear()
    model.predict(PAIRS[:20])
    assert len(threads) == 4
    assert threading.current_thread() not in threads


def test_why_an_engine_was_chosen_is_told_where_it_was_asked_for(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CROSSJUDGE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("crossjudge.models.choosing.is_installed", lambda package: package == "torch")
    monkeypatch.setattr("crossjudge.models.choosing.has_bf16", lambda: False)
    model = CrossEncoder(make("bert"), backend="torch", precision="auto")
    assert model.choice is not None
    assert model.choice.sentences() == [
        "chosen: torch fp32: the only one that runs here",
        "torch bf16: this processor has no bf16 instructions",
    ]
    assert (model.backend, model.precision) == ("torch", "fp32")
    assert CrossEncoder(make("bert"), backend="torch").choice is None


def test_models_that_read_much_at_once_take_fewer_pairs_at_once() -> None:
    assert cross_encoder.chunk_size(64) == cross_encoder.chunk_size(512) == cross_encoder.CHUNK_PAIRS
    assert cross_encoder.chunk_size(8_192) * 8_192 <= cross_encoder.CHUNK_TOKENS
    assert cross_encoder.chunk_size(sys.maxsize) >= 1


@pytest.mark.parametrize("backend", ["torch", "onnx", "openvino", "fake"])
def test_threads_share_a_model_and_get_the_same_numbers(make: Make, backend: str) -> None:
    model = CrossEncoder(make("bert"), backend=backend)
    parts = [PAIRS[start : start + 25] for start in range(0, 200, 25)]
    expected = [model.logits(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        for answer, right in zip(pool.map(model.logits, parts), expected, strict=True):
            np.testing.assert_allclose(answer, right, rtol=0, atol=TORCH_LIMIT)


def test_cut_pairs_are_all_counted_when_threads_share_a_model(make: Make) -> None:
    model = CrossEncoder(make("bert"), backend="fake", max_length=8)
    parts = [[(f"a horse {row} " * 20, "a dog")] for row in range(64)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(model.logits, parts))
    assert model.truncated_pairs == 64


def test_what_a_model_says_about_itself(make: Make, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "named", "bert", id2label={0: "no", 1: "yes"}, num_labels=2)
    model = CrossEncoder(folder, backend="torch")
    assert model.labels == ("no", "yes")
    assert (model.num_labels, model.max_length, model.attention, model.objective) == (2, 64, "joint", None)
    assert (model.backend, model.precision, model.name) == ("torch", "fp32", str(folder))
    other = CrossEncoder(make("bert", num_labels=2, seed=1), backend="torch")
    fingerprints = {model.fingerprint, other.fingerprint, CrossEncoder(folder, backend="fake").fingerprint}
    assert len(fingerprints) == 3
    assert CrossEncoder(folder, backend="torch").fingerprint == model.fingerprint


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)


def test_scores_need_no_torch_and_tensors_say_that_they_do(fake: CrossEncoder, no_torch: None) -> None:
    assert fake.predict(FEW, activation_fn=lambda logits: logits + 1, apply_softmax=True).shape == (12, 3)
    for flags in ({"convert_to_tensor": True}, {"convert_to_numpy": False}):
        with pytest.raises(ImportError, match=r"crossjudge\[torch\]"):
            fake.predict(FEW, **flags)


def test_a_progress_bar_is_drawn_only_when_asked_for_and_always_put_away(
    fake: CrossEncoder, capfd: pytest.CaptureFixture[str]
) -> None:
    fake.predict(FEW)
    assert capfd.readouterr() == ("", "")
    for pairs in (FEW, []):
        fake.predict(pairs, show_progress_bar=True)
    with pytest.raises(InputError):
        fake.predict(FEW, batch_size=0, show_progress_bar=True)
    assert capfd.readouterr().out == ""
