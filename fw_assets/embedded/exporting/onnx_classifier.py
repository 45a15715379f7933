"""A tuned small model as an ONNX graph, from token ids and n-grams to the log probabilities of its labels.

Inputs, of one text at a time: `input_ids` int64 (1, tokens) where the model has sentence embeddings; for each
vocabulary of n-grams `KIND_columns` int64 (n) and `KIND_values` float32 (n), the cells of its TF-IDF row. Output:
`log_probabilities` float32 (1, labels), natural. `classify.py` beside it makes these inputs of a text.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.features import minilm_encoder, ngram_encoder, ngrams, sentence_encoder
from fw_assets.embedded.engine.features.minilm_weights import verified_weights
from fw_assets.embedded.engine.features.onnx_graph import OUTPUTS, WIDTH, GraphWriter, encoder_states
from fw_assets.embedded.engine.label_names import humanise
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.tuned_model import TunedModel
from fw_assets.embedded.exporting import standalone

MAX_NAME_CELLS = 50_000_000
"""Cells of the table of label names over n-grams that a graph holds, which is not sparse there."""


def write_classifier(tuned: TunedModel, folder: Path, cache: Path) -> None:
    """Write `model.onnx`, `classifier.json`, what turns texts into its inputs, and `classify.py`.

    Raises:
        EngineError: its labels are more than a graph holds.
        WeightsError: weights that it needs are missing.
    """
    from onnx import TensorProto, helper

    names = {encoder.name: encoder for encoder in find_base_model(tuned.spec.base_model).load_encoders(cache)}
    writer = GraphWriter(_encoder_tensors(cache) if "minilm" in names else {})
    inputs: list[Any] = []
    vocabularies: dict[str, NDArray[Any]] = {}
    logits = ""
    for name, encoder in names.items():
        if isinstance(encoder, minilm_encoder.MinilmTextEncoder):
            inputs.append(helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"]))
            features = _embedding(writer)
            labels = encoder.encode([humanise(label) for label in tuned.labels], minilm_encoder.LABEL_NAME_TOKENS)
            base = _cosine(writer, features, np.ascontiguousarray(labels[:, -WIDTH:].T))
            hidden = _product(writer, features, "minilm.A", tuned.arrays.get(name, {}).get("A"))
        else:
            vocabularies |= _ngram_vocabularies(tuned, name)
            for kind in _kinds(vocabularies):
                inputs.append(helper.make_tensor_value_info(f"{kind}_columns", TensorProto.INT64, [f"{kind}_n"]))
                inputs.append(helper.make_tensor_value_info(f"{kind}_values", TensorProto.FLOAT, [f"{kind}_n"]))
            scale = np.float32(2 * ngram_encoder.COSINE_SCALE)
            base = _gathered(writer, "names", scale * _label_names(tuned, vocabularies["names_keys"]))
            arrays = tuned.arrays.get(name)
            hidden = _gathered(writer, "ngrams", arrays["A"]) if arrays else ""
        part = _part(writer, tuned, name, base, hidden)
        logits = writer.node("Add", logits, part) if logits else part
    _finish(writer, tuned, logits)
    output = helper.make_tensor_value_info("log_probabilities", TensorProto.FLOAT, [1, len(tuned.labels)])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(writer.model("classifier", inputs, [output]))
    _write_beside(tuned, folder, cache, vocabularies, reads_tokens="minilm" in names)


def _encoder_tensors(cache: Path) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load_file

    return load_file(verified_weights(cache).weights)


def _embedding(writer: GraphWriter) -> str:
    """As `SentenceEncoder` makes it: the means of three layers' states, length 1 each, rounded to float16."""
    from onnx import TensorProto

    encoder_states(writer)
    units = []
    for state in OUTPUTS:
        mean = writer.node("ReduceMean", state, writer.ints([1]), keepdims=0)
        units.append(writer.node("Div", mean, writer.node("ReduceL2", mean, writer.ints([-1]), keepdims=1)))
    halves = writer.node("Cast", writer.node("Concat", *units, axis=1), to=TensorProto.FLOAT16)
    return writer.node("Cast", halves, to=TensorProto.FLOAT)


def _cosine(writer: GraphWriter, features: str, labels: NDArray[np.float32]) -> str:
    sentence = writer.node("Slice", features, writer.ints([-WIDTH]), writer.ints([2**31 - 1]), writer.ints([1]))
    return _product(writer, sentence, "minilm.labels", np.float32(minilm_encoder.COSINE_SCALE) * labels)


def _product(writer: GraphWriter, features: str, name: str, matrix: NDArray[np.float32] | None) -> str:
    return "" if matrix is None else writer.node("MatMul", features, writer.constant(name, matrix))


def _gathered(writer: GraphWriter, kind: str, table: NDArray[np.float32]) -> str:
    """A row of cells times a table with a row for each column: (1, width)."""
    # A vocabulary without an n-gram has no row to gather, so that the table always has one more, which is never read.
    padded = np.vstack([table, np.zeros((1, table.shape[1]), np.float32)]).astype(np.float32)
    rows = writer.node("Gather", writer.constant(f"{kind}.table", padded), f"{kind}_columns", axis=0)
    weighted = writer.node("Mul", rows, writer.node("Unsqueeze", f"{kind}_values", writer.ints([1])))
    return writer.node("ReduceSum", weighted, writer.ints([0]), keepdims=1)


