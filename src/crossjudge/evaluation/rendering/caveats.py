"""How an evaluation was done and what it does not say, in sentences for the end of every report."""

from __future__ import annotations

from crossjudge.evaluation.rendering.notation import listed, percent, whole
from crossjudge.evaluation.rendering.rules import rules
from crossjudge.evaluation.rendering.tables import named
from crossjudge.evaluation.rendering.titles import category_title
from crossjudge.evaluation.results import Evaluation
from crossjudge.evaluation.suite import shipped_suites


def methods(evaluation: Evaluation) -> list[str]:
    """What was computed, from what, with which seed."""
    suite, settings, bounds = evaluation.suite, evaluation.settings, rules()
    cuts = listed([f"{cut:g}" for cut in settings.thresholds])
    return [
        f"Suite '{suite.name}': {whole(suite.n_pairs)} pairs, sha256 {suite.sha256}. Licence: {suite.licence}. Source: "
        f"{suite.source or 'not stated'}.",
        f"Thresholds: {cuts} on scores from 0 to 1, and each model's own best, which separates positive from negative "
        "controls with the highest balanced accuracy (the middle of those that do) and has seen no other pair.",
        "Most favourable threshold, in the words above: of these, the one with the highest mean of duplicates kept and "
        "others kept apart. It is chosen on the very pairs that are measured, which flatters every model a little.",
        f"Intervals: Wilson for shares, otherwise a percentile bootstrap over pairs ({whole(settings.resamples)} "
        f"resamples, seed {settings.seed}); {settings.confidence:.0%} each.",
        f"Tests: two-sided Mann-Whitney, and a permutation test that exchanges the groups within pairs "
        f"({whole(settings.permutations)} permutations); each corrected by Holm over the categories of a comparison. A "
        "pair's score in a group is the mean over the group's models.",
        "Words: a model may decide by itself if the intervals of both shares (duplicates kept, others kept apart) lie "
        f"at or above {percent(bounds.alone)}, and helps if both shares are at or above {percent(bounds.helps)}; with "
        f"fewer than {bounds.few} pairs that is left open, unless an interval lies below. A category fails if the "
        f"interval of its failure rate lies above {percent(bounds.fails)}, and holds at {percent(bounds.holds)} or "
        "less.",
        "Look-alikes are all pairs that are no duplicates, unrelated pairs left out.",
    ]


def caveats(evaluation: Evaluation) -> list[str]:
    """What a reader must not conclude."""
    few = rules().few
    small = [category_title(facts.name).pairs for facts in evaluation.suite.categories if facts.n < few]
    found = ["Speed was measured apart (timing.json), so that this report is the same each time."]
    if evaluation.suite.name in shipped_suites():
        found.insert(
            0, "The pairs were made to fool models. Failure rates among them are not rates among texts as they come."
        )
    if small:
        found.append(f"There are fewer than {few} {listed(small)}: look at the intervals.")
    found += [
        f"{named(model.name)} is shown and pooled with no others: {model.not_pooled_because}."
        for model in evaluation.models
        if model.pooled_as is None and model.not_pooled_because
    ]
    found += [
        f"{named(model.name)} cut {whole(model.truncated_pairs)} pairs to {whole(model.max_length)} tokens."
        for model in evaluation.models
        if model.truncated_pairs
    ]
    if evaluation.beside:
        found.append(
            "The study's pairs are not public here: its figures and ours are on different sentences of the same kinds."
        )
    return found
