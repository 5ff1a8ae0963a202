"""Hub names become local folders: what is downloaded, what the cache may answer, and what went wrong."""

from __future__ import annotations

import difflib
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from crossjudge.errors import CheckpointError, HubUnreachableError, UnknownModelError
from crossjudge.extras import is_installed
from crossjudge.models.layout import INDEX, find_layout, no_weights
from crossjudge.models.registry import find_card, near_names
from crossjudge.text.tokenizer_files import SHAPES

logger = logging.getLogger(__name__)

TIMEOUT_S = 10.0
"""How long the hub may take to answer the first question, after which the cache is asked."""

SMALL_GRAPH_BYTES = 200_000_000
"""A graph up to this size is fetched beside the weights: seconds of download instead of seconds of export."""

_SIDE_FILES = frozenset(
    {
        *("config.json", "modules.json", "config_sentence_transformers.json", "manifest.json", "adapter_config.json"),
        *("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt"),
        *SHAPES,
    }
)
_SENTENCE_CONFIG = re.compile(r"sentence_[a-z-]+_config\.json")
_MODULE_FOLDER = re.compile(r"\d+_\w+/")
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
_TRANSPORTS = ("httpx", "httpx2", "requests", "urllib3")
"""Packages whose errors mean that the hub was not reached; which one is in use depends on huggingface_hub."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HubRequest:
    """One model on the hub, and how to ask for it. `written`: what the user wrote, where `name` was completed."""

    name: str
    written: str
    revision: str | None = None
    token: str | bool | None = None
    cache_folder: Path | None = None

    @property
    def where(self) -> str:
        """The model as messages name it."""
        return f"'{self.name}'" if self.revision is None else f"'{self.name}' at revision '{self.revision}'"


def fetch(request: HubRequest, *, local_files_only: bool = False, trust_remote_code: bool = False) -> Path:
    """The local folder of a hub model, downloaded where the cache lacks it.

    Only what is needed is fetched: configs, the tokenizer, and one form of the weights (`choose_files`). When the hub
    does not answer, a cached copy is used. Raises `UnknownModelError` (no such model or revision, or no access),
    `HubUnreachableError` (not reached, and not cached) or `PickleOnlyError`.
    """
    if local_files_only or is_offline():
        return _cached(request) or _raise(_not_cached(request, local_files_only))
    try:
        commit, sizes = _list_files(request)
        wanted = choose_files(request.name, sizes, with_code=trust_remote_code, can_export=is_installed("torch"))
        cached = _cached(request)
        if cached is not None and cached.name == commit and all((cached / name).is_file() for name in wanted):
            return cached
        return _download(request, wanted)
    except CheckpointError:
        raise
    except Exception as error:
        explained = _explain(request, error)
        if explained is None:
            raise
        cached = _cached(request) if isinstance(explained, HubUnreachableError) else None
        if cached is None:
            raise explained from error
        logger.warning("The hub did not answer (%s); using the cached copy of %s.", _short(error), request.where)
        return cached


def choose_files(name: str, sizes: Mapping[str, int | None], *, with_code: bool, can_export: bool) -> list[str]:
    """The files to download of a model that holds `sizes` (file name -> bytes); one form of the weights.

    Safetensors are preferred where torch can turn them into a graph (`can_export`), with the graph beside them when it
    is small; without torch a graph alone will do. Quantised and optimised graphs, pickles and other frameworks' weights
    are never fetched, Python files only `with_code`. Raises `PickleOnlyError` or `MissingFileError`.
    """
    if {"manifest.json", "weights.bin"} <= sizes.keys():
        return sorted(one for one in sizes if "/" not in one and _is_ours(one))
    inner = _transformer_folder(sizes)
    layout = find_layout([one.removeprefix(inner) for one in sizes if one.startswith(inner)])
    if not layout.is_usable:
        raise no_weights(name, layout)
    wanted = {one for one in sizes if _is_side_file(one) or (with_code and one.endswith(".py"))}
    if layout.graph is not None and _wants_graph(layout.weights, sizes.get(inner + layout.graph), can_export):
        wanted |= {one for one in sizes if re.fullmatch(re.escape(inner + layout.graph) + r"([._]data)?", one)}
    if layout.weights is not None and (can_export or layout.graph is None):
        wanted.add(inner + layout.weights)
    if layout.weights == INDEX and inner + INDEX in wanted:
        wanted |= {one for one in sizes if one.startswith(inner) and _SHARD.fullmatch(one.removeprefix(inner))}
    return sorted(wanted)


def _wants_graph(weights: str | None, graph_bytes: int | None, can_export: bool) -> bool:
    return weights is None or not can_export or (graph_bytes is not None and graph_bytes <= SMALL_GRAPH_BYTES)


def _transformer_folder(names: Mapping[str, int | None]) -> str:
    """`"0_Transformer/"` and the like for old bi-encoders that keep the encoder in a folder of its own, else `""`."""
    if "config.json" in names:
        return ""
    return next(
        (one.removesuffix("config.json") for one in sorted(names) if re.fullmatch(r"0_\w+/config.json", one)), ""
    )


def _is_side_file(name: str) -> bool:
    """Configs, tokenizer files, and the small weights of modules such as `2_Dense`."""
    folder = _MODULE_FOLDER.match(name)
    inside = name[folder.end() :] if folder else name
    is_dense = folder is not None and not name.startswith("0_") and inside == "model.safetensors"
    return inside in _SIDE_FILES or _SENTENCE_CONFIG.fullmatch(inside) is not None or is_dense


def _is_ours(name: str) -> bool:
    """Files of a one-way folder, all that its manifest may list; `weights.bin` is the graphs' data, not a pickle."""
    return name == "weights.bin" or name.endswith((".json", ".onnx", ".md"))


