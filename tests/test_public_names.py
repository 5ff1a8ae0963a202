"""The names and signatures that other people's code relies on, written by hand, against what is there."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import pytest

import crossjudge
from crossjudge import (
    AnswerPicker,
    AsyncClient,
    BiEncoder,
    ClaimChecker,
    Client,
    CrossEncoder,
    Deduplicator,
    Grader,
    Guardrail,
    Judge,
    Reranker,
    RubricScorer,
    SearchIndex,
    Tagger,
    Verdict,
)

PUBLIC = [
    "AnswerPicker", "AsyncClient", "BiEncoder", "ClaimChecker", "Client", "CrossEncoder", "Deduplicator", "Grader",
    "Guardrail", "Judge", "Reranker", "RubricScorer", "SearchIndex", "Tagger", "Verdict", "__version__",
]  # fmt: skip

_CLIENT = "(url='http://127.0.0.1:8080', *, api_key=None, model=None, timeout_s=60.0)"
_CLIENT_USES = {
    "judge": "(self, *, objective='nli', abstain_below=None, model=None)",
    "tagger": "(self, labels, *, template='This text is about {}.', multi_label=True, threshold=0.5, model=None)",
    "claim_checker": "(self, *, threshold=0.5, model=None)",
    "answer_picker": "(self, *, template='The answer is {}.', model=None)",
    "rubric_scorer": "(self, rubric, *, weights=None, model=None)",
    "guardrail": "(self, policies, *, thresholds=None, recognizers='default', model=None)",
    "grader": "(self, reference, *, question=None, model=None)",
    "reranker": "(self, *, model=None)",
    "deduplicator": "(self, *, threshold=0.5, model=None)",
    "models": "(self)",
    "wait_until_ready": "(self, timeout_s=60.0)",
}

CALLS: dict[str, tuple[Callable[..., Any], str]] = {
    "CrossEncoder": (
        CrossEncoder,
        "(path=None, *, backend='auto', device=None, precision=None, max_length=None, activation_fn=None, "
        "num_labels=None, head=None, revision=None, local_files_only=False, trust_remote_code=False, token=None, "
        "num_threads=None)",
    ),
    "CrossEncoder.predict": (
        CrossEncoder.predict,
        "(self, pairs, *, batch_size=None, show_progress_bar=None, activation_fn=None, apply_softmax=False, "
        "convert_to_numpy=True, convert_to_tensor=False)",
    ),
    "CrossEncoder.rank": (CrossEncoder.rank, "(self, query, documents, *, top_k=None, return_documents=False)"),
    "CrossEncoder.logits": (CrossEncoder.logits, "(self, pairs)"),
    "BiEncoder": (BiEncoder, "(path=None)"),
    "BiEncoder.encode": (BiEncoder.encode, "(self, texts)"),
    "BiEncoder.similarity": (BiEncoder.similarity, "(self, pairs)"),
    "Judge": (
        Judge,
        "(model=None, *, objective='nli', calibration=None, abstain_below=None, on_overflow='window')",
    ),
    "Judge.__call__": (Judge.__call__, "(self, text_a, text_b)"),
    "Judge.batch": (Judge.batch, "(self, pairs)"),
    "Tagger": (
        Tagger,
        "(labels, *, template='This text is about {}.', multi_label=True, threshold=0.5, model=None)",
    ),
    "Tagger.__call__": (Tagger.__call__, "(self, text)"),
    "Tagger.batch": (Tagger.batch, "(self, texts, labels=None)"),
    "ClaimChecker": (ClaimChecker, "(*, model=None, threshold=0.5)"),
    "ClaimChecker.__call__": (ClaimChecker.__call__, "(self, source, answer)"),
    "ClaimChecker.stream": (ClaimChecker.stream, "(self, source, pieces)"),
    "AnswerPicker": (AnswerPicker, "(*, template='The answer is {}.', model=None)"),
    "AnswerPicker.__call__": (AnswerPicker.__call__, "(self, context, question, candidates)"),
    "RubricScorer": (RubricScorer, "(rubric, *, weights=None, model=None)"),
    "RubricScorer.__call__": (RubricScorer.__call__, "(self, request, response)"),
    "RubricScorer.best_of": (RubricScorer.best_of, "(self, request, responses)"),
    "Guardrail": (Guardrail, "(policies, *, thresholds=None, model=None, recognizers='default')"),
    "Guardrail.__call__": (Guardrail.__call__, "(self, text)"),
    "Reranker": (Reranker, "(model=None)"),
    "Reranker.__call__": (Reranker.__call__, "(self, query, documents, top_k=None)"),
    "SearchIndex": (SearchIndex, "(path=None)"),
    "SearchIndex.add": (SearchIndex.add, "(self, documents)"),
    "SearchIndex.search": (SearchIndex.search, "(self, query, k=10, first_stage='hybrid', candidates=100)"),
    "Grader": (Grader, "(reference, *, question=None, model=None)"),
    "Grader.__call__": (Grader.__call__, "(self, answer)"),
    "Deduplicator": (Deduplicator, "(*, threshold=0.5, model=None)"),
    "Deduplicator.__call__": (Deduplicator.__call__, "(self, texts)"),
    "Deduplicator.compare": (Deduplicator.compare, "(self, a, b)"),
    "Client": (Client, _CLIENT),
    "AsyncClient": (AsyncClient, _CLIENT),
    **{f"Client.{name}": (getattr(Client, name), signature) for name, signature in _CLIENT_USES.items()},
    **{f"AsyncClient.{name}": (getattr(AsyncClient, name), signature) for name, signature in _CLIENT_USES.items()},
}
"""Every call that may be written. The real signature may take more, as long as all of these calls stay valid."""

CROSS_ENCODER_FACTS = {
    "labels": tuple,
    "num_labels": int,
    "max_length": int,
    "objective": (str, type(None)),
    "attention": str,
    "fingerprint": str,
}

VERDICT_FIELDS = {
    "label": str,
    "score": float,
    "probabilities": dict[str, float],
    "logits": dict[str, float],
    "abstained": bool,
    "tokens_read": int,
    "tokens_dropped": int,
    "fingerprint": str,
}


USES = (AnswerPicker, ClaimChecker, Deduplicator, Grader, Guardrail, Reranker, RubricScorer, Tagger)


def stated(signature: str) -> ast.arguments:
    return ast.parse(f"def f{signature}: ...").body[0].args


def stated_defaults(signature: str) -> dict[str, Any]:
    """Parameter -> default, for those that have one."""
    arguments = stated(signature)
    positional = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    pairs = [*zip(positional, arguments.defaults, strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {argument.arg: ast.literal_eval(default) for argument, default in pairs}


def test_the_public_names_are_these() -> None:
    assert crossjudge.__all__ == PUBLIC
    assert set(PUBLIC) <= set(dir(crossjudge))


def test_every_public_name_resolves_and_says_what_it_is() -> None:
    for name in PUBLIC:
        value = getattr(crossjudge, name)
        assert name == "__version__" or (value.__name__ == name and value.__doc__)


def test_an_unknown_name_is_an_attribute_error_that_lists_the_names() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'Jugde'.*CrossEncoder, .*Judge"):
        crossjudge.Jugde  # noqa: B018


@pytest.mark.parametrize("name", CALLS)
def test_arguments_have_the_stated_places_and_defaults(name: str) -> None:
    call, signature = CALLS[name]
    real = inspect.signature(call).parameters
    positional = [argument.arg for argument in stated(signature).args]
    by_place = [p.name for p in real.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    assert by_place[: len(positional)] == positional
    for argument, default in stated_defaults(signature).items():
        assert real[argument].kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        assert real[argument].default == default, argument


@pytest.mark.parametrize("name", CALLS)
def test_whatever_else_a_call_takes_is_optional(name: str) -> None:
    call, signature = CALLS[name]
    arguments = stated(signature)
    known = {argument.arg for argument in [*arguments.args, *arguments.kwonlyargs]}
    extra = [p for p in inspect.signature(call).parameters.values() if p.name not in known]
    assert not [p.name for p in extra if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def test_a_cross_encoder_states_its_facts() -> None:
    model = CrossEncoder(backend="fake")
    for fact, kind in CROSS_ENCODER_FACTS.items():
        assert isinstance(getattr(model, fact), kind), fact
    assert model.attention in ("joint", "one_way")
    assert len(model.labels) == model.num_labels


def test_models_and_judges_say_what_they_are() -> None:
    assert repr(CrossEncoder()) == "CrossEncoder('embedded', backend='onnx', precision='int8', head='nli')"
    assert repr(BiEncoder()) == "BiEncoder('embedded', backend='onnx', precision='int8')"
    judge = Judge(CrossEncoder(head="duplicate"), objective="duplicate")
    assert repr(judge) == f"Judge({judge.model!r}, objective='duplicate')"


def test_a_verdict_has_exactly_these_fields_and_cannot_be_changed() -> None:
    assert is_dataclass(Verdict)
    hints = get_type_hints(Verdict)
    assert {field.name: hints[field.name] for field in fields(Verdict)} == VERDICT_FIELDS
    assert Verdict.__dataclass_params__.frozen
    assert inspect.signature(Verdict.to_dict).parameters.keys() == {"self"}


@pytest.mark.parametrize("use", USES)
def test_a_use_takes_one_input_or_many(use: type) -> None:
    assert callable(use)
    assert "__call__" in vars(use)
    assert inspect.signature(use.batch).parameters["progress"].default is None
