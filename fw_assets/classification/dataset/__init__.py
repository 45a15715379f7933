"""Dataset files as rows: chat JSONL read, checked line by line, and kept in columns.

Other rooms read a dataset with `reader.read_rows` into a `row_store.RowStore`; the text of a message is
`chat.content_text`. Below `reader` the calls go one way: `parallel` splits a file over threads or processes,
`chunk_parser` parses a chunk of lines, `regex_parser` the common ones at once and `row_parser` one line.
May import `classification.values` and `errors`, no other room: labels and splits are decided elsewhere.
"""
