"""Settings check themselves once, and a settings file says what is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import crossjudge.training
from crossjudge.errors import InputError
from crossjudge.training import TrainConfig

NEEDED: dict[str, Any] = {"base": "encoder", "mixture": "mixture.toml", "out": "run"}
SHIPPED = Path(__file__).parents[2] / "src/crossjudge/training/embedded-nli.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "setting",
    [
        {"attention": "both"},
        {"precision": "int8"},
        {"epochs": 0},
        {"epochs": float("inf")},
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"warmup": 1.5},
        {"weight_decay": -0.1},
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"token_budget": 0},
        {"max_length": 3},
        {"embedding_every": 0},
        {"checkpoint_every": 0},
        {"num_threads": 0},
        {"exit_weight": -1.0},
        {"frozen_layers": -1},
        {"heads": {}},
        {"heads": {"tone": ()}},
        {"heads": {"tone": ("a", "a")}},
    ],
    ids=str,
)
def test_a_setting_out_of_range_names_itself_and_the_range(setting: dict[str, Any]) -> None:
    (name,) = setting
    with pytest.raises(InputError, match=f"Reading training settings: {name} is .*; expected"):
        TrainConfig(**NEEDED, **setting)


@pytest.mark.parametrize(
    "setting",
    [
        {"embedding_weight": 1.0},
        {"exits": (2,)},
        {"layers": (1,)},
        {"frozen_layers": 1},
        {"heads": ["nli", "duplicate"]},
    ],
    ids=str,
)
def test_joint_attention_has_one_head_no_exits_and_no_premise_read_alone(setting: dict[str, Any]) -> None:
    (name,) = setting
    with pytest.raises(InputError, match=f"{name} with joint attention"):
        TrainConfig(**NEEDED, attention="joint", **setting)


@pytest.mark.parametrize("setting", [{}, {"weights": "run", "layers": (1, 2)}], ids=str)
def test_only_layers_of_an_earlier_run_are_frozen(setting: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="frozen_layers is 2, and there are no weights of the same layers"):
        TrainConfig(**NEEDED, frozen_layers=2, **setting)


@pytest.mark.parametrize("layers", [(0, 1), (2, 1), (1, 1), (1.5,), ("1",)], ids=str)
def test_layers_are_numbers_from_one_on_rising(layers: tuple[Any, ...]) -> None:
    with pytest.raises(InputError, match=r"layers is .*; expected different numbers from 1 on, rising"):
        TrainConfig(**NEEDED, layers=layers)


def test_heads_known_by_name_need_no_labels_and_others_do() -> None:
    config = TrainConfig(**NEEDED, heads=["nli", "certainty"])
    assert config.heads["certainty"] == ("hedged", "weakened")
    with pytest.raises(InputError, match=r"no head is called 'tone'.*heads = \{ NAME"):
        TrainConfig(**NEEDED, heads=["tone"])


def test_paths_in_a_file_are_relative_to_it_and_overrides_to_the_caller(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    text = (
        'base = "encoder"\nmixture = "mixture.toml"\nout = "run"\ndata = "../sets"\nheads = { tone = ["no", "yes"] }\n'
    )
    config = TrainConfig.from_toml(written(tmp_path, text), out=Path("elsewhere"), epochs=2)
    assert (config.base, config.mixture) == (tmp_path / "encoder", tmp_path / "mixture.toml")
    assert (config.out, config.epochs, config.heads) == (Path("elsewhere"), 2, {"tone": ("no", "yes")})
    assert config.data == tmp_path / "../sets"
    assert TrainConfig(**NEEDED).out == Path("run")


def test_a_base_that_is_no_folder_is_a_hub_name(tmp_path: Path) -> None:
    text = 'base = "sentence-transformers/all-MiniLM-L6-v2"\nmixture = "m.toml"\nout = "run"\n'
    config = TrainConfig.from_toml(written(tmp_path, text))
    assert config.base == config.to_dict()["base"] == "sentence-transformers/all-MiniLM-L6-v2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('base = "b"\nmixture = "m"\nout = "o"\nepoch = 1\n', "no setting 'epoch'; did you mean 'epochs'"),
        ('base = "b"\nmixture = "m"\n', "'out' must be set"),
        ("base = ", "is not valid toml"),
    ],
)
def test_a_file_that_cannot_be_meant_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        TrainConfig.from_toml(written(tmp_path, text))


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.toml cannot be read"):
        TrainConfig.from_toml(tmp_path / "absent.toml")


def test_the_settings_in_the_package_are_valid_and_their_mixture_is_there() -> None:
    assert TrainConfig.from_toml(SHIPPED).mixture.is_file()


def test_public_names_resolve_and_only_the_loop_needs_torch() -> None:
    assert crossjudge.training.__all__ == ["Mixture", "TrainConfig", "distill", "train"]
    assert set(crossjudge.training.__all__) <= set(dir(crossjudge.training))
    with pytest.raises(AttributeError, match="'trane'; its public names are Mixture, TrainConfig, distill, train"):
        crossjudge.training.trane  # noqa: B018
    code = "import sys; from crossjudge.training import Mixture, TrainConfig; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
