"""Hugging Face text-embeddings-inference: /rerank (by `texts`), /predict, /similarity, /info and /health."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from crossjudge.errors import InputError
from crossjudge.models.activation_functions import sigmoid, softmax
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.serving.context import ServerState, state_of
from crossjudge.serving.dialects import error_bodies
from crossjudge.serving.dialects.scoring import RELEVANCE, Cutting, Scored, score
from crossjudge.serving.routes.operations import readyz
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(tags=["text-embeddings-inference"], route_class=StrictRoute)

ERROR_BODIES = dict.fromkeys(("/rerank", "/predict", "/similarity", "/info", "/health"), error_bodies.tei)


def _checked(inputs: Any) -> Any:
    """A text, a pair, or a list of lists, each of a text or a pair."""
    parts = inputs if isinstance(inputs, list) and inputs and isinstance(inputs[0], list) else [inputs]
    if any(isinstance(part, list) and len(part) not in (1, 2) for part in parts):
        raise ValueError("expected a text, a pair of texts, or a list of such lists: [[text], [text, text], ...]")
    return inputs


Direction = Annotated[
    Literal["Left", "Right"], BeforeValidator(lambda value: value.capitalize() if isinstance(value, str) else value)
]
Inputs = Annotated[str | list[str] | Annotated[list[list[str]], Field(min_length=1)], AfterValidator(_checked)]


class Truncation(BaseModel):
    """What may be cut. `truncate`: false refuses pairs that are too long; the end at `truncation_direction` goes."""

    truncate: bool | None = None
    truncation_direction: Direction = "Right"

    @property
    def cutting(self) -> Cutting:
        """The same in our words."""
        return Cutting(allowed=bool(self.truncate), side="left" if self.truncation_direction == "Left" else "right")


class PredictRequest(Truncation):
    """`inputs`: `[a, b]` is one pair, `[[a, b], [c, d]]` are two."""

    inputs: Inputs
    raw_scores: bool = False
    model: str | None = None


class RerankRequest(Truncation):
    """Texts to put in order for a query."""

    query: str
    texts: list[str] = Field(min_length=1)
    raw_scores: bool = False
    return_text: bool = False
    model: str | None = None


class Compared(BaseModel):
    """One sentence, and those it is compared with."""

    source_sentence: str
    sentences: list[str] = Field(min_length=1)


class SimilarityRequest(BaseModel):
    """`parameters` has what other requests have at the top."""

    inputs: Compared
    parameters: Truncation | None = None
    model: str | None = None


class Prediction(BaseModel):
    """One label of one pair."""

    score: float
    label: str


class Rank(BaseModel):
    """One text; `index` is its place in the request."""

    index: int
    score: float
    text: str | None = Field(default=None, exclude_if=lambda text: text is None)


@dataclass(frozen=True, slots=True)
class Asked:
    """`inputs` as pairs; `single`: whether the answer is one list of labels and not a list of such."""

    pairs: list[tuple[str, str]]
    single: bool


def asked_pairs(inputs: str | list[str] | list[list[str]]) -> Asked:
    """What /predict is asked. Raises `InputError` for a text that stands alone: what we serve judges pairs."""
    if isinstance(inputs, list) and inputs and isinstance(inputs[0], list):
        return Asked([_pair(one, index) for index, one in enumerate(inputs)], single=False)
    return Asked([_pair(inputs, None)], single=True)


def predictions(scored: Scored, *, raw: bool) -> list[list[Prediction]]:
    """Each pair's labels, likeliest first: softmax of several logits, sigmoid of one, or the logits themselves."""
    scores = scored.logits if raw else (softmax if len(scored.labels) > 1 else sigmoid)(scored.logits)
    named = [[Prediction(score=float(one), label=label) for one, label in zip(row, scored.labels, strict=True)]
             for row in scores]  # fmt: skip
    return [sorted(row, key=lambda one: -one.score) for row in named]


def ranks(scored: Scored, asked: RerankRequest) -> list[Rank]:
    """Best first."""
    scores = scored.relevance(raw=asked.raw_scores)
    return [
        Rank(index=place, score=scores[place], text=asked.texts[place] if asked.return_text else None)
        for place in scored.best_first()
    ]


def rerank(request: Request, asked: RerankRequest) -> list[Rank]:
    """Answer /rerank. Blocking."""
    pairs = [(asked.query, text) for text in asked.texts]
    return ranks(score(request, pairs, model=asked.model, head=RELEVANCE, cutting=asked.cutting), asked)


def info(state: ServerState, encoder: CrossEncoder, *, version: str) -> dict[str, Any]:
    """What /info tells of the first model."""
    numbered = dict(enumerate(encoder.labels))
    kind = "reranker" if encoder.num_labels == 1 else "classifier"
    limits = state.limits
    return {
        "model_id": encoder.name,
        "model_sha": encoder.fingerprint,
        "model_dtype": encoder.precision,
        "model_type": {kind: {
            "id2label": {str(number): label for number, label in numbered.items()},
            "label2id": {label: number for number, label in numbered.items()},
        }},
        "max_concurrent_requests": limits.concurrent_requests,
        "max_input_length": encoder.max_length,
        "max_batch_tokens": limits.tokens,
        "max_batch_requests": None,
        "max_client_batch_size": limits.items,
        "auto_truncate": False,
        "tokenization_workers": limits.concurrent_requests,
        "version": version,
        "sha": None,
        "docker_label": None,
    }  # fmt: skip


@router.post("/predict")
async def post_predict(request: Request, asked: PredictRequest) -> list[Prediction] | list[list[Prediction]]:
    """The labels of one pair, or of each of a list of pairs."""
    found = asked_pairs(asked.inputs)
    scored = await state_of(request).run(request, score, request, found.pairs, model=asked.model, cutting=asked.cutting)
    answers = predictions(scored, raw=asked.raw_scores)
    return answers[0] if found.single else answers


@router.post("/similarity")
async def post_similarity(request: Request, asked: SimilarityRequest) -> list[float]:
    """How like the source each sentence is, 0 to 1, by the similarity head."""
    pairs = [(asked.inputs.source_sentence, other) for other in asked.inputs.sentences]
    cutting = (asked.parameters or Truncation()).cutting
    scored = await state_of(request).run(
        request, score, request, pairs, model=asked.model, head="similarity", cutting=cutting
    )
    return scored.relevance()


@router.get("/info")
async def get_info(request: Request) -> dict[str, Any]:
    """The first model, and what may be asked of it at once."""
    state = state_of(request)
    return info(state, await state.run(request, state.pool.encoder, None), version=request.app.version)


@router.get("/health", response_class=Response)
async def get_health(request: Request) -> Response:
    """200 while the server is ready to answer, else 503."""
    await readyz(request)
    return Response()


def _pair(given: str | Sequence[str | list[str]], index: int | None) -> tuple[str, str]:
    if isinstance(given, str) or len(given) == 1:
        place = "`inputs`" if index is None else f"`inputs[{index}]`"
        raise InputError(f"Predicting: {place} is one text; this model judges pairs. Send [text, text].")
    one, other = given[0], given[1]
    assert isinstance(one, str)
    assert isinstance(other, str)
    return one, other
