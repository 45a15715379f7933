"""How well each extraction rule fits the answers: how many it reads, and how few labels it finds in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fw_assets.classification.labels.extraction_rules import LABEL_WORDS, Rule, RuleMatch, rule_matches
from fw_assets.classification.values import Frozen

SAMPLE = 5_000
MIN_RULE_SHARE = 0.02
"""A format that this share of the answers has is no accident."""

RULES: tuple[Rule, ...] = (
    "boxed",
    "xml_tag",
    "json_key",
    "fenced_block",
    "label_prefix",
    "whole_message",
    "last_line",
    "first_word",
)
"""In order of preference: a format that says where the label is before one that guesses."""
UNFORMATTED = ("whole_message", "last_line", "first_word")

RuleReader = tuple[Rule, str | None]
"""A rule and its key."""


class RuleScore(Frozen):
    """How well one rule fits a sample of at most `SAMPLE` answers."""

    rule: Rule
    key: str | None
    coverage: float
    """Share of the answers it reads a label from."""
    labels: int
    """Different labels it reads."""
    score: float
    """coverage * (1 - (labels - 1) / answers read): high when few labels repeat over many rows."""

    @property
    def name(self) -> str:
        """The form in which the rule can be forced: `whole_message`, `json_key:intent`."""
        return rule_name(self.rule, self.key)

    @property
    def repeats(self) -> bool:
        """Whether its labels are of a classification: several, two rows each on average."""
        # 1 - (labels - 1) / read >= 1/2 is two rows a label.
        return self.labels > 1 and self.score >= 0.5 * self.coverage


def rule_name(rule: Rule, key: str | None) -> str:
    """A rule, and its key after a colon if it has one."""
    return f"{rule}:{key}" if key else rule


def score_rules(answers: Sequence[str]) -> list[RuleScore]:
    """All rules and keys that read something in the answers, in order of preference."""
    counts, labels = _tally(answers)
    scores = []
    for (rule, key), count in counts.items():
        distinct = len(labels[rule, key])
        score = count / len(answers) * (1 - (distinct - 1) / count)
        scores.append(
            RuleScore(
                rule=rule,
                key=key,
                coverage=round(count / len(answers), 6),
                labels=distinct,
                score=round(score, 6),
            )
        )
    return sorted(scores, key=lambda s: (RULES.index(s.rule), _key_rank(s.key), -s.score))


def _tally(answers: Sequence[str]) -> tuple[dict[RuleReader, int], dict[RuleReader, set[str]]]:
    """How many answers each rule and key reads, and which labels."""
    counts: dict[RuleReader, int] = defaultdict(int)
    labels: dict[RuleReader, set[str]] = defaultdict(set)
    cache: dict[str, list[RuleMatch]] = {}
    for answer in answers:
        found = cache.get(answer)
        if found is None:
            found = cache[answer] = rule_matches(answer)
        for reading in found:
            counts[reading.rule, reading.key] += 1
            labels[reading.rule, reading.key].update(reading.labels)
    return counts, labels


def mixed_formats(answers: Sequence[str], chosen: RuleScore, others: Sequence[RuleScore]) -> tuple[RuleScore, ...]:
    """The formats of some answers, beside an unformatted rule, whose labels are also found in another way."""
    if chosen.rule not in UNFORMATTED:
        return ()
    _, labels = _tally(answers)
    some = [other for other in others if other.rule not in UNFORMATTED and other.coverage >= MIN_RULE_SHARE]
    found = []
    for one in some:
        own = labels[one.rule, one.key]
        elsewhere = set().union(
            labels[chosen.rule, chosen.key], *(labels[other.rule, other.key] for other in some if other is not one)
        )
        if len(own) > 1 and 2 * len(own & elsewhere) >= len(own):
            found.append(one)
    return tuple(found)


def _key_rank(key: str | None) -> int:
    plain = (key or "").casefold().replace("final ", "").replace("predicted ", "")
    return LABEL_WORDS.index(plain) if plain in LABEL_WORDS else len(LABEL_WORDS)
