"""A folder or hub name becomes verified files and a typed config; foreign names stop at this door."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from crossjudge.errors import (
    CheckpointError,
    MissingFileError,
    RemoteCodeError,
    UnknownModelError,
    UnsupportedModelError,
)
from crossjudge.models import foreign
from crossjudge.models.boxed import BOXED, EMBEDDED_NAME, boxed_name
from crossjudge.models.integrity import (
    TensorShapes,
    check_graph,
    check_safetensors,
    file_hash,
    files_hash,
    first_existing,
    missing,
    read_json,
    shard_names,
)
from crossjudge.models.layout import INDEX, Layout, find_layout, no_weights
from crossjudge.models.manifest import read_manifest, verify_manifest
from crossjudge.models.one_way_folder import read_one_way
from crossjudge.models.pooling import Dense, Module, Pooling, read_modules, read_pooling
from crossjudge.text.tokenizer_files import SHAPES
from crossjudge.types import Attention

__all__ = ["Checkpoint", "Dense", "Kind", "Pooling", "load_checkpoint", "verify_manifest"]

Kind: TypeAlias = Literal["cross_encoder", "bi_encoder"]

_SENTENCE_CONFIGS = tuple(
    f"sentence_{name}_config.json"
    for name in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
_ORGANISATIONS = {"cross_encoder": "cross-encoder", "bi_encoder": "sentence-transformers"}
"""Where sentence-transformers looks for a name without an organisation."""

_BARE_NAMES = re.compile(
    r"(albert-x*(base|large)-v[12]|(distil)?bert-(base|large)-.+|(distil)?roberta-(base|large).*|camembert-base"
    r"|xlm-roberta-(base|large).*|xlnet-.+-cased)"
)
"""Old names that have no organisation on the hub."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """A model on this disk, its files looked through and its config in our own words.

    - `name`: what the user wrote. `folder`: local and absolute.
    - `architecture`: `model_type` of `config.json`, or `"one_way"` for our own.
    - `labels`: by id, `num_labels` of them, none for a bi-encoder. `labels_are_named`: false for `LABEL_0` and such.
    - `max_length`: tokens, special tokens included.
    - `activation`: canonical name of the saved one, None if none was saved. `objective`: from our own config only.
    - `graphs`: name -> file, and `heads`: head name -> its labels, one-way models only. `pooling`: bi-encoders only.
    - `weights`: safetensors files, `()` where there is only a graph. `graph`: an ONNX graph that came along.
    - `tokenizer_folder`: where the tokenizer and the transformer's own `config.json` are.
    - `prompt`: text to put before `text_a` or the single text, usually empty. `lowercase`: lower-case texts first.
    - `raw`: `config.json` as saved, for export and the torch backend only.
    """

    name: str
    folder: Path
    architecture: str
    attention: Attention
    num_labels: int
    labels: tuple[str, ...]
    labels_are_named: bool
    max_length: int
    activation: str | None
    pad_token_id: int
    objective: str | None
    pooling: Pooling | None
    weights: tuple[Path, ...]
    graph: Path | None
    tokenizer_folder: Path
    raw: Mapping[str, Any]
    heads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    graphs: dict[str, Path] = field(default_factory=dict)
    prompt: str = ""
    lowercase: bool = False

    def weights_hash(self) -> str:
        """sha256 hex of the weights: the safetensors where there are any, else the graph with its data.

        One file's hash is what `sha256sum` prints. A one-way model's covers all its graphs, whichever is loaded.
        """
        return files_hash({path.name: file_hash(path) for path in self.weight_files()})

    def weight_files(self) -> list[Path]:
        """The files that hold the weights: safetensors where there are any, else graphs with their data."""
        if self.attention == "one_way":
            return [self.folder / name for name in read_manifest(self.folder) if Path(name).suffix in _WEIGHT_SUFFIXES]
        if self.weights:
            return list(self.weights)
        assert self.graph is not None
        parts = [self.graph, *(self.graph.with_name(self.graph.name + end) for end in ("_data", ".data"))]
        return [path for path in parts if path.is_file()]

    def tokenizer_hash(self) -> str:
        """sha256 hex of the tokenizer's files: `tokenizer.json` or its older forms, and their settings."""
        whole = (self.tokenizer_folder / "tokenizer.json").is_file()
        names = ("tokenizer.json",) if whole else (*SHAPES, "merges.txt")
        paths = [self.tokenizer_folder / name for name in (*names, "tokenizer_config.json")]
        return files_hash({path.name: file_hash(path) for path in paths if path.is_file()})


