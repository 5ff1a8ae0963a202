"""`ClaimChecker`: is what an answer says supported by its sources, contradicted by them, or not mentioned?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, TypeAlias

from crossjudge.apps.base import Model, Progress, as_judge, ask, checked_probability, checked_text, checked_texts, seen
from crossjudge.apps.checking.about import About
from crossjudge.apps.checking.certainty import certainty_head, weakened
from crossjudge.apps.checking.claims import Claim, claim_at, claims_of, says_something
from crossjudge.apps.checking.deciding import Found, Judged, decide, is_supported, most_supporting
from crossjudge.apps.checking.flags import missing, overstated, says_less
from crossjudge.apps.checking.nearest import ALL_OF, Nearest
from crossjudge.apps.checking.passages import Sources, covering, joins, read_sources
from crossjudge.apps.checking.results import SUPPORTED, CheckReport, ClaimVerdict, Evidence, Flag, report_of
from crossjudge.apps.topics import telling_words
from crossjudge.errors import InputError, ItemError
from crossjudge.models.bi_encoder import BiEncoder
from crossjudge.models.boxed import JOINT_NAME
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.text.sentences import complete_sentences, sentences

Source: TypeAlias = str | list[str]
Answer: TypeAlias = str | list[str]

WINDOW_TOKENS = 192
_DOING = "Checking"
_CHUNK_QUESTIONS = 8_192
"""Questions asked together: enough for full batches, few enough that memory stays flat and progress is heard of."""
_WINDOWS_A_SENTENCE = 2
"""A sentence stands in one window, or on the border of two."""
_BEST_SENTENCES = 2
_DOUBTS_FROM = 0.5
"""A sentence with this share of a claim's words is so near to it that its doubts are held against the claim."""


@dataclass(slots=True)
class _Task:
    """One claim of input `index`, what it is about, and what it has been judged by so far.

    `near`: places of the sentences that it is judged by.
    """

    index: int
    sources: Sources
    claim: Claim
    about: About
    near: list[int] = field(default_factory=list)
    sentences: list[Judged] = field(default_factory=list)
    joined: list[Judged] = field(default_factory=list)
    windows: list[Judged] = field(default_factory=list)

    @property
    def groups(self) -> list[list[Judged]]:
        """Smallest passages first."""
        return [self.sentences, self.joined, self.windows]

    @property
    def first_passages(self) -> list[Evidence]:
        """The near sentences, and the windows that they stand in."""
        return [*(self.sources.sentences[place] for place in self.near), *self.sources.windows_with(self.near)]


