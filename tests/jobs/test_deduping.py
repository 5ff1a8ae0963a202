"""Deduplication in stages: the clusters of `Deduplicator`, however many shards, groups and cells there are."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from job_runs import WORDS, plan_of, read_output, run_here, write_jsonl

from crossjudge import BiEncoder, CrossEncoder, Deduplicator
from crossjudge.jobs.deduping import cells, finding, grouping, routing
from crossjudge.jobs.deduping.routing import connected

OPTIONS = {"threshold": 0.55, "least_cosine": 0.3, "neighbours": 60}


def some_texts(seed: int, count: int = 60) -> list[str]:
    """Short texts of few words, some of which repeat another, also in capitals."""
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(2, 4))) for _ in range(count)]
    return [draw.choice(texts).upper() if draw.random() < 0.1 else text for text in texts]


def dedupe(tmp_path, rows, name="out", options=OPTIONS, **more):
    source = write_jsonl(tmp_path / f"{name}.jsonl", rows)
    result = run_here(plan_of(source, tmp_path / name, task="dedupe", task_options=options, **more))
    return read_output(tmp_path / name).to_pylist(), result


def account(tmp_path, name="out"):
    return json.loads((tmp_path / name / "_report.json").read_text())["details"]


def by_deduplicator(texts, options=OPTIONS):
    """Cluster (its first row) and representative of every row, and the report."""
    model = CrossEncoder(backend="fake", head="duplicate")
    report = Deduplicator(model=model, first_stage_model=BiEncoder(backend="fake"), **options).report(texts)
    found = {}
    for cluster in report.clusters:
        found |= dict.fromkeys(cluster.indices, (cluster.indices[0], texts[cluster.representative]))
    return [found[row] for row in range(len(texts))], report


@pytest.mark.parametrize("seed", range(2))
def test_clusters_are_those_of_a_deduplicator(tmp_path, monkeypatch, seed):
    """With one component a unit, and groups that are searched in parts."""
    monkeypatch.setattr(finding, "PART_TEXTS", 25)
    monkeypatch.setattr(routing, "UNIT_TEXTS", 1)
    texts = some_texts(seed)
    rows, result = dedupe(tmp_path, [{"text": text} for text in texts])
    expected, report = by_deduplicator(texts)
    assert [(row["cluster"], row["representative"]) for row in rows] == expected
    found = account(tmp_path)
    assert (found["texts"], found["copies"]) == (len(texts) - report.copies, report.copies)
    assert (found["candidates"], found["at_limit"], found["merged"]) == (
        report.candidates, report.at_limit, report.merged
    )  # fmt: skip
    tally = report.tally
    assert (found["compared"], found["ruled_apart"], found["duplicates"]) == (
        tally.compared, tally.ruled_apart, tally.duplicates
    )  # fmt: skip
    assert result.summary.saved.scored == found["compared"]
    assert result.summary.outcomes["kept"] == len({cluster for cluster, _ in expected})


def test_a_text_brings_its_nearest_only_and_those_that_have_more_are_counted(tmp_path):
    texts, options = some_texts(2, count=40), OPTIONS | {"neighbours": 2}
    dedupe(tmp_path, [{"text": text} for text in texts], options=options)
    found, (_, report) = account(tmp_path), by_deduplicator(texts, options)
    assert found["at_limit"] == report.at_limit > 0
    assert found["candidates"] <= 2 * found["texts"]


def test_shards_change_nothing(tmp_path):
    rows = [{"text": text, "at": place} for place, text in enumerate(some_texts(7))]
    whole, _ = dedupe(tmp_path, rows, "whole", work={"shard_rows": 1_000})
    assert dedupe(tmp_path, rows, "by-7", work={"shard_rows": 7})[0] == whole


def test_a_bad_row_has_its_reason_and_a_copy_the_cluster_of_its_text(tmp_path):
    texts = ["late ferry", "cold rain", "LATE  ferry", "", "cold rain"]
    rows, _ = dedupe(tmp_path, [{"text": text} for text in texts], work={"shard_rows": 1})
    assert [row["cluster"] for row in rows] == [0, 1, 0, None, 1]
    assert [row["representative"] for row in rows] == ["late ferry", "cold rain", "late ferry", None, "cold rain"]
    assert rows[3]["error"].startswith("column 'text' is str ''; expected text that says something")


@pytest.mark.parametrize("group_texts", [1, 1_000])
def test_texts_are_compared_within_their_block_only(tmp_path, monkeypatch, group_texts):
    """Each block has the clusters that it would have alone, whether blocks share a group or not."""
    monkeypatch.setattr(grouping, "GROUP_TEXTS", group_texts)
    texts = some_texts(3)
    blocks = [
        random.Random(text).choice(["de", "fr", "it"]) if place % 9 else "alone" for place, text in enumerate(texts)
    ]
    rows, _ = dedupe(
        tmp_path, [{"text": text, "land": block} for text, block in zip(texts, blocks, strict=True)],
        columns={"block": "land"},
    )  # fmt: skip
    for block in set(blocks):
        inside = [row for row in range(len(texts)) if blocks[row] == block]
        expected, _ = by_deduplicator([texts[row] for row in inside])
        assert [rows[row]["cluster"] for row in inside] == [inside[first] for first, _ in expected]
    sizes = [len({texts[row].casefold() for row in range(len(texts)) if blocks[row] == block}) for block in set(blocks)]
    found = account(tmp_path)
    assert (found["blocks"], found["largest_block"], found["texts"]) == (len(sizes), max(sizes), sum(sizes))
    assert found["pairs_in_one_block"] == sum(size * (size - 1) // 2 for size in sizes)


def test_cells_find_most_of_what_is_near_and_nothing_else(tmp_path, monkeypatch):
    texts = [{"text": text} for text in some_texts(5, count=120)]
    exact, _ = dedupe(tmp_path, texts, "exact")
    monkeypatch.setattr(cells, "CELL_TEXTS", 50)
    divided, _ = dedupe(tmp_path, texts, "cells", OPTIONS | {"search": "approximate"})
    found = account(tmp_path, "cells")
    assert (found["search"], found["texts_searched_approximately"]) == ("approximate", found["texts"])
    assert 0.7 * account(tmp_path, "exact")["candidates"] < found["candidates"]
    clusters = len({row["cluster"] for row in divided})
    assert abs(clusters - len({row["cluster"] for row in exact})) < 0.2 * clusters


def test_components_are_found_in_any_graph():
    """Beside a plain walk from text to text."""
    draw = np.random.default_rng(0)
    for count in (0, 1, 30, 200):
        edges = draw.integers(0, 150, (count, 2)) * 7
        texts, components = connected(edges)
        label = {text: text for text in texts.tolist()}
        for _ in label:
            for one, other in edges.tolist():
                label[one] = label[other] = min(label[one], label[other])
        assert components.tolist() == [label[text] for text in texts.tolist()]
    chain = np.stack([np.arange(500), np.arange(1, 501)], axis=1)[::-1]
    assert connected(chain)[1].tolist() == [0] * 501


def test_one_text_and_none(tmp_path):
    assert dedupe(tmp_path, [{"text": "late"}], "one")[0][0]["cluster"] == 0
    assert dedupe(tmp_path, [{"text": ""}], "blank")[0][0]["cluster"] is None
