"""Two stages: the first keeps what it promises, and together they pass no more than either alone."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_report import made_up_pairs, made_up_report

from crossjudge.evaluation.two_stages import KEPT_AIM, letting_through


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("n", [1, 7, 20, 40])
def test_the_first_stage_lets_its_share_through_and_no_lower_threshold_is_needed(share: float, n: int) -> None:
    positives = np.random.default_rng(n).random(n)
    threshold = letting_through(positives, share)
    assert (positives >= threshold).mean() >= share - 1e-9
    assert (positives > threshold).mean() < share


def test_every_bi_encoder_stands_before_every_cross_encoder_of_likeness() -> None:
    stages = made_up_report().evaluation.two_stages
    assert {one.first for one in stages} == {"bi:small", "all-MiniLM-L6-v2"}
    assert {one.second for one in stages} == {"reader", "likeness", "twins"}
    assert len(stages) == 6


def test_both_stages_call_a_duplicate_what_each_alone_would() -> None:
    report = made_up_report()
    pairs = list(report.pairs())
    for stages in report.evaluation.two_stages:
        called = [
            pair
            for pair, first, second in zip(
                pairs, report.scores(stages.first), report.scores(stages.second), strict=True
            )
            if first >= stages.first_threshold and second >= stages.second_threshold
        ]
        assert stages.positives_kept.count == sum(pair.duplicate for pair in called)
        alike = [pair for pair in called if not pair.duplicate and pair.category != "negative_control"]
        assert stages.look_alikes_passed.count == len(alike) <= stages.look_alikes_passed_first.count


def test_the_first_stage_keeps_its_aim() -> None:
    report = made_up_report()
    for stages in report.evaluation.two_stages:
        positives = [pair.category == "positive_control" for pair in report.pairs()]
        assert (report.scores(stages.first)[positives] >= stages.first_threshold).mean() >= KEPT_AIM


def test_without_paraphrases_there_is_nothing_to_keep() -> None:
    pairs = [pair for pair in made_up_pairs() if pair.category != "positive_control"]
    assert made_up_report(pairs).evaluation.two_stages == ()
