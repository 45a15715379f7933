"""Reading a table at size, beside polars, on the same file and to the same rows.

Run as `python -m benchmarks.table_reading [ROWS ...]` (default 1000000). Every run is a process of its own; the methods
take turns and the best of each one's runs counts. Importing libraries is not part of the time.

- *polars read_csv*: the table in memory, and nothing else.
- *polars, the same rows*: the table as chat rows with the digest of each (`content_digests`, the one step that is no
  expression), written to a Parquet file: what `read_rows` gives, without any check, count or place of a bad line.
- *fw-assets*: `read_rows` with `FileParser`, which also finds the format, the encoding and the columns.

Number, text, answer and digest of all rows are compared.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

RUNS = 3


def write_table(path: Path, rows: int, labels: int = 77) -> None:
    """Synthetic messages of about 150 bytes; a tenth with quotation marks or line breaks."""
    chance = random.Random(rows)
    words = [f"{a}{b}" for a in ("pay", "card", "top", "ref", "lim", "acc", "tra", "ver") for b in ("ment", "up", "it")]
    texts = [" ".join(chance.choices(words, k=chance.randint(6, 30))) for _ in range(20_000)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        for number in range(rows):
            text = f"{chance.choice(texts)} no {number}"
            text = f'"{text}",\nthey said' if number % 10 == 0 else text
            writer.writerow([number, text, f"label_{chance.randrange(labels)}"])


def polars_read_csv(path: Path, _: Path) -> int:
    import polars as pl

    return pl.read_csv(path).height


def polars_same_rows(path: Path, out: Path) -> int:
    import polars as pl

    from fw_assets.classification.dataset.row_parser import content_digests

    def turn(role: str, column: str) -> pl.Expr:
        return pl.struct(role=pl.lit(role), content=pl.col(column)).struct.json_encode()

    table = pl.read_csv(path, infer_schema=False, row_index_name="row", row_index_offset=2)
    content = pl.concat_str(pl.lit("ua\x1e"), "text", pl.lit("\x1e\x1d\x1e\x1d\x1e"), "label")
    rows = table.select(
        "row",
        pl.concat_str(pl.lit("["), turn("user", "text"), pl.lit(","), turn("assistant", "label"), pl.lit("]")).alias(
            "messages"
        ),
        "text",
        pl.col("label").alias("answer"),
        content.alias("digest"),
    )
    digests = pl.Series("digest", content_digests(rows["digest"].cast(pl.Binary).to_list()), dtype=pl.String)
    rows.with_columns(digests).write_parquet(out / "rows.parquet", compression="lz4", statistics=False)
    return rows.height


def ours(path: Path, out: Path) -> int:
    from fw_assets.classification.dataset.reader import read_rows
    from fw_assets.classification.dataset.row_store import RowStore
    from fw_assets.classification.formats.parser import FileParser

    return read_rows(path, source="train", row_store=RowStore(out), parse=FileParser().parse).files[0].rows


METHODS: dict[str, Callable[[Path, Path], int]] = {
    "polars read_csv": polars_read_csv,
    "polars, the same rows": polars_same_rows,
    "fw-assets": ours,
}


def timed(name: str, path: Path, out: Path) -> float:
    """Seconds of one method in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--one", name, str(path), str(out)], capture_output=True, check=True
    )
    return float(result.stdout)


def run_one(name: str, path: Path, out: Path) -> None:
    for module in ("polars", "fw_assets.classification.dataset.reader", "fw_assets.classification.formats.parser"):
        importlib.import_module(module)
    start = time.perf_counter()
    METHODS[name](path, out)
    print(time.perf_counter() - start)


def check_equal(folder: Path) -> None:
    """Compare the rows of both."""
    import polars as pl

    columns = ["row", "text", "answer", "digest"]
    own = pl.scan_parquet(sorted((folder / "fw-assets").glob("*.parquet"))).select(columns).collect()
    other = pl.read_parquet(folder / "polars, the same rows" / "rows.parquet", columns=columns)
    if not own.equals(other):
        raise SystemExit("the rows differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "FILE", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one[0], Path(options.one[1]), Path(options.one[2]))
        return
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = folder / "rows.csv"
            write_table(path, rows)
            best: dict[str, float] = {}
            for _ in range(RUNS):
                for method in METHODS:
                    out = folder / method
                    out.mkdir(exist_ok=True)
                    best[method] = min(best.get(method, 1e9), timed(method, path, out))
            check_equal(folder)
            print(f"{rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
            for method, seconds in best.items():
                print(
                    f"  {method:24} {seconds:7.2f} s   fw-assets takes {best['fw-assets'] / seconds:.2f} times as long"
                )


if __name__ == "__main__":
    main()
