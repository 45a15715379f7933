"""Model card in the form of Hugging Face's hub: which model it is of, its front matter and its tables.

May import `sections` and the rooms below it; `rendering` makes `model_card.md` of it.
"""
