"""The picture of a calibration."""

from __future__ import annotations

import numpy as np
import pytest

from crossjudge.calibration import Abstention

SURE = np.linspace(0.5, 1, 40)
PROBABILITIES = np.stack([SURE, 1 - SURE], axis=1).astype(np.float32)
GOLD = [int(n % 5 == 0) for n in range(40)]
FITTED = Abstention(
    abstain_below=0.7, target_error=0.2, confidence=0.9, coverage=0.6, error=0.1, error_low=0.0, error_high=0.2,
    examples=40,
)  # fmt: skip


def test_the_same_numbers_give_the_same_png() -> None:
    pytest.importorskip("matplotlib")
    from crossjudge.calibration.picture import draw_calibration

    curves = {"before": PROBABILITIES[::-1], "after": PROBABILITIES}
    first = draw_calibration(curves, GOLD, abstention=FITTED)
    assert first.startswith(b"\x89PNG")
    assert first == draw_calibration(curves, GOLD, abstention=FITTED)
    assert first != draw_calibration(curves, GOLD)
