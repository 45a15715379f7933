"""Usual names of columns with texts and labels."""

from __future__ import annotations

import re

TEXT_NAMES = frozenset(
    (
        *("text", "texts", "sentence", "sentences", "utterance", "utterances", "message", "messagetext"),
        *("content", "contents", "body", "review", "reviewtext", "comment", "commenttext", "tweet", "post"),
        *("query", "question", "input", "inputs", "inputtext", "textinput", "prompt", "document", "doc"),
        *("description", "title", "subject", "headline", "summary", "transcript", "transcription", "email"),
        *("emailtext", "ticket", "tickettext", "complaint", "feedback", "request", "verbatim", "narrative"),
        *("article", "abstract", "statement", "phrase", "snippet", "data", "conversation", "dialogue", "chat"),
    )
)
LABEL_NAMES = frozenset(
    (
        *("label", "labels", "labelname", "labeltext", "labelstr", "category", "categories", "categoryname"),
        *("class", "classes", "classname", "intent", "intents", "intentname", "target", "targets", "topic"),
        *("topics", "sentiment", "emotion", "emotions", "tag", "tags", "completion", "output", "response"),
        *("answer", "groundtruth", "annotation", "annotations", "gold", "goldlabel", "y", "verdict"),
        *("department", "queue", "classification", "polarity", "stance", "route", "subcategory"),
    )
)
"""Names of columns without capitals, spaces and signs."""
PAIRS = (
    ("prompt", "completion"),
    ("prompt", "response"),
    ("prompt", "chosen"),
    ("instruction", "output"),
    ("instruction", "response"),
    ("question", "answer"),
    ("query", "response"),
    ("input", "output"),
    ("text_input", "output"),
    ("inputs", "targets"),
)
"""Columns that belong together in data for fine-tuning; the second holds the answer, whatever else there is."""
BOOKKEEPING = frozenset(
    (
        *("id", "idx", "index", "unnamed0", "annotator", "annotationid", "createdat", "updatedat", "leadtime"),
        *("inputhash", "taskhash", "timestamp", "sessionid", "annotatorid", "viewid", "split"),
    )
)
WEIGHTS = frozenset(("sampleweight", "sampleweights", "exampleweight", "instanceweight", "rowweight"))
_NAMED_SUFFIX = re.compile(r"(label|category|intent|class)(es|s)?\d*$|^(label|category|intent|class)")


def normal_name(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def is_label_name(name: str) -> bool:
    normal = normal_name(name)
    if "." in name and normal_name(name.rpartition(".")[2]) in BOOKKEEPING:
        return False
    return normal in LABEL_NAMES or (normal not in TEXT_NAMES and _NAMED_SUFFIX.search(normal) is not None)
