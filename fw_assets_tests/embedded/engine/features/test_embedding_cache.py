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


def test_an_unreadable_file_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    broken = EmbeddingCache(path)
    broken.put([(b"key", b"value")])
    assert broken.get([b"key"]) == {}
    broken.close()