def _part(writer: GraphWriter, tuned: TunedModel, name: str, base: str, hidden: str) -> str:
    """One encoder's logits, times its share."""
    arrays = tuned.arrays.get(name)
    if arrays:
        logits = _log_odds(writer, base, softened=True) if tuned.multi_label else base
        update = writer.node("MatMul", hidden, writer.constant(f"{name}.B", arrays["B"]))
        base = writer.node("Add", logits, writer.node("Add", update, writer.constant(f"{name}.b", arrays["b"])))
    return writer.node("Mul", base, writer.number(float(tuned.shares[name])))


def _log_odds(writer: GraphWriter, logits: str, *, softened: bool) -> str:
    """As `losses.log_odds` and `losses.softened_log_odds`, in double precision likewise."""
    from onnx import TensorProto

    probability = writer.node("Softmax", writer.node("Cast", logits, to=TensorProto.DOUBLE), axis=-1)
    least = writer.constant("least", np.array(np.exp(-losses.MAX_LOG_ODDS), np.float64))
    rest = writer.node("Sub", writer.constant("one", np.array(1.0, np.float64)), probability)
    sides = [writer.node("Log", writer.node("Max", side, least)) for side in (probability, rest)]
    odds = writer.node("Cast", writer.node("Sub", *sides), to=TensorProto.FLOAT)
    if not softened:
        return odds
    scaled = writer.node("Mul", odds, writer.number(losses.SOFTENING))
    return writer.node("Add", scaled, writer.number(losses.START_LOG_ODDS))


def _finish(writer: GraphWriter, tuned: TunedModel, logits: str) -> None:
    if tuned.multi_label and not tuned.arrays:
        logits = _log_odds(writer, logits, softened=False)
    logits = writer.node("Div", logits, writer.number(float(tuned.temperature)))
    if tuned.multi_label:
        softplus = writer.node("Softplus", writer.node("Neg", logits))
        writer.node("Neg", softplus, output="log_probabilities")
    else:
        writer.node("LogSoftmax", logits, output="log_probabilities", axis=-1)


def _ngram_vocabularies(tuned: TunedModel, name: str) -> dict[str, NDArray[Any]]:
    """Keys and weights of the n-grams of the label names, and of those that the training knew."""
    counts = ngrams.count_ngrams([humanise(label) for label in tuned.labels])
    keys = np.unique(counts.key[counts.key % 2 == 1])
    if len(keys) * len(tuned.labels) > MAX_NAME_CELLS:
        raise EngineError(
            f"the names of its {len(tuned.labels):,} labels have {len(keys):,} n-grams, and a graph holds at most "
            f"{MAX_NAME_CELLS:,} cells of them; export it with --format adapter"
        )
    found = {"names_keys": keys, "names_idf": np.ones(len(keys), np.float32)}
    arrays = tuned.arrays.get(name)
    return found | ({"ngrams_keys": arrays["keys"], "ngrams_idf": arrays["idf"]} if arrays else {})


def _kinds(vocabularies: dict[str, NDArray[Any]]) -> list[str]:
    return sorted({name.partition("_")[0] for name in vocabularies})


def _label_names(tuned: TunedModel, keys: NDArray[np.uint32]) -> NDArray[np.float32]:
    counts = ngrams.count_ngrams([humanise(label) for label in tuned.labels])
    label, column, value = ngrams.tfidf_cells(counts, keys, np.ones(len(keys), np.float32))
    table = np.zeros((len(keys), len(tuned.labels)), np.float32)
    table[column, label] = value
    return table


def _write_beside(
    tuned: TunedModel, folder: Path, cache: Path, vocabularies: dict[str, NDArray[Any]], *, reads_tokens: bool
) -> None:
    limit = tuned.spec.max_context_length
    facts = {
        "labels": list(tuned.labels),
        "multi_label": tuned.multi_label,
        "thresholds": tuned.thresholds.of(tuned.labels).tolist(),
        "allow_empty": tuned.multi_label and tuned.allow_empty,
        "max_tokens": limit,
        "max_pieces": min(limit, sentence_encoder.MAX_TOKENS),
        "vocabularies": _kinds(vocabularies),
    }
    (folder / "classifier.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1), "utf-8")
    if vocabularies:
        np.savez(folder / "ngrams.npz", allow_pickle=False, **vocabularies)
    if reads_tokens:
        shutil.copyfile(verified_weights(cache).tokenizer, folder / "tokenizer.json")
    code = (Path(standalone.__file__).parent / "classify.py").read_text("utf-8")
    # What it imports of this package is copied too, so that the folder stands alone.
    (folder / "classify.py").write_text(code.replace(f"from {ngrams.__name__} import", "from ngrams import"), "utf-8")
    shutil.copyfile(ngrams.__file__, folder / "ngrams.py")
