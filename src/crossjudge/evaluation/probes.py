"""Consistency probes: questions whose answers must agree whatever is true, so that no labels are needed.

Each asks a model the same thing in two ways and counts the decisions that change. What changes can be the order of the
two texts, the wording of the hypothesis, the company a pair is judged in, or the surface of its texts.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from crossjudge.errors import InputError
from crossjudge.evaluation.entrants import Model
from crossjudge.evaluation.results import ProbeExample, ProbeResult, Rate
from crossjudge.evaluation.rewording import REWORDINGS, Rewording
from crossjudge.evaluation.subject import Answers, Subject
from crossjudge.models.parity import wilson
from crossjudge.objectives.nli import CONTRADICTION, ENTAILMENT
from crossjudge.types import FloatArray, IntArray, Pair

EXAMPLES_SHOWN = 3
_BATCH_SIZE = 7
"""Of the shuffled run: neither a power of two nor what the planner would choose."""
_ASKED_TOGETHER = 8
_TOKENS_OF_A_WORD = 8
"""More than nearly all words of nearly all texts have."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeSettings:
    """How much is asked. `most_pairs`: of those given, a random draw by `seed`; the probes that ask many questions of
    each text, and those that judge pairs one at a time, take the first `most_texts` and `most_alone` of the draw.
    """

    most_pairs: int = 400
    most_texts: int = 40
    most_alone: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.most_pairs, self.most_texts, self.most_alone) < 2:
            raise InputError(
                f"Setting up probes: most_pairs={self.most_pairs}, most_texts={self.most_texts} and "
                f"most_alone={self.most_alone}; expected 2 or more of each."
            )


