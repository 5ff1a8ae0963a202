"""Does a source say with less certainty what a claim says? By the model's own head for it where it has one."""

from __future__ import annotations

from collections.abc import Sequence

from crossjudge.models.boxed import JOINT_NAME
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import Pair

HEAD = "certainty"
WEAKENED = "weakened"
"""The head's label for: the second text is hedged, and less certain than the first."""
_MOST_LIKELY = 0.5


def certainty_head(model: CrossEncoder) -> CrossEncoder | None:
    """The model answering with that head, on the same engine; None where there is no head, or no weights.

    `embedded-joint`, which has none, has that of the other model in the box.
    """
    if model.backend != "fake" and model.checkpoint.name == JOINT_NAME:
        return CrossEncoder(None, head=HEAD)
    if model.backend == "fake" or WEAKENED not in model.checkpoint.heads.get(HEAD, ()):
        return None
    # Of "int8+exits(...)" only the engine's own part is asked for: thresholds belong to a head.
    precision = model.precision.partition("+")[0]
    return CrossEncoder(
        model.checkpoint.folder, head=HEAD, backend=model.backend, precision=precision, local_files_only=True
    )


def weakened(head: CrossEncoder, pairs: Sequence[tuple[str, str]]) -> list[bool]:
    """For each pair, whether its second text is the first one said with less certainty.

    Of a pair that the head cannot read whole nothing is said: its hedge may stand where it was cut.
    """
    fits = [one.tokens_dropped == 0 for one in head.tokenizer.encode([Pair(*pair) for pair in pairs])]
    if not any(fits):
        return [False] * len(pairs)
    asked = [pair for pair, fit in zip(pairs, fits, strict=True) if fit]
    shares = iter(head.predict(asked, activation_fn="sigmoid")[:, head.labels.index(WEAKENED)])
    return [fit and bool(next(shares) >= _MOST_LIKELY) for fit in fits]
