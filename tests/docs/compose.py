"""Reads docker-compose.yml as Compose does, as far as that file uses it: YAML, merge keys, `${NAME}` and `${NAME:?why}`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"

_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::\?([^}]*))?\})")


class Unset(ValueError):
    """A variable that the file demands has no value."""


def raw() -> dict[str, Any]:
    """Return the document before any variable is filled in."""
    document: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return document


def services(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the services with their variables filled in.

    Raises:
        Unset: a demanded variable is missing or empty.

    """
    found: dict[str, dict[str, Any]] = _filled(raw()["services"], variables)
    return found


def variables_of(document: Any) -> set[str]:
    """Return the names of all variables that a part of the file uses."""
    if isinstance(document, dict):
        return set().union(*(variables_of(item) for item in document.values()))
    if isinstance(document, list):
        return set().union(*(variables_of(item) for item in document))
    return {match[1] for match in _VARIABLE.finditer(document) if match[1]} if isinstance(document, str) else set()


def _filled(item: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(item, dict):
        return {key: _filled(value, variables) for key, value in item.items()}
    if isinstance(item, list):
        return [_filled(value, variables) for value in item]
    return _VARIABLE.sub(lambda match: _value(match, variables), item) if isinstance(item, str) else item


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if match[1] is None:
        return "$"
    if not variables.get(match[1]):
        raise Unset(f"{match[1]} is not set: {match[2]}")
    return variables[match[1]]
