"""Every held-out figure of the embedded model beside its aim: `python benchmarks/model_figures.py --data FOLDER`.

Measures the model as it ships (int8), or `--model FOLDER`, on the sets in FOLDER (docs/training.md says what it holds)
and on the suites that come with the package, with 95% intervals: Wilson's for shares, a bootstrap of 1,000 resamples
over pairs (over queries for rankings) for the rest. `--bi-encoder` names all-MiniLM-L6-v2 for the lines that are
compared with it. Writes a Markdown table to `--out` and the numbers beside it as JSON. Needs scikit-learn, which
sentence-transformers brings.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from crossjudge import BiEncoder, CrossEncoder, Judge
from crossjudge.datasets import Example, dataset_cards, read_examples, read_hedges, read_jsonl
from crossjudge.evaluation.statistics import auc
from crossjudge.evaluation.suite import iter_suite
from crossjudge.models.parity import spearman, wilson
from crossjudge.training.heads import HEADS, gold_values
from crossjudge.training.measure import measure
from retrieval import Bm25, average_precision, by_query, fused, ndcg

RESAMPLES = 1_000
CANDIDATES = 50
COVERED = 0.75
"""Share of a hypothesis's words that its premise has, from which on the pair looks entailed to a counter of words."""
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number with its interval. `aim`: what was set out to be reached, in words, empty where nothing was."""

    group: str
    what: str
    value: float
    low: float
    high: float
    n: int
    aim: str = ""


class Subject:
    """The model with its heads, each opened once, and the bi-encoder it is compared with."""

    def __init__(self, model: str | None, bi_encoder: str | None) -> None:
        self.model = model
        self.bi_encoder = BiEncoder(bi_encoder) if bi_encoder else None
        self.embedding = BiEncoder(model)
        self.judge = Judge(model)
        self._heads: dict[str, CrossEncoder] = {}

    def score(self, head: str, pairs: Pairs) -> np.ndarray:
        """Sigmoid of a one-label head, `(n_pairs,)`."""
        if head not in self._heads:
            self._heads[head] = CrossEncoder(self.model, head=head, activation_fn="sigmoid")
        return np.asarray(self._heads[head].predict(pairs), dtype=np.float64)

    def both_ways(self, head: str, pairs: Pairs) -> np.ndarray:
        """The mean over both orders, as a judge of a symmetric objective takes it."""
        return (self.score(head, pairs) + self.score(head, [(b, a) for a, b in pairs])) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of local sets")
    parser.add_argument("--model", default=None, help="folder of a one-way model (default: the embedded one)")
    parser.add_argument("--bi-encoder", default=None, help="folder or hub name of all-MiniLM-L6-v2")
    parser.add_argument("--groups", nargs="*", default=list(GROUPS), choices=list(GROUPS), help="only these")
    parser.add_argument("--out", type=Path, default=None, help="where to write the table (.md)")
    options = parser.parse_args()
    console = Console(width=150, highlight=False)
    subject = Subject(options.model, options.bi_encoder)
    figures = []
    for group in options.groups:
        for figure in GROUPS[group](subject, options.data):
            figures.append(figure)
            console.print(line_of(figure))
    if options.out:
        options.out.write_text(table_of(figures), encoding="utf-8")
        numbers = [asdict(one) for one in figures]
        options.out.with_suffix(".json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def line_of(figure: Figure) -> str:
    """One figure on one line."""
    aim = f"   aim {figure.aim}" if figure.aim else ""
    return f"{figure.what:70} {figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}] n={figure.n:,}{aim}"


def table_of(figures: Sequence[Figure]) -> str:
    """Markdown."""
    rows = [
        f"| {one.group} | {one.what} | {one.value:.3f} | {one.low:.3f} to {one.high:.3f} | {one.n:,} | {one.aim} |"
        for one in figures
    ]
    head = "| | what | figure | 95% interval | n | aim |\n|---|---|---:|---|---:|---|\n"
    return head + "\n".join(rows) + "\n"


# Inference


def inference(subject: Subject, data: Path) -> Iterator[Figure]:
    """Accuracy on natural language inference, three-way or as the set has it."""
    aims = {
        "snli.test": "0.84",
        "mnli_matched.dev": "0.76",
        "xnli_en.test": "0.75",
        "sick.test": "0.584 (plain NLI run + 5 points)",
        "med.test": "0.597 (plain NLI run + 5 points)",
        "temporal_nli.test": "0.570 (plain NLI run + 5 points)",
        "anli.dev": "stated",
        "fever.dev": "",
    }
    for name, aim in aims.items():
        seen = measure(subject.judge, *name.split("."), folder=data)
        low, high = seen.interval
        yield Figure(
            group="nli", what=f"{name} accuracy", value=seen.accuracy, low=low, high=high, n=seen.pairs, aim=aim
        )


# Shortcuts


def shortcuts(subject: Subject, data: Path) -> Iterator[Figure]:
    """What can be guessed without reading both texts, and whether the model falls for it."""
    for name, train in (("snli", "snli_pieces"), ("mnli_matched", "mnli_pieces")):
        split = "test" if name == "snli" else "dev"
        rows = list(read_examples(name, split, folder=data))
        gold = np.array([one.gold for one in rows])
        guessed = _guess_from_hypotheses(list(read_examples(train, "train", folder=data)), rows)
        right = int((guessed == gold).sum())
        what = f"{name}.{split}, words of hypotheses alone: accuracy of logistic regression"
        yield _share("shortcuts", what, right, len(rows))
        blind = np.array([one.label for one in subject.judge.batch([("", one.text_b) for one in rows])])
        what = f"{name}.{split}, the model without premises: accuracy"
        yield _share("shortcuts", what, int((blind == gold).sum()), len(rows), "near 0.33")
        said = np.array([one.label for one in subject.judge.batch([(one.text_a, one.text_b) for one in rows])])
        misled = (guessed != gold).nonzero()[0]
        what = f"{name}.{split}, where words of hypotheses mislead: accuracy"
        yield _share("shortcuts", what, int((said == gold)[misled].sum()), len(misled))
        covered = np.array([_covered(one.text_a, one.text_b) >= COVERED for one in rows])
        for what, chosen in (
            ("not entailed, nearly every word in the premise: called entailed", covered & (gold != "entailment")),
            ("entailed, words not in the premise: called entailed", ~covered & (gold == "entailment")),
        ):
            hits = int((said[chosen] == "entailment").sum())
            yield _share("shortcuts", f"{name}.{split}, {what}", hits, int(chosen.sum()))


def _guess_from_hypotheses(train: Sequence[Example], rows: Sequence[Example]) -> np.ndarray:
    """Labels by a linear classifier of the words and pairs of words in hypotheses."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
    known = vectorizer.fit_transform([one.text_b for one in train])
    classifier = LogisticRegression(max_iter=300).fit(known, [one.gold for one in train])
    guessed: np.ndarray = classifier.predict(vectorizer.transform([one.text_b for one in rows]))
    return guessed


