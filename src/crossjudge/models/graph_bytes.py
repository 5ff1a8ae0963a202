"""An ONNX file's last linear layer, found and rewritten in its bytes: changing it needs no package that parses graphs.

The file is protobuf: fields of a number and a wire type. Numbers here are those of onnx.proto. Only as much is read as
is needed to walk from an output back to the linear layer that gives it.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import UnsupportedModelError
from crossjudge.models.integrity import corrupt

_GRAPH = 7
_NODE, _INITIALIZER, _OUTPUT = 1, 5, 12
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FLOAT = 1

Bytes: TypeAlias = mmap.mmap | bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorPlace:
    """Where a float32 tensor's bytes lie."""

    name: str
    dims: tuple[int, ...]
    file: Path
    offset: int

    def read(self) -> NDArray[np.float32]:
        """The values, in the shape `dims`."""
        with self.file.open("rb") as stream:
            stream.seek(self.offset)
            raw = stream.read(4 * math.prod(self.dims))
        return np.frombuffer(raw, dtype="<f4").reshape(self.dims).astype(np.float32)

    def write(self, values: NDArray[np.float32]) -> None:
        """Put `values`, of the shape `dims`, in their place."""
        assert values.shape == self.dims
        with self.file.open("r+b") as stream:
            stream.seek(self.offset)
            stream.write(values.astype("<f4").tobytes())


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphLayer:
    """A linear layer: `features` is the value it reads; `transposed`: the weight is `(num_labels, hidden_size)`."""

    features: str
    weight: TensorPlace
    bias: TensorPlace
    transposed: bool


def last_layer(graph: Path, output: str) -> GraphLayer:
    """The linear layer that gives `output` of the ONNX file `graph`; `UnsupportedModelError` where it is none."""
    nodes, places = _read(graph)
    producers = {name: node for node in nodes for name in node.outputs}
    node = producers.get(output)
    while node is not None and node.op == "Identity":
        node = producers.get(node.inputs[0])
    if node is None:
        raise _unsupported(graph, output, "no node")
    if node.op == "Gemm" and len(node.inputs) == 3:
        features, weight, bias, transposed = *node.inputs, node.transposed
    elif node.op == "Add" and (product := _product(node, producers)) is not None:
        features, weight = product.inputs
        bias, transposed = next(name for name in node.inputs if name not in product.outputs), False
    else:
        raise _unsupported(graph, output, node.op)
    if weight not in places or bias not in places:
        raise _unsupported(graph, output, f"{node.op} of numbers that are not float32 constants")
    return GraphLayer(features=features, weight=places[weight], bias=places[bias], transposed=transposed)


def tensor_places(graph: Path) -> dict[str, TensorPlace]:
    """Name -> place of every float32 constant of an ONNX file."""
    return _read(graph)[1]


def expose(graph: Path, value: str) -> None:
    """Make a float32 value inside the ONNX file `graph` one of its outputs.

    Protobuf joins a message that comes in two parts, so the new output is written behind the file's end.
    """
    kind = _field(1, _varint(_FLOAT), wire=_VARINT)  # Tensor.elem_type
    info = _field(1, value.encode()) + _field(2, _field(1, kind))  # ValueInfo: name, type.tensor_type
    with graph.open("ab") as stream:
        stream.write(_field(_GRAPH, _field(_OUTPUT, info)))


# ------------------------------------------------------------------------------------------------ what is read of nodes


@dataclass(slots=True)
class _Node:
    op: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    transposed: bool = False


def _product(node: _Node, producers: dict[str, _Node]) -> _Node | None:
    """The matrix product that `node` adds a bias to."""
    found = [producers[name] for name in node.inputs if name in producers]
    return found[0] if len(found) == 1 and found[0].op == "MatMul" and len(node.inputs) == 2 else None


def _read(graph: Path) -> tuple[list[_Node], dict[str, TensorPlace]]:
    nodes: list[_Node] = []
    places: dict[str, TensorPlace] = {}
    with graph.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            for number, start, end in _fields(data, 0, len(data)):
                if number == _GRAPH:
                    _read_graph(data, (start, end), graph, nodes, places)
        except (IndexError, ValueError) as error:
            raise corrupt(graph, f"it is no readable ONNX file ({error!r})") from error
    return nodes, places


