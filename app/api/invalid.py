"""What does not fit the description of an operation, told as a bundle's mistakes are: where, what is wrong, what to do.

The framework finds the mistakes and says them in its own words, about inputs that somebody gave to a validator. Here each
of its kinds has a sentence about the parameter or member that is meant; a kind without one would be told in the framework's
words, and a test knows them all. The values that were sent are never repeated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.core.caller import NAME_PATTERN, NAME_SAID, PUBLISHER_PATTERN, PUBLISHER_SAID
from app.core.claim_lean4 import NAME as LEAN_NAME
from app.core.claim_metamath import LABEL
from app.core.claim_reader import near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import Request

#: kind of the framework -> what is wrong, and what to do; both may use what the kind tells besides
SENTENCES: dict[str, tuple[str, str]] = {
    "missing": ("{name} is missing", "add it"),
    "extra_forbidden": ("{name} is not known here", "leave it out"),
    "repeated": ("{name} is there more than once", "send it once"),
    "greater_than_equal": ("{name} is too small", "give a number of at least {ge}"),
    "less_than_equal": ("{name} is too large", "give a number of at most {le}"),
    "int_parsing": ("{name} is no whole number", "write it with digits alone, as in 20"),
    "int_parsing_size": ("{name} is far too large", "give a smaller number"),
    "int_type": ("{name} is no whole number", "write it as a number without quotes, as in 20"),
    "int_from_float": ("{name} is no whole number", "leave the fraction out"),
    "float_parsing": ("{name} is no number", "write it with digits and at most one point, as in 7.5"),
    "float_type": ("{name} is no number", "write it as a number without quotes, as in 7.5"),
    "finite_number": ("{name} is not finite", "give a number"),
    "bool_parsing": ("{name} is neither true nor false", "write true or false"),
    "bool_type": ("{name} is neither true nor false", "write true or false, without quotes"),
    "string_type": ("{name} is no text", "write it in quotes"),
    "string_too_long": ("{name} is too long", "write at most {max_length} characters"),
    "string_too_short": ("{name} is too short", "write at least {min_length} characters"),
    "string_pattern_mismatch": ("{name} is not spelled as it has to be", "write {pattern}"),
    "too_long": ("{name} has too many items", "send at most {max_length}"),
    "too_short": ("{name} has too few items", "send at least {min_length}"),
    "list_type": ("{name} is no list", "write its items in square brackets"),
    "dict_type": ("{name} is no object", "write its members in braces"),
    "model_attributes_type": ("{name} is no object", "write its members in braces"),
    "model_type": ("{name} is no object", "write its members in braces"),
    "enum": ("{name} is none of the words that are known here", "write one of {expected}"),
    "literal_error": ("{name} is none of the words that are known here", "write one of {expected}"),
    "json_invalid": ("the body is not JSON", "check the document with a JSON parser"),
    "value_error": ("{name}: {error}", "compare it with the description of the operation in `/openapi.json`"),
    **dict.fromkeys(
        (
            "datetime_parsing",
            "datetime_from_date_parsing",
            "datetime_type",
            "datetime_object_invalid",
            "timezone_aware",
        ),
        ("{name} is no time with its offset", "write it as in 2026-01-31T12:00:00Z"),
    ),
}

#: A pattern in words, with an example where words are not enough.
SPELLED: dict[str, str] = {
    r"^[a-z0-9][a-z0-9._-]{0,63}$": "at most 64 of a-z, 0-9, `.`, `_`, `-`, the first a letter or digit, as in xtreme-rows",
    r"^[^\x00-\x1f\x7f]{1,200}$": "1 to 200 characters without line breaks",
    r"^[a-z]{3}_[0-9a-z]{1,64}$": "an id of this service, as it stands in answers, such as clm_01m8…",
    r"^[A-Za-z0-9_-]{1,64}$": "1 to 64 letters, digits, `_` and `-`",
    r"^[\x21-\x7e]{1,255}$": "1 to 255 printable ASCII characters without blanks",
    r"^[a-z0-9.+-]{1,40}$": "1 to 40 of a-z, 0-9, `.`, `+`, `-`, as in pdf",
    r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$": "text without control characters",
    r"^sha256:[0-9a-f]{64}$": "sha256: and 64 hexadecimal digits in lower case",
    r"^[a-z][a-z0-9_]{0,39}$": "at most 40 of a-z, 0-9, `_`, the first a letter, as in report",
    r"^https?://[^\s\x00-\x1f<>\"']+$": "an address that begins with http:// or https://",
    r"^-?[0-9]{1,6}(\.[0-9]{1,9})?$": "the printed digits in quotes, as in 77.0",
    rf"^(?:{LEAN_NAME.pattern})$": "a name of Lean, its parts apart by dots, as in Nat.add_comm",
    rf"^(?:{LEAN_NAME.pattern}|{LABEL.pattern})$": "a name of Lean, as in Nat.add_comm, or a label of Metamath, as in a1i",
    NAME_PATTERN: NAME_SAID,
    PUBLISHER_PATTERN: PUBLISHER_SAID,
    r"^[0-9a-f]{32}$": "32 hexadecimal digits in lower case",
    r"^[0-9a-f-]{36}$": "a UUID with its hyphens, in lower case",
}


_OF_KIND = re.compile(r"\^([a-z]{3}_)\[0-9a-z\]\{1,64\}\$")


def in_words(pattern: str) -> str | None:
    """Return what a pattern asks for; None when nobody has said it yet."""
    found = _OF_KIND.fullmatch(pattern)
    return f"an id as it stands in answers: {found[1]}…" if found else SPELLED.get(pattern)


def problem_of(request: Request, item: Mapping[str, Any], body: Any = None) -> dict[str, Any]:
    """Return one mistake of the framework's list as an item of a problem document; `body` is the text that is no JSON."""
    place, *path = item["loc"] or ("body",)
    kind, line = str(item["type"]), None
    if kind == "json_invalid":  # its path is the number of a character
        line, column = position(body, path[0]) if isinstance(body, str) and path else (None, None)
        path = []
    told = {name: str(value) for name, value in (item.get("ctx") or {}).items()}
    told["name"] = _called(path) if path and kind != "extra_forbidden" else f"this {_WORDS[str(place)]}"
    if not path:
        told["name"] = f"the {place}"
    if "pattern" in told:
        told["pattern"] = in_words(told["pattern"]) or f"it as {told['pattern']} says"
    if "expected" in told:
        told["expected"] = told["expected"].replace("'", "")
    detail, remedy = SENTENCES.get(kind, (str(item["msg"]), ""))
    if line is not None:
        detail += f": it ends being JSON at line {line}, column {column}"
    remedy = remedy.format(**told)
    if kind == "extra_forbidden":
        remedy = _meant(request, str(place), item["loc"]) or remedy
    return {
        "in": str(place),
        "pointer": "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path),
        "line": line,
        "code": kind.replace("_", "-"),
        "detail": detail.format(**told) if kind in SENTENCES else detail,
        "remedy": remedy,
    }


