"""Canonical bytes: one document, one spelling."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.canonical import canonical, digest
from tests.core.strategies import law

texts = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("document", "spelling"),
    [
        pytest.param({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}', id="keys sorted, no white space"),
        pytest.param({"é": "ü\n"}, '{"é":"ü\\n"}', id="UTF-8, escapes only where JSON demands"),
        pytest.param([1.5, 1e22, 0.1, -0.0], "[1.5,1e+22,0.1,-0.0]", id="floats in their shortest spelling"),
        pytest.param((1, 2), "[1,2]", id="tuples are lists"),
        pytest.param({"a": {"c": 1, "b": 2}}, '{"a":{"b":2,"c":1}}', id="sorted at every depth"),
    ],
)
def test_the_spelling_is_fixed(document: Any, spelling: str) -> None:
    assert canonical(document) == spelling.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_has_no_spelling(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": [number]})


@pytest.mark.parametrize("document", [{1: "a"}, [{"a": {None: 1}}], ({True: 1},)])
def test_a_key_that_is_no_text_has_no_spelling(document: Any) -> None:
    """`json.dumps` would spell the keys 1 and "1" alike."""
    with pytest.raises(TypeError, match="a key of a canonical document must be a string"):
        canonical(document)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x"])
def test_what_is_no_json_has_no_spelling(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical([value])


def test_half_a_character_has_no_spelling() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        canonical("\ud800")


@law
@given(documents)
def test_spelling_is_idempotent(document: Any) -> None:
    assert canonical(json.loads(canonical(document))) == canonical(document)


@law
@given(st.dictionaries(texts, documents, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_keys_never_matters(document: dict[str, Any], chance: random.Random) -> None:
    items = list(document.items())
    chance.shuffle(items)
    assert canonical(dict(items)) == canonical(document)


@law
@given(documents, documents)
def test_different_documents_are_spelled_differently(one: Any, two: Any) -> None:
    if canonical(one) == canonical(two):
        assert json.loads(canonical(one)) == json.loads(canonical(two))
        assert str(one) == str(two) or one == two


def test_a_digest_carries_its_algorithm() -> None:
    assert digest(b"assay") == "sha256:" + hashlib.sha256(b"assay").hexdigest()
