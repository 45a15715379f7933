"""Label doubts: out-of-sample probabilities of the labels, and what confident learning makes of them.

Arrays are indexed by row, and by label in the order of the caller's names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.intervals import normal_quantile
from fw_assets.classification.values import Interval

FOLDS = 5
SMOOTHING = 0.05
"""Additive smoothing of the naive Bayes model."""
ABSENT_LOG_PROBABILITY = -1e3
"""Of a label without training rows in a fold; finite, so that margins stay numbers."""
WORD_PATTERN = r"(?u)\b\w+\b"

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]


class LabelDoubts(NamedTuple):
    """What the probabilities say of each row's labels; rows that are not judged are not doubted.

    Attributes:
        scores: the lower, the more doubtful; infinite where a row is not judged. With one label per row the margin, of
            more than two labels after log t is taken off each; with several labels a row, which compete for one unit of
            probability, log p of the least believed one.
        margins: log p of the least believed label less log p of the likeliest other one.
        suggested: position of the likeliest other label.
        doubted: another label is confidently the right one.
        wrong: probability that a label of the row is wrong, 0 where it is not doubted.
    """

    scores: Floats
    margins: Floats
    suggested: NDArray[np.int64]
    doubted: Booleans
    wrong: Floats


def label_log_probabilities(
    texts: Sequence[str], gold: Booleans, is_test: Booleans, folds: NDArray[np.int64]
) -> NDArray[np.float32] | None:
    """Natural logarithms of out-of-sample probabilities, shape (rows, labels); None where no word occurs twice.

    scikit-learn's multinomial naive Bayes over TF-IDF of words and word pairs. Rows outside the test part are
    cross-validated by `folds`; test rows are judged by a model of all the others and teach it nothing.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, token_pattern=WORD_PATTERN)
    try:
        vectorizer.fit([texts[int(index)] for index in np.flatnonzero(~is_test)])
    except ValueError:  # no word occurs twice
        return None
    features = vectorizer.transform(texts)
    out = np.full(gold.shape, ABSENT_LOG_PROBABILITY, dtype=np.float32)
    for fold in range(FOLDS + 1):  # the last one is the test part
        held_out = np.flatnonzero(is_test if fold == FOLDS else ~is_test & (folds == fold))
        training = np.flatnonzero(~is_test & (folds != fold))
        if len(held_out) and gold[training].any():
            out[held_out] = _log_probabilities(features, gold, training, held_out)
    return out


def label_doubts(
    log_probabilities: NDArray[np.float32], gold: Booleans, judged: Booleans, is_test: Booleans
) -> LabelDoubts:
    """The doubts about the rows' labels; thresholds come from the judged rows outside the test part."""
    probabilities = np.exp(log_probabilities, dtype=np.float64)
    own = gold & (judged & ~is_test)[:, None]
    thresholds = np.where(own, probabilities, 0).sum(axis=0) / np.maximum(own.sum(axis=0), 1)
    thresholds = np.where(thresholds > 0, thresholds, 1.0)
    least, other = _margin_terms(log_probabilities, gold)
    suggested = np.where(gold, -np.inf, log_probabilities).argmax(axis=1)
    one_label = bool((gold.sum(axis=1) <= 1).all())
    if one_label and gold.shape[1] > 2:
        adjusted_least, adjusted_other = _margin_terms(log_probabilities - np.log(thresholds), gold)
        scores = adjusted_least - adjusted_other
    else:
        scores = least - other if one_label else least
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    doubted = judged & (confident.max(axis=1) >= 0) & ~gold[np.arange(len(gold)), confident.argmax(axis=1)]
    if not one_label:
        # With several labels the highest is often one of them: what counts is whether each of them is believed.
        believed = np.where(gold, probabilities - thresholds, np.inf).min(axis=1) >= 0
        another = np.where(gold, -1.0, confident).max(axis=1) >= 0
        doubted = judged & another & ~believed & (least < other)
    wrong = np.where(doubted, 1 - np.exp(least), 0.0)
    return LabelDoubts(
        np.where(judged, scores, np.inf), np.where(judged, least - other, np.inf), suggested, doubted, wrong
    )


def wrong_share(wrong: Floats, groups: NDArray[Any], confidence: float = 0.95) -> Interval:
    """The mean probability of a wrong label, with a normal interval whose units are the groups.

    The variance is that of a ratio of group totals (Cochran, Sampling Techniques, 1977, 6.3).
    """
    _, inverse = np.unique(groups, return_inverse=True)
    totals, sizes = np.bincount(inverse, wrong), np.bincount(inverse)
    share, units = float(wrong.mean()), len(totals)
    if units < 2:
        return Interval(value=share, low=0.0, high=1.0)
    spread = float(np.sqrt(np.square(totals - share * sizes).sum() * units / (units - 1))) / len(wrong)
    half = normal_quantile(confidence) * spread
    return Interval(value=share, low=max(0.0, share - half), high=min(1.0, share + half))


def _margin_terms(log_probabilities: NDArray[Any], gold: Booleans) -> tuple[Floats, Floats]:
    """The value of the least believed label of each row, and of the likeliest other one."""
    least = np.where(gold, log_probabilities, np.inf).min(axis=1)
    return least.astype(np.float64), np.where(gold, -np.inf, log_probabilities).max(axis=1).astype(np.float64)


def _log_probabilities(
    features: Any, gold: Booleans, training: NDArray[np.int64], held_out: NDArray[np.int64]
) -> Floats:
    """Log-probabilities of all labels for the held-out rows, by a model of the training rows.

    A training row with several labels counts as one row for each of them.
    """
    from sklearn.naive_bayes import MultinomialNB

    rows, labels = np.nonzero(gold[training])
    model = MultinomialNB(alpha=SMOOTHING).fit(features[training[rows]], labels)
    out = np.full((len(held_out), gold.shape[1]), ABSENT_LOG_PROBABILITY)
    out[:, model.classes_] = model.predict_log_proba(features[held_out])
    return out