@cache
def wordings() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The hypothesis templates and the topics to put into them."""
    table = tomllib.loads((Path(__file__).parent / "probes.toml").read_text(encoding="utf-8"))
    return tuple(table["templates"]), tuple(table["topics"])


def run_probes(
    model: Model | Subject,
    pairs: Iterable[Pair],
    *,
    name: str | None = None,
    settings: ProbeSettings | None = None,
    progress: Progress | None = None,
) -> tuple[ProbeResult, ...]:
    """Every probe, in a fixed order; one that does not fit the model or the texts says why it was not run.

    `pairs`: any texts, without labels, read once and not kept. `name`: what to call the model in the results; its own
    name if left out. `progress` hears (probes done, probes in all). Raises `InputError` where there are no pairs.
    """
    chosen = settings or ProbeSettings()
    subject = model if isinstance(model, Subject) else Subject(model)
    bench = _Bench(subject, name or subject.model.name, _draw(pairs, chosen), chosen)
    results: list[ProbeResult] = []
    for probe in PROBES:
        results.append(probe(bench))
        if progress is not None:
            progress(len(results), len(PROBES))
    return tuple(results)


def _draw(pairs: Iterable[Pair], settings: ProbeSettings) -> tuple[Pair, ...]:
    """A random sample in random order; of a stream too, since no more than it is kept (Vitter's algorithm R, 1985)."""
    chance = random.Random(settings.seed)
    drawn: list[Pair] = []
    for seen, pair in enumerate(pairs):
        if seen < settings.most_pairs:
            drawn.append(pair)
        elif (place := chance.randrange(seen + 1)) < settings.most_pairs:
            drawn[place] = pair
    chance.shuffle(drawn)
    distinct = {(pair.text_a, pair.text_b): pair for pair in drawn}
    if not distinct:
        raise InputError("Running probes: there are no pairs; expected at least one. Name texts that hold some.")
    return tuple(distinct.values())


# ------------------------------------------------------------------------------------------------- what probes share


class _Bench:
    """One model and the pairs it is asked; the plain answers are asked for once."""

    def __init__(self, subject: Subject, name: str, pairs: tuple[Pair, ...], settings: ProbeSettings) -> None:
        self.subject, self.name, self.pairs, self.settings = subject, name, pairs, settings

    @cached_property
    def plain(self) -> Answers:
        """The answers to the pairs as they are."""
        return self.subject.ask(self.pairs)

    @cached_property
    def swapped(self) -> Answers:
        """The answers to the pairs with their texts exchanged."""
        return self.subject.ask(swapped(self.pairs))

    def not_run(self, probe: str, because: str) -> ProbeResult:
        """The result of a probe that has nothing to say here."""
        return ProbeResult(
            model=self.name,
            probe=probe,
            compared="",
            decided_by="",
            scale=self.subject.scale,
            not_run_because=because,
        )

    def result(self, probe: str, compared: str, change: _Change, *, decided_by: str | None = None) -> ProbeResult:
        """Count what changed. `decided_by`: where a decision is something else than the subject's own."""
        moved, count, n = change.moved, int(change.decided.sum()), len(change.decided)
        low, high = wilson(count, n)
        return ProbeResult(
            model=self.name,
            probe=probe,
            compared=compared,
            decided_by=decided_by or self.subject.decided_by,
            scale=self.subject.scale,
            changed=Rate(value=count / n, low=low, high=high, count=count, n=n),
            mean_change=float(moved.mean()),
            max_change=float(moved.max()),
            examples=tuple(change.example(place) for place in _worst(change)),
        )


@dataclass(frozen=True, slots=True)
class _Change:
    """What asking in another way did. `decided`: bool `(n,)`, whether the decision changed; `moved`: `(n,)`, by how
    much the score did; `example`: a place in them -> the texts and both answers.
    """

    decided: np.ndarray[tuple[int], np.dtype[np.bool_]]
    moved: FloatArray
    example: Callable[[int], ProbeExample]


def _worst(change: _Change) -> list[int]:
    """Places of changed decisions, those whose score moved most first."""
    changed = np.flatnonzero(change.decided)
    return [int(place) for place in changed[np.argsort(-change.moved[changed], kind="stable")][:EXAMPLES_SHOWN]]


def _between(bench: _Bench, first: tuple[Sequence[Pair], Answers], second: tuple[Sequence[Pair], Answers]) -> _Change:
    """The change from one list of pairs and its answers to another of the same length."""
    (pairs, before), (others, after) = first, second
    names = bench.subject.decisions

    def example(place: int) -> ProbeExample:
        return ProbeExample(
            first=_texts(pairs[place]),
            second=_texts(others[place]),
            first_answer=names[before.decided[place]],
            second_answer=names[after.decided[place]],
        )

    return _Change(before.decided != after.decided, _moved(before.scores, after.scores), example)


def _moved(before: FloatArray, after: FloatArray) -> FloatArray:
    """`(n, num_scores)` twice -> `(n,)`: the change of the score that changed most."""
    furthest: FloatArray = np.abs(before - after).max(axis=1)
    return furthest


def _texts(pair: Pair) -> tuple[str, str]:
    return (pair.text_a, pair.text_b)


def swapped(pairs: Sequence[Pair]) -> list[Pair]:
    """Each pair with its texts exchanged."""
    return [Pair(pair.text_b, pair.text_a, pair.id) for pair in pairs]


def _taken(answers: Answers, rows: Sequence[int] | IntArray | slice) -> Answers:
    return Answers(answers.outputs[rows], answers.scores[rows], answers.decided[rows])


# -------------------------------------------------------------------------------------------------------------- swap


def swap_symmetry(bench: _Bench) -> ProbeResult:
    """For objectives that are symmetric: does the answer stay when the two texts change places?"""
    name, objective = "swap", bench.subject.objective
    if bench.subject.kind == "bi_encoder":
        return bench.not_run(name, "a bi-encoder reads each text by itself: the order cannot matter")
    if objective is None:
        return bench.not_run(name, "what the model was trained to say is not known")
    if not objective.symmetric:
        return bench.not_run(name, f"{objective.name} asks something else of the texts in the other order")
    change = _between(bench, (bench.pairs, bench.plain), (swapped(bench.pairs), bench.swapped))
    return bench.result(name, "each pair, and the same with its texts exchanged", change)


def swap_contradiction(bench: _Bench) -> ProbeResult:
    """NLI: if A contradicts B, B contradicts A."""
    name, order = "swap_contradiction", bench.subject.nli_order
    if order is None:
        return bench.not_run(name, _NOT_NLI)
    label = order[CONTRADICTION]
    both = _between(bench, (bench.pairs, bench.plain), (swapped(bench.pairs), bench.swapped))
    decided = (bench.plain.decided == label) != (bench.swapped.decided == label)
    moved = np.abs(bench.plain.scores[:, label] - bench.swapped.scores[:, label])
    compared = "whether A contradicts B, and whether B contradicts A"
    change = _Change(decided, moved, both.example)
    return bench.result(name, compared, change, decided_by="contradiction has the highest logit, or not")


def swap_mutual(bench: _Bench) -> ProbeResult:
    """NLI: no text can entail another that contradicts it. `moved`: the lower of the two probabilities."""
    name, order = "swap_mutual", bench.subject.nli_order
    if order is None:
        return bench.not_run(name, _NOT_NLI)
    yes, no = order[ENTAILMENT], order[CONTRADICTION]
    here, there = bench.plain, bench.swapped
    decided = ((here.decided == yes) & (there.decided == no)) | ((here.decided == no) & (there.decided == yes))
    moved = np.maximum(
        np.minimum(here.scores[:, yes], there.scores[:, no]), np.minimum(here.scores[:, no], there.scores[:, yes])
    )
    both = _between(bench, (bench.pairs, here), (swapped(bench.pairs), there))
    compared = "entailment one way, and contradiction the other; the change is the lower of their probabilities"
    change = _Change(decided, moved, both.example)
    return bench.result(name, compared, change, decided_by="both are found, which cannot be true, or not")


_NOT_NLI = "the model does not say entailment, contradiction and neutral"


# ---------------------------------------------------------------------------------------------- template and ordering


def template_sensitivity(bench: _Bench) -> ProbeResult:
    """NLI: does a text's most probable topic depend on how the question is put?"""
    name, order = "template", bench.subject.nli_order
    if order is None:
        return bench.not_run(name, _NOT_NLI)
    templates, topics = wordings()
    texts = _first_texts(bench)
    entailed = [_topic_scores(bench, texts, [template.format(topic) for topic in topics]) for template in templates]
    usual = np.concatenate([entailed[0]] * (len(templates) - 1))
    others = np.concatenate(entailed[1:])

    def example(place: int) -> ProbeExample:
        text, template = texts[place % len(texts)], templates[1 + place // len(texts)]
        return ProbeExample(
            first=(text, templates[0]),
            second=(text, template),
            first_answer=topics[usual[place].argmax()],
            second_answer=topics[others[place].argmax()],
        )

    compared = f"{len(topics)} topics asked of a text as {templates[0]!r}, and in {len(templates) - 1} other wordings"
    change = _Change(usual.argmax(axis=1) != others.argmax(axis=1), _moved(usual, others), example)
    return bench.result(name, compared, change, decided_by="the topic most probably entailed")


def _first_texts(bench: _Bench) -> list[str]:
    return list(dict.fromkeys(pair.text_a for pair in bench.pairs))[: bench.settings.most_texts]


def _topic_scores(bench: _Bench, texts: Sequence[str], hypotheses: Sequence[str]) -> FloatArray:
    """Probability of entailment, float32 `(n_texts, n_hypotheses)`."""
    order = bench.subject.nli_order
    assert order is not None
    answers = bench.subject.ask([Pair(text, hypothesis) for text in texts for hypothesis in hypotheses])
    found: FloatArray = answers.scores[:, order[ENTAILMENT]].reshape(len(texts), len(hypotheses))
    return found


def label_permutation(bench: _Bench) -> ProbeResult:
    """Does an answer depend on the order of what is asked together of one text?"""
    name = "label_order"
    if bench.subject.kind == "bi_encoder":
        return bench.not_run(name, "a bi-encoder reads each text by itself: nothing is asked together")
    chance = np.random.default_rng(bench.settings.seed)
    texts, hypotheses = _first_texts(bench), _asked_together(bench)
    before, after = [], []
    for text in texts:
        # One call for each text: what is asked together is then surely computed together.
        asked = [Pair(text, hypothesis) for hypothesis in hypotheses]
        order = chance.permutation(len(asked))
        before.append(bench.subject.ask(asked))
        again = bench.subject.ask([asked[place] for place in order])
        after.append(_taken(again, np.argsort(order)))
    pairs = [Pair(text, hypothesis) for text in texts for hypothesis in hypotheses]
    change = _between(bench, (pairs, _joined(before)), (pairs, _joined(after)))
    return bench.result(
        name, f"{len(hypotheses)} questions asked of a text together, and again in random order", change
    )


def _asked_together(bench: _Bench) -> list[str]:
    """Topics for NLI models; other pairs' second texts for the rest."""
    if bench.subject.nli_order is not None:
        templates, topics = wordings()
        return [templates[0].format(topic) for topic in topics]
    return list(dict.fromkeys(pair.text_b for pair in bench.pairs))[:_ASKED_TOGETHER]


def _joined(answers: Sequence[Answers]) -> Answers:
    return Answers(
        np.concatenate([one.outputs for one in answers]),
        np.concatenate([one.scores for one in answers]),
        np.concatenate([one.decided for one in answers]),
    )


# ----------------------------------------------------------------------------------------------------------- company


def padding_invariance(bench: _Bench) -> ProbeResult:
    """Does an answer depend on whether the pair is judged alone or, padded, among others?"""
    pairs = bench.pairs[: bench.settings.most_alone]
    alone = _joined([bench.subject.ask([pair]) for pair in pairs])
    among = _taken(bench.subject.ask([*pairs, *_neighbours(pairs, bench.subject.model.max_length)]), slice(len(pairs)))
    change = _between(bench, (pairs, alone), (pairs, among))
    return bench.result("alone_or_among", "each pair alone, and among shorter and longer ones", change)


def _neighbours(pairs: Sequence[Pair], max_length: int) -> list[Pair]:
    """Pairs shorter and longer than most, so that batches hold padding; too short to be cut."""
    longest = max(pairs, key=lambda pair: len(pair.text_a) + len(pair.text_b))
    words = (longest.text_a.split() * 3)[: max_length // _TOKENS_OF_A_WORD]
    return [Pair("Yes.", "No."), *(Pair(" ".join(words[: len(words) // part]), "No.") for part in (1, 2, 3))]


def batch_invariance(bench: _Bench) -> ProbeResult:
    """Does an answer depend on which pairs are judged beside it?"""
    order = np.random.default_rng(bench.settings.seed + 1).permutation(len(bench.pairs))
    again = bench.subject.ask([bench.pairs[place] for place in order], batch_size=_BATCH_SIZE)
    change = _between(bench, (bench.pairs, bench.plain), (bench.pairs, _taken(again, np.argsort(order))))
    compared = f"all pairs together, and again shuffled in batches of {_BATCH_SIZE}"
    if bench.subject.kind == "bi_encoder":
        compared = "all pairs together, and again shuffled"
    return bench.result("shuffled", compared, change)


# ----------------------------------------------------------------------------------------------------------- surface


def _surface(rewording: Rewording) -> Callable[[_Bench], ProbeResult]:
    def probe(bench: _Bench) -> ProbeResult:
        name = f"surface_{rewording.name}"
        others = [Pair(rewording.change(pair.text_a), rewording.change(pair.text_b)) for pair in bench.pairs]
        rows = [row for row, other in enumerate(others) if _texts(other) != _texts(bench.pairs[row])]
        if not rows:
            return bench.not_run(name, "no text has anything for this rule to change")
        pairs, others = [bench.pairs[row] for row in rows], [others[row] for row in rows]
        change = _between(bench, (pairs, _taken(bench.plain, rows)), (others, bench.subject.ask(others)))
        return bench.result(name, f"each pair, and the same {rewording.description}", change)

    return probe


PROBES: tuple[Callable[[_Bench], ProbeResult], ...] = (
    swap_symmetry,
    swap_contradiction,
    swap_mutual,
    template_sensitivity,
    label_permutation,
    padding_invariance,
    batch_invariance,
    *map(_surface, REWORDINGS),
)
"""In the order of the results."""