def _covered(premise: str, hypothesis: str) -> float:
    words, seen = re.findall(r"\w+", hypothesis.lower()), set(re.findall(r"\w+", premise.lower()))
    return sum(word in seen for word in words) / max(1, len(words))


# Sameness


def similarity(subject: Subject, data: Path) -> Iterator[Figure]:
    """Spearman correlation on STS-B test: the head, its embedding, and the bi-encoder."""
    pairs, gold = _graded("stsb", "test", data)
    found = {
        "similarity head": (subject.both_ways("similarity", pairs), "0.85"),
        "embedding head, cosine": (subject.embedding.similarity(pairs), "within 0.02 of all-MiniLM-L6-v2"),
    }
    if subject.bi_encoder:
        found["all-MiniLM-L6-v2, cosine"] = (subject.bi_encoder.similarity(pairs), "")
    for what, (scores, aim) in found.items():
        yield _bootstrapped("similarity", f"stsb.test Spearman, {what}", spearman, scores, gold, aim)


def duplicates(subject: Subject, data: Path) -> Iterator[Figure]:
    """AUC of the duplicate head, and its accuracy at a threshold fitted on MRPC dev."""
    fitted_pairs, fitted_gold = _graded("mrpc", "dev", data)
    threshold = _best_threshold(subject.both_ways("duplicate", fitted_pairs), fitted_gold)
    for name, aim in (
        ("mrpc.test", "0.80"),
        ("qqp_pieces.dev", "0.87"),
        ("pawsx_en.test", "0.70, bi-encoder + 8 points"),
    ):
        pairs, gold = _graded(*name.split("."), data)
        scores = subject.both_ways("duplicate", pairs)
        yield _bootstrapped("duplicate", f"{name} AUC", _auc, scores, gold, aim)
        right = int(((scores >= threshold) == (gold > 0.5)).sum())
        yield _share("duplicate", f"{name} accuracy at {threshold:.2f} (fitted on mrpc.dev)", right, len(gold))
        if subject.bi_encoder:
            cosine = subject.bi_encoder.similarity(pairs)
            yield _bootstrapped("duplicate", f"{name} AUC, all-MiniLM-L6-v2", _auc, cosine, gold)


