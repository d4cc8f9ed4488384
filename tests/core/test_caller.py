"""Who asks, and what it may do: one row of a table for each of the four callers, and more that are easily confused."""

from __future__ import annotations

import re

import pytest

from app.core.caller import NAME_PATTERN, OPERATOR, PUBLISHER_PATTERN, STRANGER, USUAL, Caller, Scope

PUBLISHER = Caller("ada", USUAL, "key_1")
READER = Caller("ada", frozenset({Scope.VERDICTS_READ}), "key_2")
ADMIN = Caller("root", frozenset({Scope.ADMIN}), "key_3")
LOOPBACK = Caller("ada", loopback=True)


@pytest.mark.parametrize(
    ("caller", "write", "webhooks", "own", "others", "operator", "known"),
    [
        (STRANGER, False, False, False, False, False, False),
        (PUBLISHER, True, False, True, False, False, True),
        (READER, False, False, True, False, False, True),
        (ADMIN, True, True, True, True, True, True),
        (OPERATOR, True, True, True, True, True, False),
        (LOOPBACK, True, True, True, False, False, False),
    ],
    ids=["stranger", "publisher", "reader", "admin", "service", "loopback"],
)
def test_what_each_caller_may_do(
    caller: Caller, *, write: bool, webhooks: bool, own: bool, others: bool, operator: bool, known: bool
) -> None:
    assert caller.may(Scope.VERIFICATIONS_WRITE) is write
    assert caller.may(Scope.WEBHOOKS_MANAGE) is webhooks
    assert caller.owns("ada") is own
    assert caller.owns("bob") is others
    assert caller.operator is operator
    assert caller.known is known


def test_whoever_is_nobody_owns_nothing_that_belongs_to_nobody() -> None:
    assert not STRANGER.owns("")
    assert not Caller(scopes=USUAL, key_id="key_4").owns("None")


def test_the_loopback_is_no_operator_though_it_may_use_every_scope() -> None:
    assert all(LOOPBACK.may(scope) for scope in Scope)
    assert not LOOPBACK.operator


@pytest.mark.parametrize(
    ("pattern", "text", "good"),
    [
        (PUBLISHER_PATTERN, "a", True),
        (PUBLISHER_PATTERN, "Ada Lovelace", True),
        (PUBLISHER_PATTERN, "a" * 64, True),
        (PUBLISHER_PATTERN, "a" * 65, False),
        (PUBLISHER_PATTERN, "", False),
        (PUBLISHER_PATTERN, " ada", False),
        (PUBLISHER_PATTERN, "ada ", False),
        (PUBLISHER_PATTERN, "@ada", False),
        (PUBLISHER_PATTERN, "ada/bob", False),
        (NAME_PATTERN, "", True),
        (NAME_PATTERN, "ci (main): a+b@c/d", True),
        (NAME_PATTERN, "a" * 101, False),
        (NAME_PATTERN, "a\tb", False),
        (NAME_PATTERN, "<b>", False),
    ],
)
def test_how_publishers_and_keys_may_be_called(pattern: str, text: str, *, good: bool) -> None:
    assert (re.search(pattern, text) is not None) is good
