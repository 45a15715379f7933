"""Dataset references without what they let their reader do: user names with passwords, tokens and signatures.

A reference is kept whole with its dataset's registration alone, which only its owner can read. Whatever is shown or
stored elsewhere goes through here.
"""

from __future__ import annotations

import contextlib
import re
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

_URL = re.compile(r"[A-Za-z][\w+.-]*://[^\s'\"<>]+")
_DATABASE = (
    r"(sqlite|duckdb|postgres(ql)?|mysql|mariadb|mssql|oracle|snowflake|bigquery|redshift|cockroachdb|databricks|"
    r"clickhouse\w*|trino|presto|firebird|hana|db2|ibm_db_sa|teradatasql|awsathena|vertica\w*|exa|crate|monetdb)(\+\w+)?"
)
"""Dialects of SQLAlchemy, and the driver that may follow."""
_DATABASE_USER = re.compile(rf"(?P<scheme>{_DATABASE})://(?P<user>[^:/?#@\s]*:((?![?&]query=)\S)*)@", re.IGNORECASE)
"""With a password in which there may be signs that end a user elsewhere."""
# What stands before an @ elsewhere than on the web is a container (abfs) or a repository (github).
_USER = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<user>[^/?#\s]*)@")
_QUERY = re.compile(r"\?[^?]*=.*$|#.*$", re.DOTALL)
_WEB_QUERY = re.compile(r"[?#].*$", re.DOTALL)
_CREDENTIAL = re.compile(
    r"odbc_connect|sslpassword|x-(amz|goog)-.*|sig(nature)?|expires?|policy|.*token|.*secret.*|(.*[-_])?(pass|password|passwd|pwd)|"
    r"([a-z]*[-_]?key|access)([-_]?pair)?[-_]?(id)?|aws.*id|google.*id|credentials?|auth|authorization|jwt|code|"
    r"s(v|s|rt|p|e|t|r|pr|ip|dd|koid|ktid|kt|ke|ks|kv|aoid|uoid|cid)",
    re.IGNORECASE,
)
"""Parameters by which stores sign a web address (S3, Google Storage, CloudFront, Azure), and usual names of keys."""
_MIN_SECRET_LENGTH = 4


def is_database(reference: str) -> bool:
    """Whether a dataset reference is the URL of a database, in the form of SQLAlchemy."""
    return re.match(rf"{_DATABASE}://", reference, re.IGNORECASE) is not None


def without_credentials(reference: str) -> str:
    """A reference as it is shown: without a user, a query or a fragment; a local path is unchanged."""
    if "://" not in reference:
        return reference
    reference = _DATABASE_USER.sub(lambda match: f"{match['scheme']}://", reference)
    pattern = _WEB_QUERY if re.search(r"https?://", reference, re.IGNORECASE) else _QUERY
    return pattern.sub("", _USER.sub(_without_user, reference))


def identity(reference: str) -> str:
    """A reference as sources are told apart: without a user, and with the parameters that are no credentials."""
    head, mark, query = _DATABASE_USER.sub(lambda match: f"{match['scheme']}://", reference).partition("?")
    if "://" not in reference or not mark or "=" not in query:
        return without_credentials(reference)
    fields = [field for field in parse_qsl(query, keep_blank_values=True) if not _CREDENTIAL.fullmatch(field[0])]
    return without_credentials(head) + (f"?{urlencode(fields)}" if fields else "")


def without_url_credentials(text: str) -> str:
    """A text whose URLs are all `without_credentials`."""
    return _URL.sub(lambda match: without_credentials(match[0]), text)


def hidden_in(text: str, reference: str) -> str:
    """A text, such as an error of whoever read `reference`, without the credentials of the reference."""
    text = without_url_credentials(text.replace(reference, without_credentials(reference)))
    for secret in sorted(_secrets(reference), key=len, reverse=True):
        text = text.replace(secret, "[hidden]")
    return text


def _secrets(reference: str) -> set[str]:
    values = [part for match in _USER.finditer(reference) for part in match["user"].split(":")[1:]]
    values += [match["user"].partition(":")[2] for match in _DATABASE_USER.finditer(reference)]
    with contextlib.suppress(ValueError):
        values += [value for _, value in parse_qsl(urlsplit(reference).query)]
    forms = {form for value in values for form in (value, unquote(value), quote(value, safe=""))}
    return {form for form in forms if len(form) >= _MIN_SECRET_LENGTH}


def _without_user(match: re.Match[str]) -> str:
    scheme = match["scheme"].lower()
    is_web = scheme in ("http", "https", "ftp")
    if is_web or (":" in match["user"] and scheme not in ("github", "git")):
        return f"{match['scheme']}://"
    return match[0]