def suites(subject: Subject, data: Path) -> Iterator[Figure]:
    """Look-alikes scored as duplicates at 0.5, and true paraphrases kept, on the suites that come with the package."""
    for suite in ("stress", "stress-long", "stress-generated"):
        rows = list(iter_suite(suite))
        called = subject.both_ways("duplicate", [(row.text_a, row.text_b) for row in rows]) >= 0.5
        categories = sorted({(row.category, row.duplicate) for row in rows})
        for category, duplicate in categories:
            mine = np.array([(row.category, row.duplicate) == (category, duplicate) for row in rows])
            verb, aim = ("kept", "at least 0.95") if duplicate else ("taken for a duplicate", "at most 0.03")
            yield _share("suites", f"{suite}, {category}: {verb}", int(called[mine].sum()), int(mine.sum()), aim)


# Relevance


def rankings(subject: Subject, data: Path) -> Iterator[Figure]:
    """MAP where candidates are given, nDCG@10 after re-ranking a hybrid first stage where there is a corpus."""
    for name in ("wikiqa", "trecqa"):
        rows = [(one.text_a, one.text_b, float(one.gold)) for one in read_examples(name, "test", folder=data)]
        pairs = [(query, text) for query, text, _ in rows]
        scorings = {"relevance head": subject.score("relevance", pairs)}
        if subject.bi_encoder:
            scorings["all-MiniLM-L6-v2"] = subject.bi_encoder.similarity(pairs)
        for what, scores in scorings.items():
            ranked = by_query(rows, scores).values()
            values = [average_precision([grade > 0 for _, grade in one]) for one in ranked if any(g for _, g in one)]
            yield _mean("relevance", f"{name}.test MAP, {what}", values, "not below the first stage")
    if subject.bi_encoder:
        for name in ("scifact", "cranfield"):
            yield from _reranked(subject, subject.bi_encoder, data / "relevance" / name)


def _reranked(subject: Subject, bi_encoder: BiEncoder, folder: Path) -> Iterator[Figure]:
    documents = [row for _, row in read_jsonl(folder / "corpus.jsonl.gz")]
    texts = [f"{row.get('title', '')} {row['text']}".strip() for row in documents]
    places = {row["id"]: place for place, row in enumerate(documents)}
    grades: dict[str, dict[int, float]] = {}
    for _, row in read_jsonl(folder / "qrels.jsonl.gz"):
        grades.setdefault(row["query_id"], {})[places[row["document_id"]]] = float(row["grade"])
    queries = [
        row
        for _, row in read_jsonl(folder / "queries.jsonl.gz")
        if row["id"] in grades and row.get("split", "dev") == "dev"
    ]
    lexical = Bm25(texts)
    dense = {"all-MiniLM-L6-v2": bi_encoder, "embedding head": subject.embedding}
    vectors = {what: (model.encode(texts), model) for what, model in dense.items()}
    found: dict[str, list[float]] = {}
    for row in queries:
        query, judged = row["text"], grades[row["id"]]
        scorings = {what: corpus @ model.encode([query])[0] for what, (corpus, model) in vectors.items()}
        by_words = lexical.scores(query)
        first = fused([by_words, scorings["all-MiniLM-L6-v2"]], CANDIDATES)
        again = subject.score("relevance", [(query, texts[place]) for place in first])
        alone = [first[rank] for rank in np.argsort(-again, kind="stable")]
        words, meaning = by_words[first], scorings["all-MiniLM-L6-v2"][first]
        all_three = [first[rank] for rank in fused([words, meaning, again], CANDIDATES)]
        orders = {
            "hybrid first stage (BM25 + all-MiniLM-L6-v2)": first,
            "re-ranked by the relevance head alone": alone,
            "re-ranked, fused: a vote each for words, meaning and the head": all_three,
            **{f"{what} alone": list(np.argsort(-scores, kind="stable")[:10]) for what, scores in scorings.items()},
        }
        for what, order in orders.items():
            gained = [judged.get(int(place), 0.0) for place in order]
            found.setdefault(what, []).append(ndcg(gained, list(judged.values())))
    before = np.array(found["hybrid first stage (BM25 + all-MiniLM-L6-v2)"])
    for what, values in found.items():
        yield _mean("relevance", f"{folder.name} nDCG@10, {what}", values, "")
        if "re-ranked" in what:
            gained = list(np.array(values) - before)
            yield _mean("relevance", f"{folder.name} nDCG@10, {what}: minus the first stage", gained, "0 or more")