def _read_graph(
    data: Bytes, within: tuple[int, int], graph: Path, nodes: list[_Node], places: dict[str, TensorPlace]
) -> None:
    for number, start, end in _fields(data, *within):
        if number == _NODE:
            nodes.append(_node(data, start, end))
        elif number == _INITIALIZER and (place := _tensor(data, start, end, graph)) is not None:
            places[place.name] = place


def _node(data: Bytes, start: int, end: int) -> _Node:
    node = _Node()
    for number, first, last in _fields(data, start, end):
        if number == 1:
            node.inputs.append(_text(data, first, last))
        elif number == 2:
            node.outputs.append(_text(data, first, last))
        elif number == 4:
            node.op = _text(data, first, last)
        elif number == 5:
            node.transposed = node.transposed or _is_transposed(data, first, last)
    return node


def _is_transposed(data: Bytes, start: int, end: int) -> bool:
    """Whether an attribute is `transB = 1`."""
    found = {number: (first, last) for number, first, last in _fields(data, start, end)}
    return _text(data, *found[1]) == "transB" and _number(data, found[3][0])[0] == 1


def _tensor(data: Bytes, start: int, end: int, graph: Path) -> TensorPlace | None:
    """Where a constant's bytes lie; None for one that is not float32, or is written as a list of numbers."""
    dims: list[int] = []
    name, kind, raw, outside = "", 0, -1, {}
    for number, first, last in _fields(data, start, end):
        if number == 1:
            dims += _numbers(data, first, last)
        elif number == 2:
            kind = _number(data, first)[0]
        elif number == 8:
            name = _text(data, first, last)
        elif number == 9:
            raw = first
        elif number == 13:
            entry = {one: _text(data, a, b) for one, a, b in _fields(data, first, last)}
            outside[entry[1]] = entry.get(2, "")
    if kind != _FLOAT or (raw < 0 and not outside):
        return None
    if not outside:
        return TensorPlace(name=name, dims=tuple(dims), file=graph, offset=raw)
    beside = graph.parent / outside["location"]
    if beside.parent != graph.parent:
        raise corrupt(graph, f"it names {outside['location']!r}, which is not a file beside it")
    return TensorPlace(name=name, dims=tuple(dims), file=beside, offset=int(outside.get("offset", 0)))


# ------------------------------------------------------------------------------------------------------ protobuf itself


def _fields(data: Bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(number, first byte, byte after the last) of each field in a message; a varint's "bytes" are its own."""
    position = start
    while position < end:
        tag, position = _number(data, position)
        wire = tag & 7
        if wire == _VARINT:
            _, after = _number(data, position)
        elif wire == _BYTES:
            length, position = _number(data, position)
            after = position + length
        elif wire in (_FIXED64, _FIXED32):
            after = position + (8 if wire == _FIXED64 else 4)
        else:
            raise ValueError(f"wire type {wire}")
        if after > end:
            raise ValueError("a field that is longer than its message")
        yield tag >> 3, position, after
        position = after


def _number(data: Bytes, position: int) -> tuple[int, int]:
    """A varint, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number without end")


def _numbers(data: Bytes, start: int, end: int) -> list[int]:
    """One varint, or several packed together."""
    found = []
    while start < end:
        value, start = _number(data, start)
        found.append(value)
    return found


def _text(data: Bytes, start: int, end: int) -> str:
    return bytes(data[start:end]).decode("utf-8")


def _field(number: int, content: bytes, *, wire: int = _BYTES) -> bytes:
    head = _varint(number << 3 | wire)
    return head + content if wire == _VARINT else head + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def _unsupported(graph: Path, output: str, seen: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"Looking for the last layer of {graph}: the output {output!r} comes from {seen}; expected a float32 linear "
        "layer (Gemm, or MatMul and Add). Use the float32 checkpoint that this was made of.",
        path=graph,
    )
