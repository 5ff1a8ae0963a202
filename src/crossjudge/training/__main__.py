"""Train from a settings file: `python -m crossjudge.training SETTINGS.toml [--base BASE] [--data DATA] [--out OUT]`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from crossjudge.extras import require
from crossjudge.models.progress_bar import progress_bar
from crossjudge.training.config import TrainConfig
from crossjudge.training.decontamination import hash_pairs
from crossjudge.training.evaluation_pairs import evaluation_pairs


def main() -> None:
    """Read settings, leave out every evaluation pair, train with a progress bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", type=Path, help="toml file of training settings")
    parser.add_argument("--base", default=None, help="folder or hub name of the encoder to start from")
    parser.add_argument("--data", type=Path, default=None, help="folder of local sets (default: the hub)")
    parser.add_argument("--out", type=Path, default=None, help="folder for the run")
    options = parser.parse_args()
    require("torch", to="train a model")
    from crossjudge.training.trainer import train

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    overrides = {key: value for key in ("base", "data", "out") if (value := getattr(options, key)) is not None}
    config = TrainConfig.from_toml(options.settings, **overrides)
    exclude = hash_pairs(evaluation_pairs(config.data)).tolist() if config.data else []
    with progress_bar("Training") as progress:
        train(config, exclude=exclude, progress=progress)


if __name__ == "__main__":
    main()
