"""Ranking of extraction rules: how many of the answers each rule reads, and how few labels it finds in them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from fw_assets.classification.labels.extraction_rules import RULES, RuleMatch, prefix_words, rule_matches
from fw_assets.classification.labels.json_rules import LABEL_WORDS
from fw_assets.classification.spelling.label_lists import find_lists, pieces
from fw_assets.classification.values import Frozen

SAMPLE = 5_000
_MARKS = " \t\n\"'`*"
MIN_RULE_SHARE = 0.02
"""A format that this share of the answers has is no accident."""

KeyedRule = tuple[str, str | None]
"""The name of a rule and its key."""


class RuleScore(Frozen):
    """The fit of one rule to a sample of at most `SAMPLE` answers."""

    rule: str
    key: str | None
    coverage: float
    """Share of the answers in which it finds a label."""
    labels: int
    """Distinct labels it finds."""
    score: float
    """coverage * (1 - (labels - 1) / answers with a label): high when few labels repeat over many rows."""

    @property
    def name(self) -> str:
        """The form in which the rule can be forced: `whole_message`, `json_key:intent`."""
        return rule_name(self.rule, self.key)

    @property
    def repeats(self) -> bool:
        """Whether its labels can be those of a classification: several, each on two rows on average."""
        # 1 - (labels - 1) / answers >= 1/2 means two rows per label.
        return self.labels > 1 and self.score >= 0.5 * self.coverage


def rule_name(rule: str, key: str | None) -> str:
    """A rule, and its key after a colon if it has one."""
    return f"{rule}:{key}" if key else rule


def score_rules(answers: Sequence[str]) -> list[RuleScore]:
    """The scores of all rules and keys that match some answer, in order of preference."""
    counts, labels = _tally(answers)
    scores = []
    for (rule, key), count in counts.items():
        distinct = _distinct(labels[rule, key], count)
        scores.append(
            RuleScore(
                rule=rule,
                key=key,
                coverage=round(count / len(answers), 6),
                labels=distinct,
                score=round(count / len(answers) * (1 - (distinct - 1) / count), 6),
            )
        )
    preference = list(RULES)
    return sorted(scores, key=lambda item: (preference.index(item.rule), _key_rank(item.key), -item.score))


def mixed_formats(answers: Sequence[str], best: RuleScore, others: Sequence[RuleScore]) -> tuple[RuleScore, ...]:
    """The structured formats that some of the answers have although the best rule is an unstructured one.

    A format counts when at least half of its labels also occur outside it, so that one label set is written in
    several ways.
    """
    if RULES[best.rule].structured:
        return ()
    _, labels = _tally(answers)
    candidates = [other for other in others if RULES[other.rule].structured and other.coverage >= MIN_RULE_SHARE]
    mixed = []
    for candidate in candidates:
        own = labels[candidate.rule, candidate.key]
        elsewhere = labels[best.rule, best.key].union(
            *(labels[other.rule, other.key] for other in candidates if other is not candidate)
        )
        if len(own) > 1 and 2 * len(own & elsewhere) >= len(own):
            mixed.append(candidate)
    return tuple(mixed)


def _tally(answers: Sequence[str]) -> tuple[dict[KeyedRule, int], dict[KeyedRule, set[str]]]:
    """By rule and key, the number of answers that it matches and the labels it finds in them.

    Prefixes that differ in case or in the sign behind them are one key: the most frequent.
    """
    spelled: dict[KeyedRule, Counter[KeyedRule]] = defaultdict(Counter)
    labels: dict[KeyedRule, set[str]] = defaultdict(set)
    cache: dict[str, list[RuleMatch]] = {}
    for answer in answers:
        matches = cache.get(answer)
        if matches is None:
            matches = cache[answer] = rule_matches(answer)
        for match in matches:
            own = match.rule, match.key
            shared = (match.rule, prefix_words(match.key)) if match.rule == "label_prefix" else own
            spelled[shared][own] += 1
            labels[shared].update(label.strip(_MARKS) or label for label in match.labels)
    names = {shared: counts.most_common(1)[0][0] for shared, counts in spelled.items()}
    counts = {names[shared]: counts.total() for shared, counts in spelled.items()}
    return counts, {names[shared]: found for shared, found in labels.items()}


def _distinct(labels: set[str], answers: int) -> int:
    """The number of labels; where most answers have one of their own, each list of several counts as its labels."""
    if 2 * len(labels) <= answers:
        return len(labels)
    lists = find_lists(sorted(labels), str.casefold)
    several = {piece.casefold() for label in lists.doubtful for piece in pieces(label)}
    single = labels.difference(lists.read, lists.doubtful)
    return len(single | {label for labels in lists.read.values() for label in labels} | several)


def _key_rank(key: str | None) -> int:
    word = prefix_words((key or "").rpartition(".")[2]).replace("final ", "").replace("predicted ", "")
    return LABEL_WORDS.index(word) if word in LABEL_WORDS else len(LABEL_WORDS)
