"""A checkpoint's weights as a PyTorch network that answers with one tensor, for the torch backend and for export."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from crossjudge.backends.torch_attention import Kernel
from crossjudge.backends.torch_packed import Packed, PackedOneWay, RunPacked
from crossjudge.errors import MissingFileError, UnsupportedModelError
from crossjudge.extras import require
from crossjudge.models.checkpoint import Checkpoint, Kind
from crossjudge.models.joint_packed import packed_joint
from crossjudge.models.layout import WEIGHTS
from crossjudge.models.one_way import OneWayEncoder
from crossjudge.models.one_way_packed import packed_cls

ONE_WAY_INPUTS = ("premise_ids", "premise_mask", "hypothesis_ids", "hypothesis_mask")


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """`module` answers with one tensor (see `TorchBackend`) to the arrays named by `inputs`, in this order."""

    module: nn.Module
    inputs: tuple[str, ...]


def load_network(
    checkpoint: Checkpoint, *, kind: Kind, head: str | None = None, attention_kernel: str | None = None
) -> Network:
    """The network of `checkpoint`, float32, in evaluation mode.

    `head`: which head of a one-way model. `attention_kernel`: transformers' `attn_implementation`; None is its
    default, which is the reference's. Raises `MissingFileError` without safetensors, and `UnsupportedModelError`
    when transformers cannot build the model or would fill a part of it with random numbers.
    """
    if checkpoint.attention == "one_way":
        return _one_way_network(checkpoint, kind, head)
    if not checkpoint.weights:
        raise _no_weights(checkpoint)
    transformers = require("transformers", to="run or export a checkpoint's weights")
    classes = {"cross_encoder": "AutoModelForSequenceClassification", "bi_encoder": "AutoModel"}
    with quiet(transformers):
        model = _from_pretrained(transformers, classes[kind], checkpoint, attention_kernel)
    inputs = ("input_ids", "attention_mask", *token_types(model))
    return Network(module=JointNetwork(model, kind).eval(), inputs=inputs)


class JointNetwork(nn.Module):
    """A transformers model that answers with its logits, or with its token states."""

    def __init__(self, model: nn.Module, kind: Kind) -> None:
        super().__init__()
        self.model = model
        self.answer = "logits" if kind == "cross_encoder" else "last_hidden_state"

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> Tensor:
        """Int64 `(n_pairs, seq_len)` each -> `(n_pairs, num_labels)` or `(n_texts, seq_len, hidden_size)`."""
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        answer: Tensor = getattr(self.model(input_ids=input_ids, attention_mask=attention_mask, **types), self.answer)
        return answer

    def packed_with(self, kernel: Kernel) -> RunPacked | None:
        """See `PackingNetwork`; token states are made of padded batches alone."""
        return packed_joint(self.model, kernel) if self.answer == "logits" else None

    def head_modules(self) -> Sequence[nn.Module]:
        """See `HeadedNetwork`: what the classification model has beside its encoder, and the encoder's pooler."""
        encoder = getattr(self.model, "base_model", self.model)
        if self.answer != "logits" or encoder is self.model:
            return ()
        pooler = getattr(encoder, "pooler", None)
        beside = [module for module in self.model.children() if module is not encoder]
        return [*beside, pooler] if isinstance(pooler, nn.Module) else beside


class HeadNetwork(nn.Module):
    """A one-way model that answers with the logits of one head."""

    def __init__(self, model: OneWayEncoder, head: str) -> None:
        super().__init__()
        self.model, self.head = model, head

    def forward(
        self, premise_ids: Tensor, premise_mask: Tensor, hypothesis_ids: Tensor, hypothesis_mask: Tensor
    ) -> Tensor:
        """See `OneWayEncoder.forward`; -> `(n_premises, n_hypotheses, num_labels)`."""
        cls, _ = self.model.hypothesis_states(premise_ids, premise_mask, hypothesis_ids, hypothesis_mask)
        logits: Tensor = self.model.heads[self.head](cls)
        return logits

    def packed_with(self, kernel: Kernel) -> RunPacked | None:
        """See `PackingNetwork`."""

        def run(tokens: Packed) -> Tensor:
            assert isinstance(tokens, PackedOneWay)
            logits: Tensor = self.model.heads[self.head](packed_cls(self.model, tokens, kernel))
            return logits

        return run

    def head_modules(self) -> Sequence[nn.Module]:
        """See `HeadedNetwork`."""
        return [self.model.heads, self.model.exits]


