"""Measuring a model's speed on the user's own machine: what is asked, how it is timed, and what stands beside it."""
