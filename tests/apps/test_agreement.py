"""Agreement: kappa as defined, intervals around their figures, and what cannot be compared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.apps.agreement import agreement, quadratic_kappa
from crossjudge.apps.grading import CORRECT, GRADES, INCORRECT, PARTIAL
from crossjudge.errors import InputError

PAIRS = st.lists(st.tuples(st.sampled_from(GRADES), st.sampled_from(GRADES)), min_size=1, max_size=40)


def test_a_worked_example():
    gold = [CORRECT, CORRECT, PARTIAL, PARTIAL, INCORRECT, INCORRECT]
    given_grades = [CORRECT, PARTIAL, PARTIAL, INCORRECT, INCORRECT, CORRECT]
    found = agreement(given_grades, gold)
    assert found.three_way.value == pytest.approx(3 / 6)
    assert found.two_way.value == pytest.approx(4 / 6)
    # Observed squared distances 0+1+0+1+0+4 = 6; by chance 2*2/6 * (1+4+1+1+4+1) = 8.
    assert found.kappa.value == pytest.approx(1 - 6 / 8)
    assert found.macro_f1 == pytest.approx(0.5)
    assert found.confusion[INCORRECT] == {INCORRECT: 1, PARTIAL: 0, CORRECT: 1}


@pytest.mark.parametrize(
    ("counts", "kappa"), [(np.eye(3) * 5, 1.0), (np.ones((3, 3)), 0.0), (np.fliplr(np.eye(3)), -1.0)]
)
def test_kappa_is_1_alike_0_by_chance_and_below_for_the_opposite(counts, kappa):
    assert quadratic_kappa(counts.astype(np.int64)) == pytest.approx(kappa)


def test_all_in_one_cell_agree():
    assert agreement([CORRECT] * 4, [CORRECT] * 4).kappa.value == 1


@given(PAIRS)
def test_figures_lie_in_their_intervals_and_shares_add_up(pairs):
    given_grades, gold = zip(*pairs, strict=True)
    found = agreement(given_grades, gold)
    assert found == agreement(given_grades, gold)
    for figure in (found.three_way, found.two_way):
        assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
    assert found.two_way.value >= found.three_way.value
    assert sum(sum(row.values()) for row in found.confusion.values()) == found.n == len(pairs)


def test_more_answers_make_a_narrower_interval():
    gold, given_grades = [*GRADES] * 10, [CORRECT, *GRADES[1:]] * 10
    few, many = agreement(given_grades, gold).kappa, agreement(given_grades * 10, gold * 10).kappa
    assert many.value == pytest.approx(few.value)
    assert many.high - many.low < (few.high - few.low) / 2


@pytest.mark.parametrize(("given_grades", "gold"), [([], []), ([CORRECT], [CORRECT, PARTIAL]), (["right"], [CORRECT])])
def test_what_cannot_be_compared_is_refused(given_grades, gold):
    with pytest.raises(InputError, match="Comparing grades"):
        agreement(given_grades, gold)


def test_a_grade_that_is_none_is_shown():
    with pytest.raises(InputError, match="found 'right'; expected each to be one of"):
        agreement(["right"], [CORRECT])