class PremiseNetwork(nn.Module):
    """A one-way model that reads single texts as premises."""

    def __init__(self, model: OneWayEncoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Int64 `(n_texts, seq_len)` each -> `(n_texts, seq_len, hidden_size)`."""
        return self.model.premise_states(input_ids, attention_mask)


def _one_way_network(checkpoint: Checkpoint, kind: Kind, head: str | None) -> Network:
    """Its folder holds graphs alone; the weights are read back out of them, int8 ones multiplied out."""
    require("onnx", to=f"read the weights of '{checkpoint.name}' out of its graph")
    from crossjudge.models.one_way_export import read_config, read_weights

    model = OneWayEncoder(read_config(checkpoint.folder / "config.json"))
    model.load_state_dict({name: torch.from_numpy(one) for name, one in read_weights(checkpoint.folder).items()})
    model.eval()
    if kind == "bi_encoder":
        return Network(module=PremiseNetwork(model), inputs=("input_ids", "attention_mask"))
    return Network(module=HeadNetwork(model, head or next(iter(checkpoint.heads))), inputs=ONE_WAY_INPUTS)


def _no_weights(checkpoint: Checkpoint) -> MissingFileError:
    return MissingFileError(
        f"Loading the weights of '{checkpoint.name}' into PyTorch: the folder {checkpoint.folder} holds a graph and no "
        f"{WEIGHTS}. Use backend='onnx', which runs the graph, or a copy of the model with its weights.",
        path=checkpoint.folder,
    )


def _from_pretrained(
    transformers: Any, class_name: str, checkpoint: Checkpoint, attention_kernel: str | None
) -> nn.Module:
    options: dict[str, Any] = {
        "local_files_only": True,
        # A checkpoint that brings code has passed `load_checkpoint` only if the user said that it may run.
        "trust_remote_code": bool(checkpoint.raw.get("auto_map")),
    }
    folder = str(checkpoint.tokenizer_folder)
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **options)
        config.dtype = torch.float32  # else transformers 5 loads in the precision the file was saved in
        if checkpoint.num_labels:
            config.num_labels = checkpoint.num_labels
        if attention_kernel is not None:
            options["attn_implementation"] = attention_kernel
        model, report = getattr(transformers, class_name).from_pretrained(
            folder, config=config, use_safetensors=True, output_loading_info=True, **options
        )
    except (ValueError, KeyError, RuntimeError, OSError, ImportError, AttributeError) as error:
        raise UnsupportedModelError(
            f"Loading '{checkpoint.name}' into PyTorch: transformers {transformers.__version__} answered "
            f"{str(error).strip()}. Expected a model type it knows and weights that fit config.json. Upgrade "
            "transformers, or choose another model.",
            path=checkpoint.folder,
        ) from error
    _refuse_random_parts(model, report, checkpoint)
    loaded: nn.Module = model.float()
    return loaded


def _refuse_random_parts(model: nn.Module, report: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """A part that the file lacks is filled with random numbers; only an encoder's pooler, which is not used, may be."""
    parameters = {name for name, _ in model.named_parameters()}
    random = sorted(parameters & set(report["missing_keys"]))
    if not checkpoint.num_labels:
        random = [name for name in random if not name.startswith("pooler.")]
    if random:
        raise UnsupportedModelError(
            f"Loading '{checkpoint.name}' into PyTorch: its weights lack {', '.join(random[:4])}"
            f"{' and more' if len(random) > 4 else ''}, which transformers would fill with random numbers. Expected a "
            "checkpoint that was saved whole for this use; choose or save one.",
            path=checkpoint.folder,
        )


def token_types(model: nn.Module) -> tuple[str, ...]:
    """`("token_type_ids",)` where the network takes them, else `()`."""
    return tuple(name for name in ("token_type_ids",) if name in inspect.signature(model.forward).parameters)


@contextlib.contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """No progress bars and no load report: what matters in them is raised as an error."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
