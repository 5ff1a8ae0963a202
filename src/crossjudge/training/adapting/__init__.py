"""From a few hundred labelled pairs to a better last layer of a model, or to the finding that there is none."""

from crossjudge.training.adapting.adapt import adapt
from crossjudge.training.adapting.outcome import Adaptation

__all__ = ["Adaptation", "adapt"]
