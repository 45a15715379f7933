"""Token estimates of a plan beside a byte-pair vocabulary: ratios of the estimate to the tokens that it counts.

`--tokenizer FILE` names the `tokenizer.json` of a model. Without one, a byte-level vocabulary is trained on texts of
the same kinds, half of the sentences of each language among them: a stand-in, smaller than those of models on offer.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from benchmarks.multilingual import SENTENCES, code_texts, json_texts, long_texts
from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.cost.text_volumes import TextVolume, measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR

DATA = Path(__file__).parents[2] / "shared" / "data"
STAND_IN_SIZE = 32_000


def estimate(texts: Sequence[str]) -> Range:
    """The plan's tokens of these texts, without those of a chat template."""
    volume = volume_of(texts).model_copy(update={"messages": 0})
    return BYTE_PAIR.prompt_tokens(volume)


def volume_of(texts: Sequence[str]) -> TextVolume:
    """The volume of these texts as the user turns of a dataset."""
    messages = [json.dumps([{"role": "user", "content": text}]) for text in texts]
    frame = pl.DataFrame({"messages": messages, "labels": [["a"]] * len(texts), "split": ["test"] * len(texts)})
    return next(iter(measure_volumes(frame).values()))


def english(name: str, rows: int) -> list[str]:
    """The first texts of a public dataset beside the checkout; none where it is absent."""
    path = DATA / name / "train.jsonl"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        return [str(json.loads(line)["messages"][0]["content"]) for line in itertools.islice(lines, rows)]


def text_sets(rows: int) -> Mapping[str, list[str]]:
    sets = {
        "English, goemotions": english("goemotions", rows),
        **{f"{language}, long": long_texts(language, rows // 10) for language in SENTENCES},
        "Python": code_texts(rows // 10),
        "JSON": json_texts(rows // 10),
    }
    return {name: texts for name, texts in sets.items() if texts}


def trained(size: int) -> Tokenizer:
    """A byte-level byte-pair vocabulary, trained on texts of every kind but those that are measured."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    corpus = [text for name in ("banking77", "clinc150", "sms_spam") for text in english(name, 10_000)]
    corpus += [sentence for sentences in SENTENCES.values() for sentence in sentences[::2]]
    corpus += code_texts(2_000, package="fw_assets_tests")
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def report(name: str, tokenizer: Tokenizer, rows: int) -> None:
    print(f"\n{name} ({tokenizer.get_vocab_size():,} tokens)")
    print(f"  {'text':<22}{'characters':>12}{'actual':>10}{'per token':>11}{'low':>8}{'expected':>10}{'high':>8}")
    for kind, texts in text_sets(rows).items():
        actual = sum(len(encoding.ids) for encoding in tokenizer.encode_batch(texts, add_special_tokens=False))
        tokens, characters = estimate(texts), sum(map(len, texts))
        ratios = "".join(
            f"{ratio / actual:>{width}.2f}"
            for ratio, width in ((tokens.low, 8), (tokens.expected, 10), (tokens.high, 8))
        )
        inside = "" if tokens.low <= actual <= tokens.high else "  outside"
        print(f"  {kind:<22}{characters:>12,}{actual:>10,}{characters / actual:>11.2f}{ratios}{inside}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json of a model")
    parser.add_argument("--rows", type=int, default=4_000)
    arguments = parser.parse_args()
    print("Estimate over actual: 1.00 is exact; the actual number lies inside where low <= 1 <= high.")
    if arguments.tokenizer:
        report(str(arguments.tokenizer), Tokenizer.from_file(str(arguments.tokenizer)), arguments.rows)
        return
    report("a stand-in, trained here", trained(STAND_IN_SIZE), arguments.rows)


if __name__ == "__main__":
    main()
