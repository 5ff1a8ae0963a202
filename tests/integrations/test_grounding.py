"""How far answers stand on their sources: as the checker has it, 0 where there is nothing to stand on, and in words."""

from __future__ import annotations

from faked import CHECKER, SOURCES, TRUE, UNHEARD_OF

from crossjudge import ClaimChecker
from crossjudge.integrations.grounding import NO_ANSWER, NO_SOURCES, groundings


def test_the_score_is_the_share_that_the_checker_finds_supported():
    answer = f"{TRUE} {UNHEARD_OF}"
    [found] = groundings(CHECKER, [(SOURCES, answer)])
    assert found.report == CHECKER(SOURCES, answer)
    assert found.score == found.report.supported == 0.5


def test_blank_sources_are_left_out():
    assert groundings(CHECKER, [(["", *SOURCES, None], TRUE)]) == groundings(CHECKER, [(SOURCES, TRUE)])


def test_what_is_blank_stands_on_nothing_and_disturbs_nobody():
    nothing, whole, silent = groundings(CHECKER, [(["  "], TRUE), (SOURCES, TRUE), (SOURCES, None)])
    assert (nothing.score, nothing.report, nothing.feedback) == (0.0, None, NO_SOURCES)
    assert (silent.score, silent.report, silent.feedback) == (0.0, None, NO_ANSWER)
    assert [whole] == groundings(CHECKER, [(SOURCES, TRUE)])


def test_feedback_names_each_claim_that_is_not_supported_and_what_speaks_against_it():
    sources = ["The ferry Alma was built in 1974. She carries 240 passengers."]
    [found] = groundings(ClaimChecker(), [(sources, f"The Alma was built in 1974. She carries 300. {UNHEARD_OF}")])
    first, *others = found.feedback.splitlines()
    assert first == "1 of 3 claims supported by the sources."
    assert len(others) == 2
    for claim, line in zip(found.report.claims[1:], others, strict=True):
        assert claim.claim in line
        assert line.startswith(claim.outcome.replace("_", " "))
        assert claim.counter_evidence is None or claim.counter_evidence.text in line