def cache_folder(asked: str | Path | None) -> Path | None:
    """Where hub models are kept: the caller's folder, else sentence-transformers' variable, else the hub's default."""
    chosen = asked or os.environ.get("SENTENCE_TRANSFORMERS_HOME")
    return Path(chosen).expanduser() if chosen else None


def is_offline() -> bool:
    """Whether offline mode is on, now or when huggingface_hub was imported."""
    values = (os.environ.get("HF_HUB_OFFLINE"), os.environ.get("TRANSFORMERS_OFFLINE"))
    stated = any((value or "").upper() in constants.ENV_VARS_TRUE_VALUES for value in values)
    return stated or bool(constants.HF_HUB_OFFLINE)


def _endpoint() -> str:
    # Asked at each call: huggingface_hub itself reads the variable once, when it is imported.
    return os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")


def _list_files(request: HubRequest) -> tuple[str, dict[str, int | None]]:
    """(commit, file name -> bytes) as the hub states them; one request, which gives up after `TIMEOUT_S`."""
    hub = huggingface_hub.HfApi(endpoint=_endpoint(), token=request.token)
    found = hub.model_info(request.name, revision=request.revision, timeout=TIMEOUT_S, files_metadata=True)
    return str(found.sha), {one.rfilename: one.size for one in found.siblings or ()}


def _download(request: HubRequest, wanted: list[str]) -> Path:
    return Path(
        huggingface_hub.snapshot_download(
            request.name,
            revision=request.revision,
            token=request.token,
            cache_dir=request.cache_folder,
            allow_patterns=wanted,
            etag_timeout=TIMEOUT_S,
            endpoint=_endpoint(),
        )
    )


def _cached(request: HubRequest) -> Path | None:
    """The model's folder in the cache, if it is there with something to run; the hub is not asked."""
    try:
        found = huggingface_hub.snapshot_download(
            request.name,
            revision=request.revision,
            cache_dir=request.cache_folder,
            allow_patterns=["config.json"],
            local_files_only=True,
        )
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    names = {path.relative_to(found).as_posix() for path in Path(found).rglob("*") if path.is_file()}
    inner = _transformer_folder(dict.fromkeys(names))
    layout = find_layout([one.removeprefix(inner) for one in names if one.startswith(inner)])
    return Path(found) if layout.is_usable or "manifest.json" in names else None


def _raise(error: CheckpointError) -> Path:
    raise error


def _not_cached(request: HubRequest, local_files_only: bool) -> HubUnreachableError:
    why = "local_files_only=True was passed" if local_files_only else "offline mode is on (HF_HUB_OFFLINE)"
    instead = "leave local_files_only out" if local_files_only else "unset HF_HUB_OFFLINE"
    return HubUnreachableError(
        f"Loading the model {request.where}: {why}, and the cache holds no complete copy of it."
        f"{_did_you_mean(request)} To download it once, {instead}; or pass a local folder, or leave the name out to "
        "use the embedded model.",
        path=request.name,
    )


