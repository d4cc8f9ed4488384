"""A stranger's text in Markdown, read by a parser of Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.core.markdown import block, escaped, one_line

PLAIN = {"text", "softbreak"}


def inline(text: str) -> list[tuple[str, str]]:
    """Return type and content of everything in the one paragraph that a text is."""
    blocks = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    assert [item.type for item in blocks] == ["paragraph_open", "inline", "paragraph_close"], text
    return [(part.type, part.content) for part in blocks[1].children or ()]


@pytest.mark.parametrize(
    "text",
    [
        "# x",
        "> x",
        "- x",
        "1. x",
        "[x](https://e.example)",
        "![](x)",
        "<b>x</b>",
        "&amp;",
        "`x`",
        "**x**",
        "a|b",
        "~~~",
        "@all",
    ],
)
def test_a_text_is_shown_as_it_is(text: str) -> None:
    parts = inline(escaped(text))
    assert {kind for kind, _ in parts} <= PLAIN | {"text_special"}
    assert "".join(content for _, content in parts) == text
    assert "@" not in escaped(text).replace("\\@", "")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_text_means_anything(text: str) -> None:
    made = escaped(text)
    if made:
        assert {kind for kind, _ in inline(made)} <= PLAIN | {"text_special"}


def test_a_text_is_one_line_and_cut_where_that_is_asked_for() -> None:
    assert one_line(" a\r\n\u202eb\ud800 ") == "a b"
    assert escaped("a\n\n# b") == "a \\# b"
    assert escaped("x" * 5, 4) == "xxx…"
    assert escaped("x" * 4, 4) == "x" * 4


def test_no_line_of_a_block_ends_it() -> None:
    lines = ["```", "# x", "| <b>", "    x"]
    (code,) = MarkdownIt("gfm-like", {"linkify": False}).parse(f"before\n\n{block(lines)}\n\n")[3:]
    assert (code.type, code.content) == ("code_block", "\n".join(lines) + "\n")
