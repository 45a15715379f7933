"""Train, validation and test parts: duplicate groups found first, then divided whole, label by label.

`duplicates` finds the groups, `split` assigns the parts, `sampling` draws stratified samples of a part. Everything is a
function of row content and seed: `hash_random` replaces a random generator. May import `dataset`, `session`, `values`
and `errors`; knows label names only as text in the column `labels`, so nothing of the room `labels`.
"""
