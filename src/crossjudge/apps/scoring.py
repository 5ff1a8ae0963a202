"""`RubricScorer`: a response to a request, scored on named criteria; for people, for DSPy and as a reward."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

from crossjudge.apps.base import Model, Progress, Result, as_judge, ask, checked_mapping, seen
from crossjudge.apps.exchanges import deciding, premises
from crossjudge.errors import InputError, ItemError
from crossjudge.models.boxed import JOINT_NAME
from crossjudge.types import Verdict

_DOING = "Scoring by a rubric"

_LEFT_OPEN = 0.5
MOST_IF_UNREAD = _LEFT_OPEN
"""No criterion of a text that was not read to its end scores more: what is left open does."""

Metric: TypeAlias = Callable[..., float]

_IN_WORDS = {"entailment": "met", "neutral": "left open", "contradiction": "not met"}


@dataclass(frozen=True, slots=True)
class CriterionScore(Result):
    """What one criterion got, 0 to 1, and why. `probabilities`: by NLI label, empty where the response is blank."""

    name: str
    criterion: str
    weight: float
    score: float
    probabilities: dict[str, float]
    explanation: str


@dataclass(frozen=True, slots=True)
class RubricResult(Result):
    """`scores` by criterion and their weighted mean `overall`, 0 to 1; `criteria` explains each, in rubric order."""

    scores: dict[str, float]
    overall: float
    criteria: tuple[CriterionScore, ...]


class Scoring:
    """What follows from scores, whoever gives them: the best of several responses, a reward, a metric."""

    def batch(self, inputs: Sequence[tuple[str, str]], *, progress: Progress | None = None) -> list[RubricResult]:
        """The scores of many (request, response), in input order."""
        raise NotImplementedError

    def best_of(
        self, request: str, responses: Sequence[str], *, progress: Progress | None = None
    ) -> tuple[int, list[RubricResult]]:
        """The place of the response with the best overall score (of equal ones the first), and all results."""
        results = self.batch(with_each(request, responses), progress=progress)
        return best_place(results), results

    def reward(self, prompts: Sequence[Any], completions: Sequence[Any], **_: Any) -> list[float]:
        """Overall scores of completions, as trainers by reinforcement ask for them; the same texts, the same rewards.

        A prompt or completion is a text or a list of chat messages with `content`. Other columns are not looked at.
        """
        if len(prompts) != len(completions):
            raise InputError(
                f"{_DOING}: got {len(prompts)} prompts and {len(completions)} completions; expected as many. Repeat "
                "each prompt for each of its completions."
            )
        pairs = [(_spoken(one), _spoken(other)) for one, other in zip(prompts, completions, strict=True)]
        return [result.overall for result in self.batch(pairs)]

    def metric(self, *, request: str = "question", response: str = "answer", threshold: float = 0.5) -> Metric:
        """A metric as DSPy calls it: `(example, prediction, trace=None) -> float`.

        `request`, `response`: the fields of the example and of the prediction. While a program is being compiled
        (`trace` given), 1.0 where the overall score reaches `threshold`, else 0.0, which rejects the demonstration.
        """

        def rubric_metric(example: Any, prediction: Any, trace: Any = None, *_: Any, **__: Any) -> float:
            overall = self.batch([(_field(example, request), _field(prediction, response))])[0].overall
            return overall if trace is None else float(overall >= threshold)

        return rubric_metric


class RubricScorer(Scoring):
    """Scores how far a response meets each criterion of a rubric.

    `rubric`: name -> criterion, a statement about the response ("The answer gives a reason."). `weights`: name -> a
    number of 0 or more, 1 for names left out. `model`: see `Model`. A criterion is a hypothesis about request and
    response together and scores `hybrid_score`; a blank response scores 0 on all of them, without being asked about.
    A long request is read in parts, each beside the whole response; the surest verdict decides.
    """

    unnamed_model: ClassVar[str] = JOINT_NAME

    def __init__(
        self, rubric: Mapping[str, str], *, weights: Mapping[str, float] | None = None, model: Model = None
    ) -> None:
        self.rubric = checked_rubric(rubric)
        self.weights = checked_weights(self.rubric, {} if weights is None else weights)
        self.judge = as_judge(model, unnamed=self.unnamed_model)

    def __call__(self, request: str, response: str) -> RubricResult:
        """The scores of one response."""
        return self.batch([(request, response)])[0]

    def batch(self, inputs: Sequence[tuple[str, str]], *, progress: Progress | None = None) -> list[RubricResult]:
        """The scores of many (request, response), in input order, judged together."""
        pairs = [checked_exchange(pair, index) for index, pair in enumerate(inputs)]
        texts = [self._premises(request, response) if response.strip() else [] for request, response in pairs]
        asked = [[(text, criterion) for criterion in self.rubric.values() for text in some] for some in texts]
        judged = ask(self.judge, asked, progress=progress)
        return [self._result(_by_criterion(verdicts, len(some))) for verdicts, some in zip(judged, texts, strict=True)]

    def _premises(self, request: str, response: str) -> list[str]:
        return premises(request, response, room=self._room, count=self.judge.model.tokenizer.count)

    @cached_property
    def _room(self) -> int:
        """Tokens of request and response that can be read beside the longest criterion."""
        tokenizer = self.judge.model.tokenizer
        return max(1, tokenizer.pair_room - max(map(tokenizer.count, self.rubric.values())))

    def _result(self, verdicts: Sequence[Verdict]) -> RubricResult:
        """`verdicts`: one for each criterion; none of a blank response."""
        criteria = tuple(
            _criterion_score(name, criterion, self.weights[name], verdicts[place] if verdicts else None)
            for place, (name, criterion) in enumerate(self.rubric.items())
        )
        heaviest = max(one.weight for one in criteria)  # whose share is 1, so that no sum is beyond a float
        shares = [one.weight / heaviest for one in criteria]
        overall = sum(share * one.score for share, one in zip(shares, criteria, strict=True)) / sum(shares)
        return RubricResult({one.name: one.score for one in criteria}, min(overall, 1.0), criteria)


def _by_criterion(verdicts: Sequence[Verdict], parts: int) -> list[Verdict]:
    """Verdicts on each criterion by each of `parts` texts, criterion by criterion -> one for each criterion."""
    return [deciding(verdicts[start : start + parts]) for start in range(0, len(verdicts), max(parts, 1))]


def hybrid_score(probabilities: Mapping[str, float]) -> float:
    """`clip(0.5 * neutral + entailment - contradiction, 0, 1)`: what is left open counts half."""
    raw = 0.5 * probabilities["neutral"] + probabilities["entailment"] - probabilities["contradiction"]
    return min(max(raw, 0.0), 1.0)


def _criterion_score(name: str, criterion: str, weight: float, verdict: Verdict | None) -> CriterionScore:
    if verdict is None:
        return CriterionScore(name, criterion, weight, 0.0, {}, "not met: the response is blank")
    score = hybrid_score(verdict.probabilities)
    explanation = _explained(verdict, score)
    if verdict.tokens_dropped:
        score = min(score, MOST_IF_UNREAD)
        explanation += f"; {verdict.tokens_dropped} tokens were not read, so at most {MOST_IF_UNREAD}"
    return CriterionScore(name, criterion, weight, score, dict(verdict.probabilities), explanation)


def _explained(verdict: Verdict, score: float) -> str:
    """What decided; and what speaks against it, where that leaves so little that "met" alone would puzzle."""
    decisive = f"{verdict.label} with probability {verdict.probabilities[verdict.label]:.2f}"
    if verdict.label == "entailment" and score < _LEFT_OPEN:
        return f"hardly met: {decisive}, but contradiction {verdict.probabilities['contradiction']:.2f}"
    return f"{_IN_WORDS[verdict.label]}: {decisive}"


def with_each(request: str, responses: Sequence[str]) -> list[tuple[str, str]]:
    """The request with each response, of which there must be one; raises `InputError`."""
    if isinstance(responses, (str, Mapping)) or not isinstance(responses, Iterable) or not (given := list(responses)):
        raise InputError(f"{_DOING}: got {seen(responses)}; expected a list of at least one response. Make it one.")
    return [(request, response) for response in given]


def best_place(results: Sequence[RubricResult]) -> int:
    """The place of the best overall score; of equal ones the first."""
    return max(range(len(results)), key=lambda place: (results[place].overall, -place))


def checked_rubric(rubric: Any) -> dict[str, str]:
    """Name -> criterion; raises `InputError`."""
    return checked_mapping(rubric, doing=_DOING, what="criterion", meaning="statement")


def checked_weights(rubric: Mapping[str, str], weights: Mapping[str, float]) -> dict[str, float]:
    """The weight of every criterion, 1 where none is stated; raises `InputError`."""
    unknown = [name for name in weights if name not in rubric]
    if unknown:
        raise InputError(
            f"{_DOING}: a weight is given for {unknown[0]!r}; expected one of {', '.join(rubric)}. Correct the name."
        )
    for name, weight in weights.items():
        is_number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
        if not is_number or not math.isfinite(weight) or weight < 0:
            raise InputError(f"{_DOING}: the weight of {name!r} is {seen(weight)}; expected 0 or more. Correct it.")
    chosen = {name: float(weights.get(name, 1.0)) for name in rubric}
    if not any(chosen.values()):
        raise InputError(f"{_DOING}: every weight is 0; expected at least one above 0. Raise one.")
    return chosen


def checked_exchange(pair: Any, index: int) -> tuple[str, str]:
    """Input `index` as request and response, which may be blank; raises `ItemError`."""
    if isinstance(pair, (tuple, list)) and len(pair) == 2 and all(isinstance(text, str) for text in pair):
        return pair[0], pair[1]
    raise ItemError(
        f"{_DOING}: input {index} is {seen(pair)}; expected a request and a response, both texts. Correct it.",
        index=index,
    )


def _spoken(value: Any) -> Any:
    """The text of a chat; anything else as it is."""
    if isinstance(value, list) and all(isinstance(one, Mapping) and "content" in one for one in value):
        return "\n".join(_content(one["content"]) for one in value)
    return value


def _content(content: Any) -> str:
    """What a message says: its text, the texts among its parts, or nothing (of a call to a tool)."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list) and all(isinstance(part, Mapping) for part in content):
        return "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))
    raise InputError(
        f"{_DOING}: a message's content is {seen(content)}; expected a text, or a list of parts. Correct it."
    )


def _field(holder: Any, name: str) -> Any:
    """A field of an example or a prediction, which are mappings or have attributes."""
    found = holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)
    if found is None:
        raise InputError(
            f"{_DOING}: no field {name!r} in {seen(holder)}; expected one with the text. Name another with "
            "metric(request=..., response=...)."
        )
    return found
