"""Float32 graphs become int8: ranges measured on texts, numbers chosen from them, linear layers rewritten."""

from crossjudge.models.quantization.calibration import Feeds, Range, Ranges, collect_ranges, joined_ranges
from crossjudge.models.quantization.planning import Method, Methods
from crossjudge.models.quantization.reading import initializers, read_constants, read_modules
from crossjudge.models.quantization.rewriting import Dialect, quantize_graphs, rewrite_graphs
from crossjudge.models.quantization.selection import Harm, Selection, select_methods

__all__ = [
    "Dialect", "Feeds", "Harm", "Method", "Methods", "Range", "Ranges", "Selection",
    "collect_ranges", "initializers", "joined_ranges", "quantize_graphs", "read_constants", "read_modules",
    "rewrite_graphs", "select_methods",
]  # fmt: skip