_WEIGHT_SUFFIXES = (".onnx", ".bin", ".safetensors")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What the caller wants of the checkpoint."""

    name: str
    kind: Kind
    num_labels: int | None
    max_length: int | None
    trust_remote_code: bool


def load_checkpoint(
    path: str | Path | None,
    *,
    kind: Kind = "cross_encoder",
    revision: str | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
    trust_remote_code: bool = False,
    cache_folder: str | Path | None = None,
    num_labels: int | None = None,
    max_length: int | None = None,
) -> Checkpoint:
    """The checkpoint in the folder `path`, in the box (None: the embedded model), or of that name on the hub.

    A string that can only be a path (`./x`, `/x`, `~/x`, two slashes or more) never goes to the hub. `num_labels` and
    `max_length` overrule what was saved. Raises a `CheckpointError`: `UnknownModelError`, `HubUnreachableError`,
    `MissingFileError`, `PickleOnlyError`, `RemoteCodeError`, `CorruptFileError` or `UnsupportedModelError`.
    """
    boxed = EMBEDDED_NAME if path is None else boxed_name(path)
    asked = _Asked(
        name=boxed or str(path),
        kind=kind,
        num_labels=num_labels,
        max_length=max_length,
        trust_remote_code=trust_remote_code,
    )
    if path is None or boxed is not None:
        folder = BOXED[asked.name]
    else:
        folder = _local_folder(path, asked, revision, token, local_files_only, cache_folder)
    modules = read_modules(folder, trust_remote_code=trust_remote_code)
    inner = modules[0].folder if modules else folder
    config = _read_config(inner, asked)
    if config.get("model_type") == "one_way":
        return _read_one_way(folder, config, asked)
    try:
        return _read_joint(folder, inner, config, modules, asked)
    except CheckpointError as error:
        # Errors about meaning are raised far from any path; they get it here.
        error.path = error.path or folder
        raise


def _local_folder(
    path: str | Path,
    asked: _Asked,
    revision: str | None,
    token: str | bool | None,
    local_files_only: bool,
    cache_folder: str | Path | None,
) -> Path:
    """The folder `path`, or the local copy of the hub model `path`."""
    if not asked.name.strip():
        raise UnknownModelError(
            "Loading a model: its name is empty. Expected a folder or 'organisation/name'.", path=path
        )
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder.absolute()
    from crossjudge.models import hub

    if isinstance(path, Path) or hub.looks_like_path(path) or folder.is_file():
        raise hub.no_such_folder(path)
    # The reference looks for a name without an organisation in its own one.
    name = path if "/" in path or _BARE_NAMES.fullmatch(path.lower()) else f"{_ORGANISATIONS[asked.kind]}/{path}"
    cache = hub.cache_folder(cache_folder)
    request = hub.HubRequest(name=name, written=path, revision=revision, token=token, cache_folder=cache)
    return hub.fetch(request, local_files_only=local_files_only, trust_remote_code=asked.trust_remote_code)


def _read_config(inner: Path, asked: _Asked) -> dict[str, Any]:
    """`config.json`, once it is clear that the folder is a whole model and brings no code to run."""
    path = inner / "config.json"
    if (inner / "adapter_config.json").is_file():
        raise UnsupportedModelError(
            f"Loading the model '{asked.name}': it is an adapter (adapter_config.json), which needs its base model's "
            "weights. Merge the two once with peft's merge_and_unload(), save, and load that folder.",
            path=inner,
        )
    if not path.is_file():
        raise MissingFileError(
            f"Loading the model '{asked.name}': {inner} holds no config.json. Expected a folder saved by transformers, "
            "sentence-transformers or `crossjudge export`.",
            path=path,
        )
    config = read_json(path)
    if config.get("auto_map") and not asked.trust_remote_code:
        code = ", ".join(sorted(map(str, config["auto_map"]))) if isinstance(config["auto_map"], dict) else "auto_map"
        raise RemoteCodeError(
            f"Loading the model '{asked.name}': its config.json names Python code of its own ({code}), and crossjudge "
            "runs no code from a checkpoint unasked. If you have read and trust it, pass trust_remote_code=True; or "
            "choose a model without custom code.",
            path=path,
        )
    return config


def _read_joint(folder: Path, inner: Path, config: dict[str, Any], modules: list[Module], asked: _Asked) -> Checkpoint:
    """A Hugging Face or sentence-transformers checkpoint."""
    _refuse_other_kinds(config, asked)
    model, transformer = _sentence_settings(folder, inner, modules, asked)
    layout, weights, shapes = _read_weights(inner, asked)
    labels: tuple[str, ...] = ()
    named = False
    if asked.kind == "cross_encoder":
        head = foreign.head_size(shapes)
        _require_head(config, shapes, head, asked)
        labels, named = foreign.resolve_labels(config, head=head, asked=asked.num_labels)
    tokenizer = _optional_json(inner / "tokenizer_config.json")
    _require_tokenizer(inner)
    return Checkpoint(
        name=asked.name,
        folder=folder,
        architecture=str(config.get("model_type", "unknown")),
        attention="joint",
        num_labels=len(labels),
        labels=labels,
        labels_are_named=named,
        max_length=foreign.resolve_max_length(config, tokenizer, transformer, asked=asked.max_length),
        activation=foreign.saved_activation(config, model) if asked.kind == "cross_encoder" else None,
        pad_token_id=_pad_token_id(config, tokenizer, inner),
        objective=_stated_objective(config),
        pooling=read_pooling(folder, modules) if asked.kind == "bi_encoder" else None,
        weights=weights,
        graph=inner / layout.graph if layout.graph else None,
        tokenizer_folder=inner,
        raw=config,
        prompt=foreign.default_prompt(model),
        lowercase=bool(transformer.get("do_lower_case", False)),
    )


def _read_one_way(folder: Path, config: dict[str, Any], asked: _Asked) -> Checkpoint:
    """A folder of our own."""
    settings = read_one_way(folder, config, kind=asked.kind, max_length=asked.max_length)
    labels = settings.labels if asked.kind == "cross_encoder" else ()
    if asked.num_labels is not None and asked.num_labels != len(labels):
        raise UnsupportedModelError(
            f"Loading the model '{asked.name}': num_labels={asked.num_labels} was passed, and it gives {len(labels)} "
            f"({', '.join(labels)}). Leave num_labels out, or choose a head of that size.",
            path=folder,
        )
    return Checkpoint(
        name=asked.name,
        folder=folder,
        architecture="one_way",
        attention="one_way",
        num_labels=len(labels),
        labels=labels,
        labels_are_named=bool(labels),
        max_length=settings.max_length,
        activation=None,
        pad_token_id=int(config.get("pad_token_id") or 0),
        objective=settings.objective,
        heads=settings.heads,
        pooling=settings.pooling if asked.kind == "bi_encoder" else None,
        weights=(),
        graph=None,
        graphs=settings.graphs,
        tokenizer_folder=folder,
        raw=config,
    )


def _stated_objective(config: Mapping[str, Any]) -> str | None:
    """What a bundle says that its model was trained for; nobody else's config has a section of ours."""
    ours = config.get("crossjudge")
    return str(ours["objective"]) if isinstance(ours, dict) and "objective" in ours else None


