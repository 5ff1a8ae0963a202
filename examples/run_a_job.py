"""How are files judged that are larger than memory? A plan says what; run again after a stop, the job goes on."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from crossjudge.jobs import run_job

CLAIMS = ["The pool opens at six.", "The pool is closed on Mondays.", "A day ticket costs four euros."]
PAGE = "The pool opens at six every morning. Day tickets are four euros, and children swim free on Sundays."

PLAN = """
task = "judge"

[input]
path = "claims.jsonl"

[output]
path = "judged"
"""


def main() -> None:
    """Write an input with a bad row in it, run the plan twice, and read the output."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [{"premise": PAGE, "hypothesis": claim} for claim in CLAIMS] + [{"premise": PAGE}]
        (folder / "claims.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        (folder / "plan.toml").write_text(PLAN, encoding="utf-8")

        first = run_job(folder / "plan.toml", workers=1)
        again = run_job(folder / "plan.toml", workers=1)
        print(f"the first run did {first.shards_done} shard, the second, which found it done, {again.shards_done}")
        for row in pq.ParquetDataset(sorted((folder / "judged").glob("*.parquet"))).read().to_pylist():
            print(f"{row['label'] or row['error'][:76]:<78} {row['hypothesis'] or ''}")


if __name__ == "__main__":
    main()
