"""Dataset files as people have them: tables, JSON of other tools and exports, read as rows of a dataset.

Other rooms call `parser.FileParser`, whose `parse` takes the place of chat JSONL's in `dataset.reader.read_rows`. A
file goes through `content` (unpacked, decoded), `recognition` (its format, or one sentence that says what it is
instead), and then `tables` or `records`, which both ask `column_choice` for text and label.
May import `dataset` and `errors`; what a label means is decided elsewhere.
"""