def _refuse_other_kinds(config: Mapping[str, Any], asked: _Asked) -> None:
    if foreign.is_causal(config):
        raise UnsupportedModelError(
            f"Loading the model '{asked.name}': it is a causal language model ({config['architectures'][0]}), which "
            "scores by its next token. Expected an encoder with a classification head (or, for BiEncoder, an encoder). "
            "Use another model: `crossjudge models` lists them.",
        )
    if asked.kind == "bi_encoder" and foreign.is_classifier(config):
        raise UnsupportedModelError(
            f"Loading the model '{asked.name}' as a bi-encoder: it is a cross-encoder ({config['architectures'][0]}), "
            "whose token states are not sentence vectors. Use CrossEncoder for it, or choose a bi-encoder, such as "
            f"{EMBEDDED_NAME!r}.",
        )


def _sentence_settings(
    folder: Path, inner: Path, modules: list[Module], asked: _Asked
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(`config_sentence_transformers.json`, `sentence_bert_config.json`), each `{}` where the reference ignores it.

    As there, a folder saved for one kind and loaded as the other keeps none of the saved settings.
    """
    model = _optional_json(folder / "config_sentence_transformers.json")
    saved_kind = model.get("model_type", "SentenceTransformer")
    if not modules or saved_kind != {"cross_encoder": "CrossEncoder", "bi_encoder": "SentenceTransformer"}[asked.kind]:
        return {}, {}
    settings = first_existing(inner, _SENTENCE_CONFIGS)
    transformer = read_json(settings) if settings else {}
    task = transformer.get("transformer_task", "sequence-classification")
    if asked.kind == "cross_encoder" and (len(modules) > 1 or task != "sequence-classification"):
        raise UnsupportedModelError(
            f"Loading the model '{asked.name}': it is a cross-encoder made of {', '.join(one.kind for one in modules)} "
            f"for {task}. crossjudge runs one Transformer with a sequence-classification head.",
        )
    return model, transformer


def _read_weights(inner: Path, asked: _Asked) -> tuple[Layout, tuple[Path, ...], TensorShapes]:
    """Weights and graph, their headers checked, and the shapes of all tensors."""
    names = [path.name for path in inner.iterdir() if path.is_file()]
    names += [f"onnx/{path.name}" for path in (inner / "onnx").glob("*.onnx")]
    layout = find_layout(names)
    if not layout.is_usable:
        raise no_weights(asked.name, layout)
    if layout.graph:
        check_graph(inner / layout.graph)
    shapes: TensorShapes = {}
    weights = _weight_paths(inner, layout)
    for path in weights:
        shapes |= check_safetensors(path)
    return layout, weights, shapes


def _weight_paths(inner: Path, layout: Layout) -> tuple[Path, ...]:
    if layout.weights is None:
        return ()
    names = shard_names(inner / INDEX) if layout.weights == INDEX else [layout.weights]
    for name in names:
        if not (inner / name).is_file():
            raise missing(inner / name, f"{INDEX} lists it")
    return tuple(inner / name for name in names)


def _require_head(config: Mapping[str, Any], shapes: TensorShapes, head: int | None, asked: _Asked) -> None:
    """Refuse an encoder that the reference would complete with a random head."""
    classifier = foreign.is_classifier(config)
    if head is not None or (classifier and (not shapes or not foreign.is_known(config))):
        return
    names = ", ".join(map(str, config.get("architectures") or ["no architecture stated"]))
    seen = "its weights hold no classification head" if classifier else f"it is an encoder alone ({names})"
    raise UnsupportedModelError(
        f"Loading the model '{asked.name}' as a cross-encoder: {seen}, so its scores would be random. Expected a "
        "sequence-classification checkpoint. Use BiEncoder for it, or train a head first.",
    )


def _require_tokenizer(inner: Path) -> None:
    if first_existing(inner, tuple(SHAPES)) is None:
        raise MissingFileError(
            f"Loading {inner}: there is no tokenizer.json (nor an older form: {', '.join(list(SHAPES)[1:])}). Save the "
            "tokenizer beside the model: AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER).",
            path=inner / "tokenizer.json",
        )


def _pad_token_id(config: Mapping[str, Any], tokenizer: Mapping[str, Any], inner: Path) -> int:
    stated = foreign.pad_token_id(config, tokenizer)
    if stated is not None:
        return stated
    token = tokenizer.get("pad_token")
    text = token.get("content") if isinstance(token, dict) else token
    added = _optional_json(inner / "tokenizer.json").get("added_tokens", ())
    return next((int(one["id"]) for one in added if one.get("content") == text), 0)


def _optional_json(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}
