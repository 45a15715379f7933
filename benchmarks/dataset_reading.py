"""Reading chat JSONL at size, beside a `json` loop, polars' own reader, duckdb and a plain byte read.

Run as `python -m benchmarks.dataset_reading [ROWS ...]` (default 100000 1000000 3000000). Every run is a process
of its own; the methods take turns, so that a busy moment meets all of them, and the best of each method's runs counts
(five up to 200,000 rows, two above). Memory is the highest sum over the process and its workers of what is resident
(Linux). Starting workers is part of the time, importing libraries is not.

Two answers are compared. The *rows*: every row's number, messages, input text, answer, ground truth and a content
digest, in a parquet file; that is what `read_rows` gives, besides checking each line. Number, text, answer and ground
truth of all rows are compared with those of `read_rows`. The *counts*: how often each label occurs, and no more.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ALIKE = 0.8


def write_rows(path: Path, rows: int, labels: int = 77) -> None:
    """Synthetic chats of about 300 bytes: a third with a system message, a fifth with a `ground_truth`."""
    chance = random.Random(rows)
    words = [f"{a}{b}" for a in ("pay", "card", "top", "ref", "lim", "acc", "tra", "ver") for b in ("ment", "up", "it")]
    texts = [" ".join(chance.choices(words, k=chance.randint(6, 30))) for _ in range(20_000)]
    system = {"role": "system", "content": "Say what the customer's message is about."}
    with path.open("w") as file:
        for number in range(rows):
            label = f"label_{chance.randrange(labels)}"
            asked = {"role": "user", "content": f"{chance.choice(texts)} no {number}"}
            messages = [asked, {"role": "assistant", "content": label}]
            row: dict[str, object] = {"messages": [system, *messages] if number % 3 == 0 else messages}
            if number % 5 == 0:
                row["ground_truth"] = label
            file.write(json.dumps(row) + "\n")


def plain_bytes(path: Path, _: Path) -> int:
    lines = 0
    with path.open("rb") as file:
        while block := file.read(16 << 20):
            lines += block.count(b"\n")
    return lines


def ours(path: Path, out: Path) -> int:
    from fw_assets.classification.dataset.reader import read_rows
    from fw_assets.classification.dataset.row_store import RowStore

    return read_rows(path, source="train", row_store=RowStore(out)).files[0].rows


def json_rows(path: Path, out: Path) -> int:
    import polars as pl

    names = ["row", "messages", "text", "answer", "ground_truth", "digest"]
    columns: list[tuple[int, str, str, str, str | None, str]] = []
    with path.open() as file:
        for number, line in enumerate(file, 1):
            row = json.loads(line)
            turns = row["messages"]
            text = "\n".join(turn["content"] for turn in turns[:-1] if turn["role"] != "system")
            digest = hashlib.md5("\x1e".join(turn["content"] for turn in turns).encode()).hexdigest()
            compact = json.dumps(turns, separators=(",", ":"))
            columns.append((number, compact, text, turns[-1]["content"], row.get("ground_truth"), digest))
            if len(columns) == 1 << 16:
                pl.DataFrame(columns, schema=names, orient="row").write_parquet(out / f"{number:09d}.parquet")
                columns = []
    pl.DataFrame(columns, schema=names, orient="row").write_parquet(out / "last.parquet")
    return number


def json_counts(path: Path, _: Path) -> int:
    counts: Counter[str] = Counter()
    with path.open() as file:
        for line in file:
            row = json.loads(line)
            counts[row.get("ground_truth") or row["messages"][-1]["content"]] += 1
    return counts.total()


def polars_rows(path: Path, out: Path) -> int:
    import polars as pl

    message = pl.Struct({"role": pl.String, "content": pl.String})
    frame = pl.scan_ndjson(path, schema={"messages": pl.List(message), "ground_truth": pl.String})
    content = pl.element().struct.field("content")
    asked = pl.element().filter(pl.element().struct.field("role") == "user").struct.field("content")
    frame.select(
        pl.int_range(1, pl.len() + 1).alias("row"),
        "messages",
        pl.col("messages").list.eval(asked).list.join("\n").alias("text"),
        pl.col("messages").list.last().struct.field("content").alias("answer"),
        "ground_truth",
        pl.col("messages").list.eval(content).list.join("\x1e").hash().alias("digest"),
    ).sink_parquet(out / "rows.parquet", compression="lz4")
    return int(pl.scan_parquet(out / "rows.parquet").select(pl.len()).collect().item())


DUCKDB_READ = "read_json('{path}', format='newline_delimited', columns={{messages: 'JSON', ground_truth: 'VARCHAR'}})"


def duckdb_rows(path: Path, out: Path) -> int:
    import duckdb

    turns = """from_json(messages, '[{"role": "VARCHAR", "content": "VARCHAR"}]')"""
    connection = duckdb.connect()
    connection.execute(
        f"""
        copy (
            select row, messages,
                   list_aggregate([t.content for t in turns if t.role = 'user'], 'string_agg', '\n') as text,
                   turns[-1].content as answer, ground_truth,
                   md5(list_aggregate([t.content for t in turns], 'string_agg', '\x1e')) as digest
            from (select row_number() over () as row, messages, {turns} as turns, ground_truth
                  from {DUCKDB_READ.format(path=path)})
        ) to '{out / "rows.parquet"}' (format parquet, compression lz4)
        """
    )
    return int(connection.execute(f"select count(*) from '{out / 'rows.parquet'}'").fetchall()[0][0])


def duckdb_counts(path: Path, _: Path) -> int:
    import duckdb

    label = "coalesce(ground_truth, json_extract_string(messages, '$[#-1].content'))"
    query = f"select {label} as label, count(*) from {DUCKDB_READ.format(path=path)} group by label"
    return sum(count for _, count in duckdb.connect().execute(query).fetchall())


OURS = "fw-assets read_rows"
METHODS: dict[str, tuple[str, Callable[[Path, Path], int]]] = {
    OURS: ("rows", ours),
    "json loop": ("rows", json_rows),
    "polars scan_ndjson": ("rows", polars_rows),
    "duckdb read_json": ("rows", duckdb_rows),
    "json loop, counts": ("counts", json_counts),
    "duckdb, counts": ("counts", duckdb_counts),
    "plain byte read": ("lines", plain_bytes),
}
MAX_ROWS = {"polars scan_ndjson": 1_000_000, "json loop": 1_000_000, "json loop, counts": 1_000_000}
"""Beyond it, polars wants about 14 GB and a `json` loop minutes."""


@dataclass
class Runs:
    """What the runs of one method gave: seconds (imports before), peak resident GB, rows, the answer's fingerprint."""

    seconds: list[float] = field(default_factory=list)
    peak: float = 0.0
    rows: int = 0
    answer: int | None = None


