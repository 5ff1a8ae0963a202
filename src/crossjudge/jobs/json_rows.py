"""Lines of JSON as columns: fast where every line is well formed, one by one where not, with the same types."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.json

PLAIN_TYPES = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string, pa.types.is_null)


def schema_of_lines(lines: Sequence[bytes], known: pa.Schema) -> pa.Schema:
    """`known` and the columns of these lines together; lines that are no JSON object have none."""
    table = _parsed(lines, None)
    if table is None:
        return unified(known, _schema_of_objects([one for one in map(_object, lines) if isinstance(one, dict)]))
    found = pa.schema([pa.field(one.name, _written(one.type)) for one in table.schema])
    return known if found == known else unified(known, found)


def unified(one: pa.Schema, other: pa.Schema) -> pa.Schema:
    """The columns of both. What is of two types that do not go together becomes text: JSON, unless it is text."""
    types: dict[str, pa.DataType] = {field.name: field.type for field in one}
    for field in other:
        types[field.name] = _common(types.get(field.name, field.type), field.type)
    return pa.schema(list(types.items()))


def read_lines(
    lines: Sequence[bytes], schema: pa.Schema, *, texts: Collection[str], name: str, first_line: int
) -> tuple[pa.Table, dict[int, str]]:
    """Lines that are not blank -> a row each, in `schema`, and what is wrong with some: row -> reason.

    `texts`: columns that must hold text, or lists of it, for the row to be of use. `first_line`: the number of the
    first line, which reasons state.
    """
    wanted = [line for line in lines if line.strip()]
    table = _parsed(wanted, schema)
    if table is not None:
        return table, {}
    numbers = [number for number, line in enumerate(lines, start=first_line) if line.strip()]
    return _one_by_one(wanted, schema, texts=texts, name=name, numbers=numbers)


def _parsed(lines: Sequence[bytes], schema: pa.Schema | None) -> pa.Table | None:
    """All lines at once, or None where one of them is not what the others are."""
    block = b"".join(lines)
    try:
        block.decode("utf-8")  # the parser takes other bytes as they come
        table = pa.json.read_json(
            io.BytesIO(block.removeprefix(b"\xef\xbb\xbf")),
            read_options=pa.json.ReadOptions(use_threads=False, block_size=max(len(block), 1) + 1),
            parse_options=pa.json.ParseOptions(
                explicit_schema=schema, unexpected_field_behavior="infer" if schema is None else "ignore"
            ),
        )
    except (UnicodeDecodeError, pa.ArrowException):
        return None
    if table.num_rows != len(lines):
        return None
    return table if schema is None else table.select(schema.names)


def _written(kind: pa.DataType) -> pa.DataType:
    """The type as JSON means it: what looks like a time is text there, and an object without fields cannot be kept."""
    if pa.types.is_list(kind):
        return pa.list_(_written(kind.value_type))
    if pa.types.is_struct(kind) and kind.num_fields:
        return pa.struct([pa.field(one.name, _written(one.type)) for one in kind])
    return kind if any(holds(kind) for holds in PLAIN_TYPES) else pa.string()


def _schema_of_objects(objects: Sequence[Mapping[str, Any]]) -> pa.Schema:
    names = dict.fromkeys(name for one in objects for name in one)
    return pa.schema([(name, _type_of([one.get(name) for one in objects])) for name in names])


def _type_of(values: Sequence[Any]) -> pa.DataType:
    try:
        return _written(pa.array(values).type)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return pa.string()


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other:
        return one
    try:
        pair = [pa.schema([("", kind)]) for kind in (one, other)]
        return pa.unify_schemas(pair, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.string()


def _object(line: bytes) -> dict[str, Any] | str:
    """The object, or what is wrong with the line."""
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte 0x{line[error.start]:02x}). Save the file as UTF-8."
    except (ValueError, RecursionError) as error:
        return f"not valid JSON ({error}); expected one object a line. Correct the line."
    if isinstance(found, dict):
        return found
    return f"found a JSON {type(found).__name__}; expected one object a line. Correct the line."


def _one_by_one(
    lines: Iterable[bytes], schema: pa.Schema, *, texts: Collection[str], name: str, numbers: Sequence[int]
) -> tuple[pa.Table, dict[int, str]]:
    problems: dict[int, str] = {}
    objects: list[dict[str, Any]] = []
    for row, line in enumerate(lines):
        found = _object(line)
        problem = found if isinstance(found, str) else _unusable(found, texts)
        if problem is not None:
            problems[row] = f"{name} line {numbers[row]}: {problem}"
        objects.append({} if isinstance(found, str) else found)
    columns = [_column([one.get(field.name) for one in objects], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema), problems


def _unusable(found: Mapping[str, Any], texts: Collection[str]) -> str | None:
    for column in texts:
        value = found.get(column)
        if value is None or isinstance(value, list):
            continue
        if not isinstance(value, str):
            shown = f"{type(value).__name__} {str(value)[:40]!r}"
            return f"field {column!r} is {shown}; expected text. Correct the row, or leave it out."
        if not _is_unicode(value):
            return f"field {column!r} holds half a character (a lone surrogate); expected text. Correct the row."
    return None


def _is_unicode(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values as one column; what does not fit its type is left empty."""
    if pa.types.is_string(kind):
        values = [_as_text(value) for value in values]
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return pa.concat_arrays([_one_value(value, kind) for value in values])


def _one_value(value: Any, kind: pa.DataType) -> pa.Array:
    try:
        return pa.array([value], kind)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return pa.nulls(1, kind)


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if _is_unicode(text) else text.encode("utf-8", "replace").decode("utf-8")
