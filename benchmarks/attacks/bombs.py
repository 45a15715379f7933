"""Small inputs that are meant to take much time or memory: instructions, session files, datasets."""

from __future__ import annotations

import gzip
import json
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import zstandard

from benchmarks.attacks.frame import Attacks, BrokenError, require
from benchmarks.attacks.trial import Trial
from fw_assets.classification.errors import InputError
from fw_assets.classification.instruction.parser import parse_instruction
from fw_assets.classification.session_input import make_session
from fw_assets.classification.yaml_file import read_yaml
from fw_assets.exit_codes import BAD_INPUT, DONE

SECONDS, COMMAND_SECONDS, MEMORY_MB = 20.0, 240.0, 300
LONG = 100_000
INSTRUCTIONS = (
    "1", ".", "\u00e9", "a-", "do not ", "9" * 50 + " ", "70/30 ", "train/test ", "use ", "labels: a, b, ", "\u0130",
    "'", '"', "(", "http://a ", "accounts/a/models/", "%", "and ", "\n", "\0", "not not ", "at most $", "0.", "1e",
    "epochs 3 ", "\u200b", "\U0001f600", "rank 8 and 16 and ",
)  # fmt: skip


def bombs(attacks: Attacks) -> None:
    """Each ends with a value, or with one error, within seconds."""
    for piece in INSTRUCTIONS:
        for length in (4_000, LONG):
            with attacks.attack(f"an instruction of {length:,} characters of {piece[:8]!r}"):
                text = (piece * (length // len(piece) + 1))[:length]
                _ends(lambda text=text: parse_instruction(text, ["accounts/fireworks/models/a-8b"]))  # type: ignore[misc]
    for number, (name, content) in enumerate(_session_files()):
        with attacks.attack(f"a session file: {name}"):
            path = attacks.folder / f"{number}.yaml"
            path.write_bytes(content)
            _ends(lambda path=path: make_session(read_yaml(path, "session"), file=str(path)))  # type: ignore[misc]
    for name, packed, suffix, code in _datasets():
        with attacks.attack(f"a dataset: {name}"):
            trial = Trial(attacks.new_folder("dataset"))
            path = trial.folder / f"bomb.jsonl{suffix}"
            path.write_bytes(packed)
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            ended = trial.finish("plan", str(path), "--model", "char-ngram", seconds=COMMAND_SECONDS)
            require(ended.code == code, f"ends with {ended.message}")
            more = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before
            require(more >> 10 < 4 * MEMORY_MB, f"took {more >> 10} MB")


def _ends(work: Callable[[], Any]) -> None:
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    try:
        work()
    except InputError as error:
        require(len(str(error)) < 4_000, f"an error of {len(str(error)):,} characters")
    except TypeError as error:
        raise BrokenError(f"TypeError: {error}") from None
    seconds = time.monotonic() - started
    require(seconds < SECONDS, f"took {seconds:.0f} s")
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    require(more < MEMORY_MB, f"took {more} MB")


def _session_files() -> Iterator[tuple[str, bytes]]:
    laughs = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    yield "a billion laughs", "\n".join(laughs).encode()
    yield "a list that holds itself", b"models: &a [*a]"
    yield "a mapping that holds itself", b"&a\nmodels: *a"
    yield (
        "merge keys",
        ("a0: &a0 {x: 1}\n" + "\n".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 30))).encode(),
    )
    yield "100,000 brackets", b"models: " + b"[" * LONG
    yield "100,000 braces", b"{a: " * LONG
    yield "100,000 dashes", b"- " * LONG
    yield "100,000 question marks", b"? " * LONG
    yield "10 MB", b"models: [" + b"a, " * 3_500_000 + b"a]"
    yield "a key twice", b"models: [a]\nmodels: [b]"
    yield "a number of 100,000 digits", b"seed: " + b"9" * LONG
    yield "1e999999999", b"max_spend_usd: 1e999999999"
    yield "a date that is none", b"seed: 2020-99-99"
    yield "sexagesimals", b"seed: " + b"1:" * 30_000 + b"1"
    yield "a Python object", b"models: !!python/object/apply:os.system ['true']"
    yield "a Python name", b"models: !!python/name:os.system"
    yield "binary", b"models: !!binary " + b"A" * LONG
    yield "a set", b"models: !!set {a, b}"
    yield "an unknown tag", b"models: !x y"
    yield "NUL", b"models: \0"
    yield "not UTF-8", b"models: \xff\xfe"
    yield "UTF-16", "models: [a]".encode("utf-16")
    yield "two documents", b"models: [a]\n---\nmodels: [b]"
    yield "nothing", b""
    yield "a list", b"- a"
    yield "a word", b"x"
    yield "an anchor without end", b"&" + b"a" * LONG
    yield "JSON nested 100,000 times", b'{"models": ' + b"[" * LONG + b"]" * LONG + b"}"
    yield "a label set of 100,000", ("labels: [" + ", ".join(f"l{n}" for n in range(LONG)) + "]").encode()


def _datasets() -> Iterator[tuple[str, bytes, str, int]]:
    row = {
        "messages": [{"role": "user", "content": "I was charged twice"}, {"role": "assistant", "content": "billing"}]
    }
    rows = [json.dumps(row).encode().replace(b"billing", label) for label in (b"billing", b"sales")]
    lines = b"".join(b"%b\n" % line.replace(b"twice", b"%d times" % n) for n in range(60) for line in rows)
    yield "300 MB of blank lines in gzip", gzip.compress(lines + b"\n" * (300 << 20)), ".gz", DONE
    yield "300 MB of one line in gzip", gzip.compress(b" " * (300 << 20)), ".gz", BAD_INPUT
    yield "300 MB of zeros in zstd", zstandard.compress(b"\0" * (300 << 20)), ".zst", BAD_INPUT
    yield "gzip in gzip", gzip.compress(gzip.compress(lines)), ".gz", BAD_INPUT
    yield "gzip cut off", gzip.compress(lines)[:-20], ".gz", BAD_INPUT
    yield "a line of 100,000 brackets", lines + b"[" * LONG + b"\n", "", BAD_INPUT
    yield (
        "a message nested 50,000 times",
        lines + b'{"messages": ' + b"[" * 50_000 + b"]" * 50_000 + b"}\n",
        "",
        BAD_INPUT,
    )