class ClaimChecker:
    """Checks answers against sources, claim by claim.

    `model`: a model for natural language inference, or a `Judge`; None for `unnamed_model`. `window_tokens`: how
    many tokens of neighbouring sentences are read together, beside each sentence alone. `threshold`: the probability
    from which a passage supports a claim, or contradicts it.

    A claim is judged by the sentences of the sources that are nearest to it, in words and in meaning, and by the
    windows that they stand in. `nearest_model`: the bi-encoder that knows their meaning, a name or a `BiEncoder`; None
    for the model's own head, or the embedded one. `every_sentence`: judge each claim by all sentences and windows.
    """

    unnamed_model: ClassVar[str] = JOINT_NAME

    def __init__(
        self,
        *,
        model: Model = None,
        window_tokens: int = WINDOW_TOKENS,
        threshold: float = 0.5,
        nearest_model: BiEncoder | str | None = None,
        every_sentence: bool = False,
    ) -> None:
        if not isinstance(window_tokens, int) or isinstance(window_tokens, bool) or window_tokens < 1:
            raise InputError(
                f"Making a claim checker: window_tokens is {seen(window_tokens)}; expected a whole number of at least "
                "1. State one, or leave it out."
            )
        self.threshold = checked_probability(threshold, doing="Making a claim checker", what="the threshold")
        self.window_tokens = window_tokens
        self.every_sentence = every_sentence
        self.judge = as_judge(model, unnamed=self.unnamed_model)
        self._nearest_model = nearest_model
        self._nearest = Nearest(lambda: self._encoder)

    def __call__(self, source: Source, answer: Answer) -> CheckReport:
        """Check one answer. `answer`: a text, split into claims, or a list in which each item is a claim."""
        return self.batch([(source, answer)])[0]

    def batch(self, inputs: Iterable[tuple[Source, Answer]], *, progress: Progress | None = None) -> list[CheckReport]:
        """Reports in input order. An error about an input carries its `index`."""
        tasks = self._tasks([checked_input(one, index) for index, one in enumerate(inputs)])
        verdicts: list[list[ClaimVerdict]] = [[] for _ in range(tasks[-1].index + 1)] if tasks else []
        for some in self._grouped(tasks):
            for task, verdict in zip(some, self._verdicts(some), strict=True):
                verdicts[task.index].append(verdict)
            if progress is not None:
                ended = some[-1] is tasks[-1]
                progress(len(verdicts) if ended else some[-1].index, len(verdicts))
        return [report_of(one) for one in verdicts]

    def stream(self, source: Source, pieces: Iterable[str]) -> Iterator[ClaimVerdict]:
        """Verdicts on an answer that is still being written, each as soon as its sentence is complete.

        They are those of the whole answer, with the same offsets.
        """
        return self._streamed(self._read(checked_source(source, None)), pieces)

    def _streamed(self, sources: Sources, pieces: Iterable[str]) -> Iterator[ClaimVerdict]:
        text, done, silent = "", 0, True
        for piece in pieces:
            if not isinstance(piece, str):
                raise ItemError(f"{_DOING}: a piece of the answer is {seen(piece)}; expected texts. Pass them.")
            text += piece
            for sentence in complete_sentences(text, start=done):
                done = sentence.end
                if says_something(text, sentence):
                    silent = False
                    yield self._verdict(sources, claim_at(text, sentence))
        rest = [claim_at(text, one) for one in sentences(text, start=done) if says_something(text, one)]
        if silent and not rest:
            rest = claims_of(checked_text(text, doing=_DOING, what="the answer"))
        for claim in rest:
            yield self._verdict(sources, claim)

    def _read(self, texts: list[str]) -> Sources:
        return read_sources(texts, window_tokens=self.window_tokens, count_tokens=self._count_tokens)

    def _count_tokens(self, texts: Sequence[str]) -> list[int]:
        ids = self.judge.model.tokenizer.token_ids(texts)
        return [len(ids[text]) for text in texts]

    def _tasks(self, asked: Sequence[tuple[list[str], Answer]]) -> list[_Task]:
        """A task for each claim; equal sources are read once."""
        known: dict[tuple[str, ...], Sources] = {}
        tasks: list[_Task] = []
        for index, (texts, answer) in enumerate(asked):
            key = tuple(texts)
            if key not in known:
                known[key] = self._read(texts)
            tasks += [_task(index, known[key], claim) for claim in claims_of(answer)]
        return tasks

    def _verdict(self, sources: Sources, claim: Claim) -> ClaimVerdict:
        return self._verdicts([_task(0, sources, claim)])[0]

    def _verdicts(self, tasks: Sequence[_Task]) -> list[ClaimVerdict]:
        """Every claim by its near sentences and windows, and, where that does not support it, by sentences joined."""
        self._find_near(tasks)
        for task, judged in zip(tasks, self._judged(tasks, _first_passages), strict=True):
            count = len(task.near)
            task.sentences, task.windows = judged[:count], judged[count:]
        open_tasks = [task for task in tasks if not is_supported(task.groups, self.threshold)]
        for task, judged in zip(open_tasks, self._judged(open_tasks, _joined_passages), strict=True):
            task.joined = judged
        found = [decide(task.groups, self.threshold) for task in tasks]
        doubts = self._doubts(tasks, found)
        return [_verdict_of(*one) for one in zip(tasks, found, doubts, strict=True)]

    def _find_near(self, tasks: Sequence[_Task]) -> None:
        if self.every_sentence:
            for task in tasks:
                task.near = list(range(len(task.sources.sentences)))
            return
        asked = [(task.sources, task.claim.text, task.about) for task in tasks]
        for task, near in zip(tasks, self._nearest(asked), strict=True):
            task.near = near

    @cached_property
    def _encoder(self) -> BiEncoder:
        return nearest_encoder(self._nearest_model, self.judge.model)

    def _grouped(self, tasks: Sequence[_Task]) -> Iterator[list[_Task]]:
        """Neighbours whose questions together stay under `_CHUNK_QUESTIONS`, or a single task with more."""
        group: list[_Task] = []
        questions = 0
        for task in tasks:
            sentences = len(task.sources.sentences)
            size = (1 + _WINDOWS_A_SENTENCE) * (sentences if self.every_sentence else min(sentences, ALL_OF))
            if group and questions + size > _CHUNK_QUESTIONS:
                yield group
                group, questions = [], 0
            group.append(task)
            questions += size
        if group:
            yield group

    def _doubts(self, tasks: Sequence[_Task], found: Sequence[Found]) -> list[Flag | None]:
        """For each claim, a flag if it is definite where its source hedges: by the model's head for it, or by rule."""
        pairs = [(task.claim.text, _nearest(task, one)) for task, one in zip(tasks, found, strict=True)]
        if self._certainty is None:
            return [overstated(*pair) for pair in pairs]
        less = iter(weakened(self._certainty, [pair for pair in pairs if pair[1]]))
        return [says_less(*pair) if pair[1] and next(less) else None for pair in pairs]

    @cached_property
    def _certainty(self) -> CrossEncoder | None:
        return certainty_head(self.judge.model)

    def _judged(self, tasks: Sequence[_Task], passages: Callable[[_Task], list[Evidence]]) -> list[list[Judged]]:
        """Each task's claim by its passages, all of them in one batch."""
        found = [passages(task) for task in tasks]
        by_input: list[list[tuple[str, str]]] = [[] for _ in range(max((task.index for task in tasks), default=-1) + 1)]
        for task, some in zip(tasks, found, strict=True):
            by_input[task.index] += [(passage.premise, task.claim.text) for passage in some]
        answers = [iter(verdicts) for verdicts in ask(self.judge, by_input)]
        return [
            [
                Judged(passage, verdict, _may_contradict(passage, task))
                for passage, verdict in zip(some, islice(answers[task.index], len(some)), strict=True)
            ]
            for task, some in zip(tasks, found, strict=True)
        ]