def position(text: str, place: int) -> tuple[int, int]:
    """Return line and column of a character, counted from 1."""
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)


_WORDS = {"query": "parameter", "path": "part of the address", "header": "header", "cookie": "cookie", "body": "member"}


def _called(path: Sequence[str | int]) -> str:
    """Return what a member is called in a sentence: its name, or its place in the list that it is an item of."""
    if isinstance(path[-1], int) and len(path) > 1:
        return f"item {path[-1] + 1} of `{path[-2]}`"
    return f"`{path[-1]}`"


def _meant(request: Request, place: str, where: Sequence[str | int]) -> str:
    """Return what to do about a name that is not known: the one that was meant, or all that there are."""
    known = _members(request, where[1:-1]) if place == "body" else _parameters(request)
    return near(str(where[-1]), known) or (f"use one of {', '.join(known)}" if known else "")


def _parameters(request: Request) -> list[str]:
    """Return the names in the query that the operation knows."""
    route = request.scope.get("route")
    method = request.method.lower()
    operation = request.app.openapi()["paths"].get(getattr(route, "path", ""), {}).get(method, {})
    return [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]


def _members(request: Request, path: Sequence[str | int]) -> list[str]:
    """Return the names that the object at a path of the body may have."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model: Any = None if body is None else body.field_info.annotation
    if not hasattr(model, "model_json_schema"):
        return []
    schema = model.model_json_schema()
    return list(_object(schema, schema, path).get("properties", ()))


def _object(schema: Mapping[str, Any], found: Mapping[str, Any], path: Sequence[str | int]) -> Mapping[str, Any]:
    """Return the part of a model's schema that describes the object at a path; empty where none is described."""
    for part in path:
        found = found.get("properties", {}).get(part, {}) if isinstance(part, str) else found.get("items", {})
        found = next((one for one in found.get("anyOf", ()) if one.get("type") != "null"), found)
        if "items" in found and "$ref" in found["items"]:
            found = {**found, "items": schema["$defs"][found["items"]["$ref"].rpartition("/")[2]]}
        if "$ref" in found:
            found = schema["$defs"][found["$ref"].rpartition("/")[2]]
    return found
