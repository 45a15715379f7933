"""Fifty instructions written before the parser existed; it was never adjusted to them.

Each is the text, the fields a person would take from it, and a piece of the clause that cannot be a session
field and must be shown back (empty: everything is understood). A failure here is a figure, not a fault to
tune away.
"""

from __future__ import annotations

from typing import Any

HELD_OUT: tuple[tuple[str, dict[str, Any], str], ...] = (
    (
        "Please compare Qwen3 8B with Qwen3 14B on accounts/acme/datasets/tickets-2026. The possible "
        "labels are "
        "refund, bug, how-to and other.",
        {
            "dataset": "accounts/acme/datasets/tickets-2026",
            "models": ("qwen3-8b", "qwen3-14b"),
            "labels": ("refund", "bug", "how-to", "other"),
        },
        "",
    ),
    (
        "Take data/reviews.jsonl, try Llama 3.3 70B Instruct and Gemma 4 31B, and split it 75/25.",
        {
            "dataset": "data/reviews.jsonl",
            "models": ("llama-v3p3-70b-instruct", "gemma-4-31b-it"),
            "train_fraction": 0.75,
        },
        "",
    ),
    (
        "Run only the benchmark on intents.jsonl for qwen3-4b and glm-5p1. No training.",
        {"dataset": "intents.jsonl", "models": ("qwen3-4b", "glm-5p1"), "mode": "benchmark"},
        "",
    ),
    (
        "Train on accounts/acme/datasets/train-v2 and test on accounts/acme/datasets/test-v2 with "
        "Qwen3.5 9B; "
        "budget is 25 dollars.",
        {
            "dataset": "accounts/acme/datasets/train-v2",
            "eval_dataset": "accounts/acme/datasets/test-v2",
            "models": ("qwen3p5-9b",),
            "max_spend_usd": 25.0,
        },
        "",
    ),
    (
        "I want to know whether fine-tuning char-ngram helps on ./spam.jsonl; labels: spam, ham.",
        {"dataset": "./spam.jsonl", "models": ("char-ngram",), "labels": ("spam", "ham")},
        "",
    ),
    (
        "Fine-tune minilm-l6-v2 on support.jsonl for 4 epochs with rank 16 and a learning rate of 2e-3.",
        {
            "dataset": "support.jsonl",
            "models": ("minilm-l6-v2",),
            "epochs": 4,
            "lora_ranks": (16,),
            "learning_rates": (2e-3,),
        },
        "",
    ),
    (
        "Benchmark Kimi K2.5 and GLM 5.1 on routing.jsonl, then fine-tune just the best one.",
        {"dataset": "routing.jsonl", "models": ("kimi-k2p5", "glm-5p1"), "finalists": 1},
        "",
    ),
    (
        "Classify /data/mail.jsonl with qwen3-8b. Flag imbalance above 10. Don't deploy anything.",
        {
            "dataset": "/data/mail.jsonl",
            "models": ("qwen3-8b",),
            "imbalance_threshold": 10.0,
            "deploy": "never",
        },
        "",
    ),
    (
        "Use tickets.jsonl and Qwen3 32B, hold back 10% of the rows for testing, and email me when it is finished.",
        {"dataset": "tickets.jsonl", "models": ("qwen3-32b",), "train_fraction": 0.9},
        "email me",
    ),
    (
        "dataset: faq.jsonl, models: minilm-ngram, char-ngram, epochs: 3",
        {"dataset": "faq.jsonl", "models": ("minilm-ngram", "char-ngram"), "epochs": 3},
        "",
    ),
    (
        "Evaluate Qwen3 8B, Qwen3 14B and Qwen3 32B on accounts/acme/datasets/intents and fine-tune the "
        "top two. "
        "Spend no more than $40.",
        {
            "dataset": "accounts/acme/datasets/intents",
            "models": ("qwen3-8b", "qwen3-14b", "qwen3-32b"),
            "finalists": 2,
            "max_spend_usd": 40.0,
        },
        "",
    ),
    (
        "Sweep over ranks 4, 8 and 16 at learning rates of 1e-4 and 3e-4 for Qwen3 4B on nli.jsonl.",
        {
            "dataset": "nli.jsonl",
            "models": ("qwen3-4b",),
            "lora_ranks": (4, 8, 16),
            "learning_rates": (1e-4, 3e-4),
        },
        "",
    ),
    (
        "On emails.jsonl, fine-tune gpt-oss-20b, use 300 rows for the sweep and run at most 3 jobs at once.",
        {"dataset": "emails.jsonl", "models": ("gpt-oss-20b",), "sweep_rows": 300, "max_parallel_jobs": 3},
        "",
    ),
    (
        "Sentiment classification on reviews.jsonl using Gemma 4 26B A4B, labels positive, negative and "
        "neutral, "
        "seed 7.",
        {
            "dataset": "reviews.jsonl",
            "models": ("gemma-4-26b-a4b-it",),
            "labels": ("positive", "negative", "neutral"),
            "seed": 7,
        },
        "",
    ),
    (
        "Skip the final full-data training and deploy only if it is better. Data: a.jsonl. Model: qwen3-8b.",
        {"dataset": "a.jsonl", "models": ("qwen3-8b",), "full_data_run": False, "deploy": "if-better"},
        "",
    ),
    (
        "We have train.jsonl and a separate evaluation file eval.jsonl. Candidates are minilm-l6-v2 and minilm-ngram.",
        {
            "dataset": "train.jsonl",
            "eval_dataset": "eval.jsonl",
            "models": ("minilm-l6-v2", "minilm-ngram"),
        },
        "",
    ),
    (
        "Deploy the winner no matter what. accounts/acme/datasets/d1, Qwen3 8B.",
        {"dataset": "accounts/acme/datasets/d1", "models": ("qwen3-8b",), "deploy": "always"},
        "",
    ),
    (
        "Compare Qwen3-8B vs Llama 3.1 8B on topics.jsonl with an 80/10/10 split.",
        {
            "dataset": "topics.jsonl",
            "models": ("qwen3-8b", "llama-v3p1-8b-instruct"),
            "train_fraction": 0.9,
            "validation_fraction": 1 / 9,
        },
        "",
    ),
    (
        "Quarantine malformed rows in logs.jsonl, rebalance the classes and tune minilm-l6-v2.",
        {
            "dataset": "logs.jsonl",
            "models": ("minilm-l6-v2",),
            "bad_rows": "quarantine",
            "mitigation": "rebalance",
        },
        "",
    ),
    (
        "Just tell me how good Qwen3 8B is out of the box on q.jsonl, no fine-tuning please.",
        {"dataset": "q.jsonl", "models": ("qwen3-8b",), "mode": "benchmark"},
        "",
    ),
    (
        "Fine-tune Nemotron Nano 3 30B A3B on claims.jsonl and translate the report into German.",
        {"dataset": "claims.jsonl", "models": ("nemotron-nano-3-30b-a3b",)},
        "translate the report",
    ),
    (
        'Labels are "in stock", "out of stock" and "back-ordered". Use stock.jsonl with Qwen3.5 27B.',
        {
            "dataset": "stock.jsonl",
            "models": ("qwen3p5-27b",),
            "labels": ("in stock", "out of stock", "back-ordered"),
        },
        "",
    ),
    (
        "Auto-approve anything under $5. Dataset accounts/me/datasets/x, model minimax-m2p5.",
        {
            "dataset": "accounts/me/datasets/x",
            "models": ("minimax-m2p5",),
            "auto_approve_up_to_usd": 5.0,
        },
        "",
    ),
    (
        "Train for five epochs on banking.jsonl with Qwen3 0.6B; eval on banking-test.jsonl.",
        {
            "dataset": "banking.jsonl",
            "eval_dataset": "banking-test.jsonl",
            "models": ("qwen3-0p6b",),
            "epochs": 5,
        },
        "",
    ),
    (
        "Use class weights, 20% for validation, and 70% for training. File: w.jsonl; model: char-ngram.",
        {"dataset": "w.jsonl", "models": ("char-ngram",), "mitigation": "weight"},
        "20% for validation",
    ),
    (
        "accounts/fireworks/models/qwen3-8b on accounts/acme/datasets/intent-labels, labels: billing; "
        "technical; "
        "account; sales",
        {
            "dataset": "accounts/acme/datasets/intent-labels",
            "models": ("qwen3-8b",),
            "labels": ("billing", "technical", "account", "sales"),
        },
        "",
    ),
    (
        "Which is better for toxicity.jsonl: Qwen3 4B or Qwen3 8B? Use two finalists and a 60/40 split.",
        {
            "dataset": "toxicity.jsonl",
            "models": ("qwen3-4b", "qwen3-8b"),
            "finalists": 2,
            "train_fraction": 0.6,
        },
        "",
    ),
    (
        "Don't fine-tune yet, only measure the base models qwen3-8b and qwen3-14b on base.jsonl.",
        {"dataset": "base.jsonl", "models": ("qwen3-8b", "qwen3-14b"), "mode": "benchmark"},
        "",
    ),
    (
        "Drop labels that are too rare. Data in notes.jsonl. Try minilm-ngram.",
        {"dataset": "notes.jsonl", "models": ("minilm-ngram",), "mitigation": "drop-rare"},
        "",
    ),
    (
        "Please fine-tune Mistral 7B on m.jsonl.",
        {"dataset": "m.jsonl", "models": ("Mistral 7B",)},
        "",
    ),
    (
        "Tune qwen3-8b on z.jsonl with LoRA rank 8, batch size 64, for 2 epochs.",
        {"dataset": "z.jsonl", "models": ("qwen3-8b",), "lora_ranks": (8,), "epochs": 2},
        "batch size 64",
    ),
    (
        "Set the imbalance ratio threshold to 100 and the random seed to 1234; dataset tweets.jsonl; Qwen3 14B.",
        {"dataset": "tweets.jsonl", "models": ("qwen3-14b",), "imbalance_threshold": 100.0, "seed": 1234},
        "",
    ),
    (
        "The labels should be inferred from the data. Run on cats.jsonl with char-ngram.",
        {"dataset": "cats.jsonl", "models": ("char-ngram",)},
        "",
    ),
    (
        "Tune on half of the rows. d.jsonl, qwen3-8b.",
        {"dataset": "d.jsonl", "models": ("qwen3-8b",)},
        "half of the rows",
    ),
    (
        "Benchmark DeepSeek V4 Flash and Kimi K2.6 on accounts/corp/datasets/legal-clauses; max spend: $12.50.",
        {
            "dataset": "accounts/corp/datasets/legal-clauses",
            "models": ("deepseek-v4-flash", "kimi-k2p6"),
            "max_spend_usd": 12.5,
        },
        "",
    ),
    (
        "Fine-tune Qwen3 8B without deploying it, dataset is k.jsonl, and keep 15 % as the test set.",
        {"dataset": "k.jsonl", "models": ("qwen3-8b",), "deploy": "never", "train_fraction": 0.85},
        "",
    ),
    (
        "labels = urgent, normal, low\ndataset = priority.jsonl\nmodel = minilm-l6-v2",
        {
            "dataset": "priority.jsonl",
            "models": ("minilm-l6-v2",),
            "labels": ("urgent", "normal", "low"),
        },
        "",
    ),
    (
        "Run 4 jobs in parallel and use 2,000 samples in the sweep, on big.jsonl, for Qwen3 32B.",
        {
            "dataset": "big.jsonl",
            "models": ("qwen3-32b",),
            "max_parallel_jobs": 4,
            "sweep_rows": 2000,
        },
        "",
    ),
    (
        "Start the job tomorrow at noon. Use u.jsonl and char-ngram.",
        {"dataset": "u.jsonl", "models": ("char-ngram",)},
        "tomorrow at noon",
    ),
    (
        "Please do not use Qwen3 8B; use Qwen3 14B on v.jsonl.",
        {"dataset": "v.jsonl", "models": ("qwen3-14b",)},
        "not use Qwen3 8B",
    ),
    (
        "Train/test split of 90/10, learning rate 0.0001, ranks 8 and 32, Qwen3.5 35B A3B, file 'my data.jsonl'.",
        {
            "dataset": "my data.jsonl",
            "models": ("qwen3p5-35b-a3b",),
            "train_fraction": 0.9,
            "learning_rates": (1e-4,),
            "lora_ranks": (8, 32),
        },
        "",
    ),
    (
        "Run the classification workflow end to end on s3://bucket/path/train.jsonl with gpt-oss 120b.",
        {"dataset": "s3://bucket/path/train.jsonl", "models": ("gpt-oss-120b",)},
        "",
    ),
    (
        "Skip bad lines. I only care about minilm-l6-v2 on x.jsonl.",
        {"dataset": "x.jsonl", "models": ("minilm-l6-v2",), "bad_rows": "quarantine"},
        "",
    ),
    (
        "Could you evaluate qwen3-8b on p.jsonl against the held-out file p-test.jsonl, and keep it under 10 USD?",
        {
            "dataset": "p.jsonl",
            "eval_dataset": "p-test.jsonl",
            "models": ("qwen3-8b",),
            "max_spend_usd": 10.0,
        },
        "",
    ),
    (
        "Fine-tune all available models on everything.jsonl.",
        {"dataset": "everything.jsonl"},
        "all available models",
    ),
    (
        "Use accounts/acme/datasets/a and accounts/acme/datasets/b with Qwen3 8B.",
        {"models": ("qwen3-8b",)},
        "accounts/acme/datasets/b",
    ),
    (
        "intent detection, data.jsonl, three candidates: qwen3-4b, qwen3-8b, qwen3-14b. Only one finalist.",
        {
            "dataset": "data.jsonl",
            "models": ("qwen3-4b", "qwen3-8b", "qwen3-14b"),
            "finalists": 1,
        },
        "",
    ),
    (
        "Go with the default grid and the usual 80/20 split on o.jsonl for Qwen3 8B.",
        {"dataset": "o.jsonl", "models": ("qwen3-8b",), "train_fraction": 0.8},
        "",
    ),
    (
        "The answer is the last line of each assistant message. Use l.jsonl, char-ngram.",
        {"dataset": "l.jsonl", "models": ("char-ngram",), "extraction": "last_line"},
        "",
    ),
    (
        "hi! can you fine tune qwen3 8b on my dataset accounts/jane/datasets/chat-intents? labels: "
        "greet, buy, "
        "complain. thanks!",
        {
            "dataset": "accounts/jane/datasets/chat-intents",
            "models": ("qwen3-8b",),
            "labels": ("greet", "buy", "complain"),
        },
        "",
    ),
)