def run(name: str, path: Path, runs: Runs) -> None:
    """Run a method once, in a process of its own."""
    with tempfile.TemporaryDirectory(dir=path.parent) as out:
        command = [sys.executable, "-m", "benchmarks.dataset_reading", "--one", name, str(path), out]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        highest = [0.0]
        watcher = threading.Thread(target=_watch, args=(process, highest))
        watcher.start()
        said = process.communicate()[0].split()
        watcher.join()
        if process.returncode or len(said) != 2:
            raise RuntimeError(f"{name} failed")
        runs.seconds.append(float(said[0]))
        runs.peak, runs.rows = max(runs.peak, highest[0]), int(said[1])
        if METHODS[name][0] == "rows" and runs.answer is None:
            runs.answer = fingerprint(Path(out))


def fingerprint(folder: Path) -> int:
    """Of the rows in a folder's parquet files, in whatever order: number, text, answer and ground truth."""
    import polars as pl

    frame = pl.scan_parquet(folder / "*.parquet")
    truth = pl.col("ground_truth")
    if isinstance(frame.collect_schema()["ground_truth"], pl.List):
        truth = truth.list.join("\x1d")
    given = pl.when(truth.is_null()).then(pl.lit("none")).otherwise(pl.lit("one"))
    whole = pl.concat_str(pl.col("row").cast(pl.Int64), "text", "answer", truth.fill_null(""), given, separator="\x1e")
    found = frame.select(whole.hash().cast(pl.UInt128).sum(), pl.len().alias("rows")).collect(engine="streaming")
    return hash(found.row(0))


def _watch(process: subprocess.Popen[str], highest: list[float]) -> None:
    while process.poll() is None:
        highest[0] = max(highest[0], _resident(process.pid) / 2**20)
        time.sleep(0.05)


def _resident(pid: int) -> int:
    """KiB of a process and its children; pages that they share are counted once for each."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return own + sum(_resident(int(child)) for child in children)


def compare(size: int, path: Path) -> dict[str, Runs]:
    """Every method in turn, and again; the answers are held against each other."""
    methods = [name for name in METHODS if size <= MAX_ROWS.get(name, size)]
    found = {name: Runs() for name in methods}
    for _ in range(5 if size <= 200_000 else 2):
        for name in methods:
            run(name, path, found[name])
    own = found[OURS]
    for name, runs in found.items():
        if runs.rows != size:
            raise RuntimeError(f"{name} found {runs.rows} rows")
        if runs.answer not in (None, own.answer):
            raise RuntimeError(f"{name} gives another answer")
    return found


def main(sizes: list[int]) -> None:
    per_row: dict[int, float] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "chats.jsonl"
            write_rows(path, size)
            megabytes = path.stat().st_size / 1e6
            print(f"\n{size:,} rows, {megabytes:,.0f} MB")
            found = compare(size, path)
        print(f"{'method':22} {'answer':7} {'seconds':>8} {'MB/s':>6} {'peak GB':>8}")
        for name, runs in found.items():
            took = min(runs.seconds)
            print(f"{name:22} {METHODS[name][0]:7} {took:8.2f} {megabytes / took:6.0f} {runs.peak:8.2f}")
        own = min(found[OURS].seconds)
        per_row[size] = own / size
        others = {
            name: min(runs.seconds) for name, runs in found.items() if METHODS[name][0] == "rows" and name != OURS
        }
        fastest = min(others, key=others.__getitem__)
        ratio = others[fastest] / own
        print(f"speed over the fastest other with the same answer ({fastest}): {ratio:.2f}")
        print(f"at least {ALIKE}: {_said(ratio >= ALIKE)}; memory under 1.5 GB: {_said(found[OURS].peak < 1.5)}")
        print(f"speed over duckdb's counts alone: {min(found['duckdb, counts'].seconds) / own:.2f}")
    first, last = min(per_row), max(per_row)
    growth = per_row[last] / per_row[first]
    print(f"\ntime a row at {last:,} over {first:,}: {growth:.2f}; at most 1.2: {_said(growth <= 1.2)}")


def _said(holds: bool) -> str:
    return "yes" if holds else "NO"


def _one(name: str, path: str, out: str) -> None:
    import polars as pl

    pl.DataFrame({"warm": [1]})
    if name.startswith("duckdb"):
        import duckdb  # noqa: F401
    if name.startswith("fw"):
        import fw_assets.classification.dataset.reader  # noqa: F401
    started = time.perf_counter()
    rows = METHODS[name][1](Path(path), Path(out))
    print(time.perf_counter() - started, rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _one(*sys.argv[2:5])
    else:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("rows", type=int, nargs="*", default=[100_000, 1_000_000, 3_000_000])
        main(parser.parse_args().rows)