def _explain(request: HubRequest, error: Exception) -> CheckpointError | None:
    """Our error for one of huggingface_hub's, or None for what is not about the hub (a full disk, say)."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, GatedRepoError):
        return _no_access(request, "it is gated. Accept its terms on its page, then pass token=, or log in")
    if isinstance(error, RevisionNotFoundError):
        return _no_access(
            request, "the model is there and this revision is not. Pass a branch, a tag or a commit of it"
        )
    # Mirrors leave out the header that tells a missing model (404, or 401 where it might be private) from a bad token.
    anonymous = status == 401 and "credentials" not in str(error)
    if isinstance(error, RepositoryNotFoundError | HFValidationError) or status == 404 or anonymous:
        return _unknown(request)
    if isinstance(error, LocalTokenNotFoundError):
        return _no_access(request, "token=True asks for a saved token and none is saved. Pass the token, or log in")
    if status in (401, 403):
        return _no_access(
            request, f"the hub refused the token (status {status}). Pass token= with one that may read it"
        )
    transport = type(error).__module__.split(".")[0] in _TRANSPORTS
    hub_error = HfHubHTTPError | LocalEntryNotFoundError | OfflineModeIsEnabled | ConnectionError | TimeoutError
    return _unreachable(request, error) if transport or isinstance(error, hub_error) else None


def _no_access(request: HubRequest, why: str) -> UnknownModelError:
    return UnknownModelError(f"Loading the model {request.where} from the hub: {why}.", path=request.name)


def _unknown(request: HubRequest) -> UnknownModelError:
    near = near_names(request.name, 3)
    guess = f" Did you mean {' or '.join(repr(one) for one in near)}?" if near else ""
    return UnknownModelError(
        f"Loading the model {request.where}: there is no folder of this name here (looked at "
        f"{Path(request.written).absolute()}) and no such model on the hub, or it is private.{guess} Expected a "
        "folder or 'organisation/name'; for a private model pass token=. `crossjudge models` lists the known ones.",
        path=request.name,
        near=near,
    )


def _unreachable(request: HubRequest, error: Exception) -> HubUnreachableError:
    return HubUnreachableError(
        f"Loading the model {request.where}: the hub at {_endpoint()} did not answer ({_short(error)}), the cache "
        f"holds no copy, and there is no folder {Path(request.written).absolute()}.{_did_you_mean(request)} Pass a "
        "local folder, leave the name out to use the embedded model, or set HF_ENDPOINT to a hub that can be reached "
        "from here.",
        path=request.name,
    )


def _did_you_mean(request: HubRequest) -> str:
    """A question about a name that may be misspelt, for where the hub could not be asked; nothing for a known one."""
    near = near_names(request.written, 2) or near_names(request.name, 2)
    if not near or find_card(request.name) is not None:
        return ""
    return f" Did you mean {' or '.join(repr(one) for one in near)}?"


def _short(error: Exception) -> str:
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__


def looks_like_path(name: str) -> bool:
    """Whether `name` can only be a path, so that the hub is never asked for it."""
    return name.startswith((".", "/", "~")) or "\\" in name or ":" in name or name.count("/") > 1 or name.endswith("/")


def no_such_folder(name: str | Path) -> UnknownModelError:
    """The error for a path that is not there, with the folders beside it that have similar names."""
    path = Path(name).expanduser()
    if path.is_file():
        return UnknownModelError(
            f"Loading the model '{name}': this is a file. Pass the folder that holds it: '{path.parent}'.",
            path=name,
        )
    beside = [one.name for one in path.parent.iterdir() if one.is_dir()] if path.parent.is_dir() else []
    near = tuple(str(path.with_name(one)) for one in difflib.get_close_matches(path.name, beside))
    guess = f" Did you mean {' or '.join(repr(one) for one in near)}?" if near else ""
    return UnknownModelError(
        f"Loading the model '{name}': there is no such folder (looked at {path.absolute()}).{guess} Expected a folder "
        "with config.json, or a hub name of the form 'organisation/name'.",
        path=name,
        near=near,
    )
