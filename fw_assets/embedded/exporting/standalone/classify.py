"""Labels of texts by the model in this folder: `python classify.py "first text" "second text"`.

Needs numpy and onnxruntime, and tokenizers where there is a tokenizer.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.features.ngrams import count_ngrams, tfidf_cells, truncate


class Classifier:
    """The model of a folder that `fw-assets export --format onnx` wrote.

    Attributes:
        labels: in the order of the columns.
        multi_label: whether a text has any number of labels, each with a probability of its own.
    """

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        self._facts: dict[str, Any] = json.loads((folder / "classifier.json").read_text("utf-8"))
        self.labels: tuple[str, ...] = tuple(self._facts["labels"])
        self.multi_label: bool = self._facts["multi_label"]
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        self._tokenizer: Any = None
        if (folder / "tokenizer.json").exists():
            from tokenizers import Tokenizer

            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.no_padding()
            self._tokenizer.no_truncation()
        self._vocabularies: dict[str, NDArray[Any]] = {}
        if (folder / "ngrams.npz").exists():
            with np.load(folder / "ngrams.npz") as arrays:
                self._vocabularies = dict(arrays)

    def probabilities(self, texts: list[str]) -> NDArray[np.float64]:
        """The probability of each label, (texts, labels); they sum to one unless a text has any number of labels."""
        rows = [self._session.run(["log_probabilities"], self._inputs(text))[0][0] for text in texts]
        return np.exp(np.array(rows, np.float64).reshape(len(texts), len(self.labels)))

    def predict(self, texts: list[str]) -> list[list[str]]:
        """The labels of each text: one, or those that reach their thresholds."""
        probability = self.probabilities(texts)
        chosen = np.zeros(probability.shape, bool)
        if self.multi_label:
            chosen = probability >= np.array(self._facts["thresholds"])
        if not self._facts["allow_empty"] and texts:
            chosen[np.arange(len(texts)), probability.argmax(axis=1)] = True
        return [[self.labels[column] for column in np.flatnonzero(row)] for row in chosen]

    def _inputs(self, text: str) -> dict[str, NDArray[Any]]:
        inputs: dict[str, NDArray[Any]] = {}
        if self._tokenizer is not None:
            limit = self._facts["max_pieces"]
            ids = self._tokenizer.encode(text).ids
            ids = ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]
            inputs["input_ids"] = np.array([ids], np.int64)
        if self._vocabularies:
            counts = count_ngrams([truncate(text, self._facts["max_tokens"])])
            for kind in self._facts["vocabularies"]:
                keys, idf = self._vocabularies[f"{kind}_keys"], self._vocabularies[f"{kind}_idf"]
                _, column, value = tfidf_cells(counts, keys, idf)
                inputs |= {f"{kind}_columns": column.astype(np.int64), f"{kind}_values": value}
        return inputs


if __name__ == "__main__":
    for labels in Classifier(Path(__file__).parent).predict(sys.argv[1:]):
        print(json.dumps(labels, ensure_ascii=False))
