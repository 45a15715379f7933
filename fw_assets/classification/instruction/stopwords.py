"""Stop words of instructions, and the words that negate or qualify what surrounds them."""

from __future__ import annotations

import re

_FILLER = """
a able about account's accuracy accurate actually afterwards again against ai also am an and
any are as assess at base baseline baselines basically be beat beats been before below
benchmark benchmarked benchmarking benchmarks best better between both but by called can
candidate candidates case check choose chosen class classes classification classifications
classifier classifiers classify classifying come compare compared comparing comparison consider
considered contain contained contains could customer data dataset datasets dear decide detect
detection detector dev did different do does doing done each email emails end eval eval_dataset
evaluate evaluated evaluates evaluating evaluation experiment experiments extraction figure
file files finally find fine fine-tune fine-tuned fine-tunes fine-tuning finetune finetuned
finetuning fireworks flag following follows for from get give given go going good great had has
have having head-to-head held-out hello help helps here hey hi hosted how i i'd i'll i'm i've
improve improves in input inputs instruction intent intents into is it it's its job jobs json
jsonl just kind kindly know label labeled labeling labelled labelling labels launch let let's
lies like live ll located look looking lora lot make managed may me measure message messages
model models my name named need needs new now of ok okay on once one ones or our out
out-of-the-box over own perform performance performs pick pipeline platform please possible
predict predicting prediction predictions predictor promising put question questions quick
quickly ready really report reports respective respectively result results routing row rows run
running runs same sample samples see select selected sentiment separate separately session set
sets several sft should show side-by-side simple simply so some spam start started stored
strongest stuff such supervised support sure take task tasks team tell test tested testing
tests text texts than thank thanks that that's the their them then there these they thing think
this those through ticket tickets to today together topic train trained training tries try
trying tune tuned tuning two up uploaded us use used uses using usual variant variants various
version versus vs want wanted warn we we'd we'll we're we've well what when where whether which
who whose will win winner winning with within work workflow would yes yet you your zero-shot
"""
FILLER = frozenset(_FILLER.split())
"""Words without a meaning of their own; those that change another word's meaning (all, half, more) are not included."""

NEGATORS = re.compile(
    r"\b(?:not|no|never|without|except|excluding|neither|nor|instead of|rather than|"
    r"other than|apart from|besides"
    r"|avoid|exclude|skip|skipping|ignore|omit|drop|remove|leave out|leaving out|forget|"
    r"stop|cannot|nothing|none"
    r"|(?:do|does|did|would|should|could|wo|ca|is|are|was|have|has)n'?t|dont|doesnt|wont|cant)\b"
)
"""Words that negate what follows, up to the end of their scope."""

HEDGES = re.compile(
    r"\b(?:if|unless|until|maybe|perhaps|possibly|might|otherwise|depending|in case|"
    r"assuming|provided that"
    r"|last time|previously|formerly|earlier|yesterday|last (?:week|month|year)|used to|"
    r"had been|we already"
    r"|should (?:i|we)\b|what about|what if|wonder(?:ing)?|not sure|unsure|either|"
    r"hypothetically|eventually|later"
    r"|some day|someday|next time|for example|e g|for instance|tomorrow)\b"
)
"""Words that make the whole sentence conditional, past or future."""