def _task(index: int, sources: Sources, claim: Claim) -> _Task:
    return _Task(index, sources, claim, About.of(claim.text, sources.words))


def _first_passages(task: _Task) -> list[Evidence]:
    return task.first_passages


def _joined_passages(task: _Task) -> list[Evidence]:
    best = [task.near[place] for place in most_supporting(task.sentences, _BEST_SENTENCES)]
    return joins(task.sources, task.about, best)


def _may_contradict(passage: Evidence, task: _Task) -> bool:
    """Models take what is about something else for a contradiction, so only what is about the same may be one.

    A single source as a whole always may.
    """
    return task.sources.is_whole(passage) or task.about.is_same(telling_words(passage.premise))


def nearest_encoder(given: BiEncoder | str | None, model: CrossEncoder) -> BiEncoder:
    """The bi-encoder asked for; else the head for it of a model's own weights; else the embedded one."""
    if isinstance(given, BiEncoder):
        return given
    if given is None and model.backend == "fake":
        return BiEncoder(backend="fake")
    if given is None and model.checkpoint.heads:  # a one-way folder, whose graphs always include the embedding
        return BiEncoder(model.checkpoint.folder, local_files_only=True)
    return BiEncoder(given)


def _verdict_of(task: _Task, found: Found, doubt: Flag | None) -> ClaimVerdict:
    claim, flags = task.claim, _missing(task, found)
    return ClaimVerdict(
        claim=claim.text,
        start=claim.start,
        end=claim.end,
        outcome=found.outcome,
        probabilities=found.probabilities,
        evidence=found.evidence,
        counter_evidence=found.counter_evidence,
        flags=[*flags, doubt] if doubt else flags,
    )


def _missing(task: _Task, found: Found) -> list[Flag]:
    """By the passages that decided and the sources that have them; by all sources where no passage did."""
    cited = [one for one in (found.evidence, found.counter_evidence) if one is not None]
    parts = {part.text for one in cited for part in one.parts}
    having = [text for text in task.sources.texts if not parts or any(part in text for part in parts)]
    sources = "\n".join(having)
    return missing(task.claim.text, evidence="\n".join(one.premise for one in cited) or sources, sources=sources)


def _nearest(task: _Task, found: Found) -> str:
    """What the source says about the same: the evidence, or the sentence that has most of the claim's words."""
    if found.outcome == SUPPORTED and found.evidence:
        return found.evidence.premise
    for place in covering(task.sources, task.about)[:1]:
        if task.about.share(task.sources.words[place]) >= _DOUBTS_FROM:
            return task.sources.sentences[place].text
    return ""


def checked_input(one: Any, index: int) -> tuple[list[str], Answer]:
    """Input `index` as texts of sources, and an answer; raises `ItemError`."""
    if not isinstance(one, (tuple, list)) or len(one) != 2:
        raise ItemError(
            f"{_DOING}: input {index} is {seen(one)}; expected a tuple of a source and an answer. Make it one.",
            index=index,
        )
    source, answer = one
    if isinstance(answer, str):
        return checked_source(source, index), checked_text(answer, doing=_DOING, what="the answer", index=index)
    return checked_source(source, index), checked_texts(answer, doing=_DOING, what="claim", index=index)


def checked_source(source: Any, index: int | None) -> list[str]:
    """The texts of one source or several; raises `ItemError`."""
    if isinstance(source, str):
        return [checked_text(source, doing=_DOING, what="the source", index=index)]
    return checked_texts(source, doing=_DOING, what="source", index=index)
