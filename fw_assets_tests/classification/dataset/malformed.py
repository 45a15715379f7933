"""A corpus of bad files: the bytes, and the problem to be named (kind, line, field, words of the message)."""

from __future__ import annotations

from typing import NamedTuple

GOOD = b'{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"greeting"}]}\n'


class Case(NamedTuple):
    name: str
    content: bytes
    kind: str
    line: int | None
    field: str | None
    words: str


def row(messages: str, rest: str = "") -> bytes:
    return (f'{{"messages":[{messages}]{rest}}}').encode() + b"\n"


def bad(name: str, line: bytes, kind: str, field: str | None, words: str) -> Case:
    """A bad line between good ones, as line 3."""
    content = GOOD * 2 + line + (b"" if line.endswith(b"\n") else b"\n") + GOOD * 2
    return Case(name, content, kind, 3, field, words)


U = '{"role":"user","content":"hi"}'
A = '{"role":"assistant","content":"greeting"}'
S = '{"role":"system","content":"be brief"}'
CALL = '{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}'
T = '{"role":"tool","content":"42","tool_call_id":"1"}'

CASES = [
    # The line is not one JSON object.
    Case("cut-off last line", GOOD * 3 + GOOD[:-12], "cut-off", 4, None, "cut off after"),
    bad("cut-off in the middle", GOOD[:40], "cut-off", None, "expected the object's end"),
    bad("open string", b'{"messages": "abc', "cut-off", None, "cut off"),
    bad("two objects", GOOD.strip() + GOOD, "two-objects", None, "one object a line"),
    bad("two objects with a space", GOOD.strip() + b" " + GOOD, "two-objects", None, "one object a line"),
    bad("a comma after the object", GOOD.strip() + b",\n", "two-objects", None, "one object a line"),
    bad("words after the object", GOOD.strip() + b" yes\n", "json", None, "after the object's end"),
    bad("NaN", row(f"{U},{A}", ',"weight":NaN'), "json", None, "NaN"),
    bad("Infinity", row(f"{U},{A}", ',"weight":-Infinity'), "json", None, "Infinity"),
    bad("a raw tab", row('{"role":"user","content":"a\tb"},' + A), "json", None, "control character"),
    bad("a raw NUL", row('{"role":"user","content":"a\x00b"},' + A), "json", None, "control character"),
    bad("a lone surrogate", row('{"role":"user","content":"\\ud800"},' + A), "json", None, "surrogate"),
    bad("half a surrogate pair", row('{"role":"user","content":"\\ud83dx"},' + A), "json", None, "surrogate"),
    bad("a bad escape", row('{"role":"user","content":"\\x41"},' + A), "json", None, "escape"),
    bad("a trailing comma in a list", row(f"{U},{A},"), "json", None, "comma before a closing bracket"),
    bad("a trailing comma in an object", row(f"{U},{A}", ","), "json", None, "comma before a closing"),
    bad("Python's quotes", b"{'messages': []}\n", "json", None, "double quotes"),
    bad("a comment", b"// note\n", "json", None, "expected a JSON object"),
    bad("plain text", b"hello there\n", "json", None, "expected a JSON object"),
    bad("CSV", b"text,label\n", "json", None, "expected a JSON object"),
    bad("an unquoted key", b"{messages: []}\n", "json", None, "not JSON"),
    bad("a missing colon", b'{"messages" []}\n', "json", None, "not JSON"),
    bad("a leading zero", row(f"{U},{A}", ',"weight":01'), "json", None, "not JSON"),
    bad(
        "invalid UTF-8",
        row('{"role":"user","content":"X"},' + A).replace(b"X", b"\xff"),
        "encoding",
        None,
        "0xff",
    ),
    bad(
        "Latin-1",
        row('{"role":"user","content":"X"},' + A).replace(b"X", b"caf\xe9"),
        "encoding",
        None,
        "UTF-8",
    ),
    bad(
        "invalid UTF-8 in an ignored field",
        row(f"{U},{A}", ',"note":"X"').replace(b"X", b"\xc3"),
        "encoding",
        None,
        "0xc3",
    ),
    bad("a BOM in the middle", b"\xef\xbb\xbf" + GOOD, "json", None, "byte order mark"),
    bad("deep nesting", b'{"messages":' + b"[" * 5000 + b"]" * 5000 + b"}\n", "nesting", None, "too deeply"),
    bad(
        "deep nesting in an ignored field",
        row(f"{U},{A}", ',"x":' + "[" * 5000 + "]" * 5000),
        "nesting",
        None,
        "too deeply",
    ),
    bad("a JSON list", b"[" + GOOD.strip() + b"]\n", "not-an-object", None, "found a list"),
    bad("a JSON string", b'"hello"\n', "not-an-object", None, "found the text 'hello'"),
    bad("a number", b"42\n", "not-an-object", None, "the number 42"),
    bad("null", b"null\n", "not-an-object", None, "found null"),
    Case("pretty-printed", b'{\n  "messages": []\n}\n', "not-jsonl", 1, None, "jq -c"),
    Case(
        "one JSON array over lines",
        b"[\n" + GOOD.strip() + b"\n]\n",
        "not-jsonl",
        1,
        None,
        "one object a line",
    ),
    # Keys.
    bad("messages twice", row(f"{U},{A}", f',"messages":[{U},{A}]'), "duplicate-key", "messages", "twice"),
    bad(
        "role twice",
        row('{"role":"user","role":"user","content":"a"},' + A),
        "duplicate-key",
        "role",
        "twice",
    ),
    bad(
        "content twice",
        row('{"role":"user","content":"a","content":"b"},' + A),
        "duplicate-key",
        "content",
        "twice",
    ),
    bad(
        "ground truth twice",
        row(f"{U},{A}", ',"ground_truth":"a","ground_truth":"b"'),
        "duplicate-key",
        "ground_truth",
        "'ground_truth' is written twice",
    ),
    # Messages.
    bad(
        "no messages",
        b'{"prompt":"a","completion":"b"}\n',
        "missing-messages",
        "messages",
        "prompt, completion",
    ),
    bad("an empty object", b"{}\n", "missing-messages", "messages", "none"),
    bad("messages null", b'{"messages":null}\n', "messages-type", "messages", "found null"),
    bad("messages text", b'{"messages":"hi"}\n', "messages-type", "messages", "found the text 'hi'"),
    bad(
        "messages an object",
        b'{"messages":{"role":"user"}}\n',
        "messages-type",
        "messages",
        "found an object",
    ),
    bad("messages empty", b'{"messages":[]}\n', "empty-messages", "messages", "empty"),
    bad("a message that is text", row('"hi",' + A), "message-type", "messages[0]", "found the text 'hi'"),
    bad("a message that is null", row(f"{U},null"), "message-type", "messages[1]", "found null"),
    # Roles and their order.
    bad("no role", row('{"content":"hi"},' + A), "missing-role", "messages[0].role", "is missing"),
    bad("role null", row('{"role":null,"content":"hi"},' + A), "role", "messages[0].role", "found null"),
    bad("role in capitals", row('{"role":"User","content":"hi"},' + A), "role", "messages[0].role", "'User'"),
    bad(
        "role human",
        row('{"role":"human","content":"hi"},' + A),
        "role",
        "messages[0].role",
        "write it as user",
    ),
    bad(
        "role developer in the middle",
        row(f'{U},{A},{{"role":"developer","content":"x"}},{U},{A}'),
        "role-order",
        "messages[2].role",
        "'system' after 'assistant'",
    ),
    bad(
        "an answer that calls no function",
        row(U + ',{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}'),
        "content",
        "messages[1].content",
        "name no function",
    ),
    bad("role a number", row('{"role":1,"content":"hi"},' + A), "role", "messages[0].role", "the number 1"),
    bad("assistant first", row(f"{A},{U},{A}"), "role-order", "messages[0].role", "found 'assistant'"),
    bad("assistant after system", row(f"{S},{A}"), "role-order", "messages[1].role", "the user's"),
    bad("two user turns", row(f"{U},{U},{A}"), "role-order", "messages[1].role", "'user' after 'user'"),
    bad(
        "two assistant turns",
        row(f"{U},{A},{A}"),
        "role-order",
        "messages[2].role",
        "'assistant' after 'assistant'",
    ),
    bad("system in the middle", row(f"{U},{S},{A}"), "role-order", "messages[1].role", "only as the first"),
    bad("two system messages", row(f"{S},{S},{U},{A}"), "role-order", "messages[1].role", "only as the first"),
    bad("a tool without a call", row(f"{U},{A},{T},{A}"), "role-order", "messages[2].role", "tool_calls"),
    bad("a tool after the user", row(f"{U},{T},{A}"), "role-order", "messages[1].role", "tool_calls"),
    bad(
        "user after tool",
        row(f"{U},{CALL},{T},{U},{A}"),
        "role-order",
        "messages[3].role",
        "'user' after 'tool'",
    ),
    bad("only a system message", row(S), "role-order", "messages", "only a system message"),
    bad("no answer", row(U), "final-turn", "messages[0].role", "ground_truth"),
    bad("ends with the user", row(f"{U},{A},{U}"), "final-turn", "messages[2].role", "found 'user'"),
    bad("ends with a tool", row(f"{U},{CALL},{T}"), "final-turn", "messages[2].role", "found 'tool'"),
    # Content.
    bad("no content", row('{"role":"user"},' + A), "content", "messages[0].content", "found nothing"),
    bad(
        "content null",
        row('{"role":"user","content":null},' + A),
        "content",
        "messages[0].content",
        "found null",
    ),
    bad(
        "content a number",
        row('{"role":"user","content":7},' + A),
        "content",
        "messages[0].content",
        "the number 7",
    ),
    bad(
        "content an object",
        row('{"role":"user","content":{"text":"a"}},' + A),
        "content",
        "messages[0].content",
        "an object",
    ),
    bad(
        "content true",
        row(U + ',{"role":"assistant","content":true}'),
        "content",
        "messages[1].content",
        "boolean true",
    ),
    bad(
        "answer null",
        row(U + ',{"role":"assistant","content":null}'),
        "content",
        "messages[1].content",
        "found null",
    ),
    bad("answer only a call", row(f"{U},{CALL}"), "content", "messages[1].content", "label's text"),
    bad(
        "answer empty",
        row(U + ',{"role":"assistant","content":" "}'),
        "empty-answer",
        "messages[1].content",
        "empty",
    ),
    bad(
        "answer without parts",
        row(U + ',{"role":"assistant","content":[]}'),
        "content-part",
        "messages[1].content",
        "empty",
    ),
    bad(
        "user says nothing",
        row('{"role":"user","content":" \\n"},' + A),
        "empty-content",
        "messages[0].content",
        "no user",
    ),
    bad(
        "an image part",
        row('{"role":"user","content":[{"type":"image_url","image_url":{}}]},' + A),
        "content-part",
        "messages[0].content[0].type",
        "'image_url'",
    ),
    bad(
        "a part without text",
        row('{"role":"user","content":[{"type":"text"}]},' + A),
        "content-part",
        "messages[0].content[0].text",
        "found null",
    ),
    bad(
        "a part that is text",
        row('{"role":"user","content":["hi"]},' + A),
        "content-part",
        "messages[0].content[0]",
        "found the text 'hi'",
    ),
    # Other fields.
    bad(
        "name a number",
        row('{"role":"user","content":"a","name":3},' + A),
        "name",
        "messages[0].name",
        "the number 3",
    ),
    bad(
        "weight of a message 0.5",
        row(U + ',{"role":"assistant","content":"a","weight":0.5}'),
        "message-weight",
        "messages[1].weight",
        "0 or 1",
    ),
    bad(
        "weight of a message true",
        row(U + ',{"role":"assistant","content":"a","weight":true}'),
        "message-weight",
        "messages[1].weight",
        "boolean",
    ),
    bad(
        "weight of a message text",
        row(U + ',{"role":"assistant","content":"a","weight":"1"}'),
        "message-weight",
        "messages[1].weight",
        "the text '1'",
    ),
    bad(
        "tool calls an object",
        row(U + ',{"role":"assistant","content":"a","tool_calls":{}}'),
        "tool-calls",
        "messages[1].tool_calls",
        "a list of objects",
    ),
    bad("row weight text", row(f"{U},{A}", ',"weight":"2"'), "row-weight", "weight", "the text '2'"),
    bad("row weight negative", row(f"{U},{A}", ',"weight":-1'), "row-weight", "weight", "at least 0"),
    bad("row weight true", row(f"{U},{A}", ',"weight":true'), "row-weight", "weight", "boolean"),
    bad(
        "row weight beyond floats",
        row(f"{U},{A}", f',"weight":{"9" * 400}'),
        "row-weight",
        "weight",
        "more than 40 digits",
    ),
    bad("row weight of 5000 digits", row(f"{U},{A}", f',"weight":{"9" * 5000}'), "json", None, "out of range"),
    bad("a long number and words", row(f"{U},{A}", f',"x":{"9" * 5000}')[:-1] + b"yes\n", "json", None, "'yes'"),
    bad("row weight 1e999", row(f"{U},{A}", ',"weight":1e999'), "json", None, "out of range"),
    bad(
        "a weight on one row only",
        row(f"{U},{A}", ',"weight":2'),
        "row-weight",
        "weight",
        "all rows or on none",
    ),
    bad(
        "ground truth a number",
        row(f"{U},{A}", ',"ground_truth":3'),
        "ground-truth",
        "ground_truth",
        "the number 3",
    ),
    bad(
        "ground truth an object",
        row(f"{U},{A}", ',"ground_truth":{}'),
        "ground-truth",
        "ground_truth",
        "an object",
    ),
    bad(
        "ground truth an object of several fields",
        row(f"{U},{A}", ',"ground_truth":{"a":"x","b":"y"}'),
        "ground-truth",
        "ground_truth",
        "an object of several fields is written as the text of the assistant's answer",
    ),
    bad("ground truth empty", row(f"{U},{A}", ',"ground_truth":""'), "ground-truth", "ground_truth", "empty"),
    bad(
        "ground truth with a number",
        row(U, ',"ground_truth":["a",3]'),
        "ground-truth",
        "ground_truth[1]",
        "number 3",
    ),
    bad(
        "ground truth with an empty label",
        row(U, ',"ground_truth":["a"," "]'),
        "ground-truth",
        "ground_truth[1]",
        "empty",
    ),
    bad(
        "ground truth with null",
        row(U, ',"ground_truth":[null]'),
        "ground-truth",
        "ground_truth[0]",
        "found null",
    ),
    # The file.
    Case("an empty file", b"", "too-few-rows", None, None, "holds 0 rows"),
    Case("only blank lines", b"\n\r\n  \n", "too-few-rows", None, None, "holds 0 rows"),
    Case("two rows", GOOD * 2, "too-few-rows", None, None, "at least 3"),
    Case("UTF-16", (GOOD * 3).decode().encode("utf-16"), "file-type", None, None, "UTF-16"),
    Case("a ZIP archive", b"PK\x03\x04rest", "file-type", None, None, "ZIP"),
    Case("a Parquet file", b"PAR1rest", "file-type", None, None, "Parquet"),
    Case(
        "a cut-off gzip file",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xabV",
        "compression",
        None,
        None,
        "cut off",
    ),
    Case(
        "a damaged gzip file",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + b"\xff" * 40,
        "compression",
        None,
        None,
        "damaged",
    ),
    Case("a damaged zstandard file", b"\x28\xb5\x2f\xfd" + b"\xff" * 40, "compression", None, None, "damaged"),
    Case("a cut-off zstandard file", b"\x28\xb5\x2f\xfd\x04", "compression", None, None, "cut off"),
]
