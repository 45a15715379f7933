from __future__ import annotations

from pathlib import Path

from fw_assets.embedded.engine.features.embedding_cache import EmbeddingCache


def test_entries_are_seen_by_another_connection(tmp_path: Path) -> None:
    one, two = EmbeddingCache(tmp_path / "c.sqlite"), EmbeddingCache(tmp_path / "c.sqlite")
    keys = [number.to_bytes(16, "big") for number in range(1200)]
    one.put((key, key * 2) for key in keys)
    assert two.get([*keys, b"other"]) == {key: key * 2 for key in keys}
    two.put([(keys[0], b"changed")])
    assert one.get(keys[:1]) == {keys[0]: keys[0] * 2}
    one.close()
    two.close()


def test_a_file_that_is_no_database_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    for known in ({}, {b"key": b"value"}):
        cache = EmbeddingCache(path)
        assert cache.get([b"key"]) == known
        cache.put([(b"key", b"value")])
        cache.close()


def test_a_database_whose_pages_are_damaged_counts_as_empty_and_then_begins_anew(tmp_path: Path) -> None:
    path, keys = tmp_path / "c.sqlite", [number.to_bytes(16, "big") for number in range(3000)]
    cache = EmbeddingCache(path)
    cache.put((key, key * 8) for key in keys)
    cache.close()
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    damaged = EmbeddingCache(path)
    assert damaged.get(keys) == {}
    damaged.put([(keys[0], b"lost")])
    assert damaged.get(keys[:1]) == {}
    damaged.close()
    again = EmbeddingCache(path)
    again.put([(keys[0], b"kept")])
    assert again.get(keys) == {keys[0]: b"kept"}
    again.close()


def test_a_file_that_cannot_be_opened_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").mkdir()
    cache = EmbeddingCache(tmp_path / "c.sqlite")
    cache.put([(b"key", b"value")])
    assert cache.get([b"key"]) == {}
    cache.close()