# Certainty and groundedness


def certainty(subject: Subject, data: Path) -> Iterator[Figure]:
    """F1 of hedged sentences."""
    model = CrossEncoder(subject.model, head="certainty", activation_fn="sigmoid")
    for name, aim in (("bioscope", "0.85"), ("bioscope_papers", "0.80")):
        rows = list(read_hedges(name, "test", folder=data))
        hedged = np.asarray(model.predict([(text, text) for text, _ in rows]))[:, model.labels.index("hedged")] >= 0.5
        gold = np.array([label == "hedged" for _, label in rows])
        yield _bootstrapped(
            "certainty", f"{name}.test F1 of hedged", _f1, hedged.astype(float), gold.astype(float), aim
        )


def groundedness(subject: Subject, data: Path) -> Iterator[Figure]:
    """Balanced accuracy of "supported" at 0.5, all rows."""
    everything: list[tuple[np.ndarray, np.ndarray]] = []
    for name in ("begin.dev", "climate_fever.test", "scifact_claims.dev", "scifact_abstract.dev", "wice.dev"):
        rows = list(read_examples(*name.split("."), folder=data))
        verdicts = subject.judge.batch([(one.text_a, one.text_b) for one in rows])
        said = np.array([one.probabilities["entailment"] >= 0.5 for one in verdicts], dtype=np.float64)
        gold = np.array([one.gold == "supported" for one in rows], dtype=np.float64)
        everything.append((said, gold))
        yield _bootstrapped("groundedness", f"{name} balanced accuracy", _balanced, said, gold)
    values = [_balanced(said, gold) for said, gold in everything]
    yield Figure(
        group="groundedness",
        what="mean of the sets' balanced accuracy",
        value=float(np.mean(values)),
        low=min(values),
        high=max(values),
        n=sum(len(gold) for _, gold in everything),
        aim="0.66",
    )


# Measures


def _auc(scores: np.ndarray, gold: np.ndarray) -> float:
    return auc(scores[gold > 0.5], scores[gold <= 0.5])


def _f1(said: np.ndarray, gold: np.ndarray) -> float:
    hits = float((said * gold).sum())
    return 2 * hits / max(1.0, float(said.sum() + gold.sum()))


def _balanced(said: np.ndarray, gold: np.ndarray) -> float:
    return float((said[gold > 0.5].mean() + 1 - said[gold <= 0.5].mean()) / 2)


def _best_threshold(scores: np.ndarray, gold: np.ndarray) -> float:
    tried = np.unique(scores.round(3))
    return float(max(tried, key=lambda threshold: ((scores >= threshold) == (gold > 0.5)).mean()))


def _graded(name: str, split: str, data: Path) -> tuple[Pairs, np.ndarray]:
    rows = list(read_examples(name, split, folder=data))
    head = dataset_cards()[name].kind
    gold = [gold_values(head, one.gold, HEADS)[0] for one in rows]
    return [(one.text_a, one.text_b) for one in rows], np.array(gold)


def _bootstrapped(
    group: str,
    what: str,
    figure_of: Callable[[np.ndarray, np.ndarray], float],
    scores: np.ndarray,
    gold: np.ndarray,
    aim: str = "",
) -> Figure:
    scores, rng = np.asarray(scores, dtype=np.float64), np.random.default_rng(0)
    drawn = [rng.integers(len(gold), size=len(gold)) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile([figure_of(scores[rows], gold[rows]) for rows in drawn], [2.5, 97.5])
    value = figure_of(scores, gold)
    return Figure(group=group, what=what, value=value, low=float(low), high=float(high), n=len(gold), aim=aim)


def _mean(group: str, what: str, values: Sequence[float], aim: str = "") -> Figure:
    numbers = np.array(values)
    return _bootstrapped(group, what, lambda one, _: float(one.mean()), numbers, numbers, aim)


def _share(group: str, what: str, count: int, n: int, aim: str = "") -> Figure:
    low, high = wilson(count, n)
    return Figure(group=group, what=what, value=count / n, low=low, high=high, n=n, aim=aim)


GROUPS: dict[str, Callable[[Subject, Path], Iterator[Figure]]] = {
    "nli": inference,
    "shortcuts": shortcuts,
    "similarity": similarity,
    "duplicate": duplicates,
    "suites": suites,
    "relevance": rankings,
    "certainty": certainty,
    "groundedness": groundedness,
}

if __name__ == "__main__":
    main()
