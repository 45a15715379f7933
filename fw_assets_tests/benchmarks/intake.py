"""Reading chat JSONL at size, beside a `json` loop, polars' own reader, duckdb and a plain byte read.

Run as `python -m fw_assets_tests.benchmarks.intake [ROWS ...]` (default 100000 1000000 3000000). Every method runs
in a process of its own, best of two runs; memory is the highest sum over the process and its workers of what is
resident (Linux).

Two answers are compared. The *rows*: every row's number, messages, input text, answer, ground truth and a content
digest, in a parquet file; that is what `read_rows` gives, besides checking each line. The *counts*: how often each
label occurs, and no more.
"""

from __future__ import annotations

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
    from fw_assets.classification.rows import read_rows
    from fw_assets.classification.spool import Spool

    return read_rows(path, source="train", spool=Spool(out)).files[0].rows


def json_rows(path: Path, out: Path) -> int:
    import polars as pl

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
                pl.DataFrame(columns, orient="row").write_parquet(out / f"{number}.parquet")
                columns = []
    pl.DataFrame(columns, orient="row").write_parquet(out / "last.parquet")
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


METHODS: dict[str, tuple[str, Callable[[Path, Path], int]]] = {
    "fw-assets read_rows": ("rows", ours),
    "json loop": ("rows", json_rows),
    "polars scan_ndjson": ("rows", polars_rows),
    "duckdb read_json": ("rows", duckdb_rows),
    "json loop, counts": ("counts", json_counts),
    "duckdb, counts": ("counts", duckdb_counts),
    "plain byte read": ("lines", plain_bytes),
}
MOST_ROWS = {"polars scan_ndjson": 1_000_000, "json loop": 1_000_000, "json loop, counts": 1_000_000}
"""Beyond it, polars wants about 14 GB and a `json` loop minutes."""


def measured(name: str, path: Path, runs: int = 2) -> tuple[float, float, int]:
    """Seconds inside the process (imports before), peak resident GB over it and its children, rows."""
    best, peak, rows = float("inf"), 0.0, 0
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=path.parent) as out:
            command = [sys.executable, "-m", "fw_assets_tests.benchmarks.intake", "--one", name, str(path), out]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            highest = [0.0]
            watcher = threading.Thread(target=_watch, args=(process, highest))
            watcher.start()
            said = process.communicate()[0].split()
            watcher.join()
            if process.returncode or len(said) != 2:
                raise RuntimeError(f"{name} failed")
            best, rows, peak = min(best, float(said[0])), int(said[1]), max(peak, highest[0])
    return best, peak, rows


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


def main(sizes: list[int]) -> None:
    per_row: dict[int, float] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "chats.jsonl"
            write_rows(path, size)
            megabytes = path.stat().st_size / 1e6
            print(f"\n{size:,} rows, {megabytes:,.0f} MB")
            print(f"{'method':22} {'answer':7} {'seconds':>8} {'MB/s':>6} {'peak GB':>8}")
            seconds: dict[str, float] = {}
            for name, (answer, _) in METHODS.items():
                if size > MOST_ROWS.get(name, size):
                    continue
                seconds[name], peak, rows = measured(name, path)
                if rows != size:
                    raise RuntimeError(f"{name} found {rows} rows")
                took = seconds[name]
                print(f"{name:22} {answer:7} {took:8.2f} {megabytes / took:6.0f} {peak:8.2f}", flush=True)
            own = seconds["fw-assets read_rows"]
            per_row[size] = own / size
            best = min((took, name) for name, took in seconds.items() if METHODS[name][0] == "rows" and took != own)
            print(f"speed over the fastest other with the same answer ({best[1]}): {best[0] / own:.2f}")
            print(f"speed over duckdb's counts alone: {seconds['duckdb, counts'] / own:.2f}")
    first, last = min(per_row), max(per_row)
    print(f"\ntime a row at {last:,} over {first:,}: {per_row[last] / per_row[first]:.2f}")


def _one(name: str, path: str, out: str) -> None:
    import polars as pl

    pl.DataFrame({"warm": [1]})
    if name.startswith("duckdb"):
        import duckdb  # noqa: F401
    if name.startswith("fw"):
        import fw_assets.classification.rows  # noqa: F401
    started = time.perf_counter()
    rows = METHODS[name][1](Path(path), Path(out))
    print(time.perf_counter() - started, rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _one(*sys.argv[2:5])
    else:
        main([int(size) for size in sys.argv[1:]] or [100_000, 1_000_000, 3_000_000])
