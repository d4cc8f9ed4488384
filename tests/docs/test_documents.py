"""Documents are executable: their bundles parse, their commands exist, their links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from app.core.claim import claim_from_json, parse_claim
from app.main import create_app
from app.settings import Settings
from cli.exits import Exit
from cli.main import app as command
from tests.docs.need import need
from tests.docs.pages import PAGES, ROOT, Block, anchors, blocks, commands, links, name, read, section, without_blocks

if TYPE_CHECKING:
    import click

PAGE_NAMES = [name(page) for page in PAGES]
POLICY = Settings().policy({"python": "sha256:" + "0" * 64})
CLAIMS = [block for block in blocks("toml") if "assay-claim-v1" in block.text]


def test_the_pages_that_a_newcomer_is_sent_to_are_there() -> None:
    wanted = {"README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md"}
    reference = {"why", "bundle", "verdicts", "evidence", "api", "operations", "glossary"}
    assert wanted | {f"docs/{item}.md" for item in reference} <= set(PAGE_NAMES)


# --- bundles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", CLAIMS, ids=lambda block: block.where)
def test_a_bundle_in_a_page_is_accepted(block: Block) -> None:
    document = tomllib.loads(block.text)
    reproduce = document["reproduce"]
    files = ["claim.toml", reproduce.get("entrypoint", "claim.toml"), *reproduce.get("inputs", [])]
    assert parse_claim(block.text.encode(), files, POLICY).claim.id == document["claim"]["id"]


def test_readme_and_reference_show_bundles() -> None:
    assert {"README.md", "docs/bundle.md"} <= {block.page for block in CLAIMS}


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.where)
def test_a_json_body_in_a_page_is_json_and_a_claim_is_accepted(block: Block) -> None:
    document = json.loads(block.text)
    assert isinstance(document, dict)
    if document.get("schema") == "assay-claim-v1":
        assert claim_from_json(document, POLICY).claim.id


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.where)
def test_a_script_in_a_page_compiles(block: Block) -> None:
    assert compile(block.text, block.where, "exec")


# --- commands --------------------------------------------------------------------------------------------------------


def resolved(line: str) -> tuple[click.Command, list[str]]:
    """Return the command that a line names, and its arguments; pipes and redirections are cut off."""
    words = shlex.split(re.split(r"\s[|>&]\s?", line)[0])[1:]
    found: Any = typer.main.get_command(command)
    while words and hasattr(found, "commands"):
        assert words[0] in found.commands, f"there is no command {words[0]!r}"
        found = found.commands[words.pop(0)]
    return found, words


@pytest.mark.parametrize(("where", "line"), commands("assay"))
def test_an_assay_command_in_a_page_exists_with_its_options(where: str, line: str) -> None:
    found, words = resolved(line)
    known = {text for parameter in found.params for text in (*parameter.opts, *parameter.secondary_opts)}
    options = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert options <= known, where


def test_every_command_appears_in_a_page() -> None:
    found: Any = typer.main.get_command(command)
    names = {f"{outer} {inner}" for outer, item in found.commands.items() for inner in getattr(item, "commands", ())}
    names |= {outer for outer, item in found.commands.items() if not hasattr(item, "commands")}
    text = "\n".join(read(page) for page in PAGE_NAMES)
    assert {item for item in names if not re.search(rf"(assay|\./run) {item}\b", text)} == set()


def test_run_knows_the_words_that_the_readme_types() -> None:
    typed = {match[1] for match in re.finditer(r"^\$ \./run (\w+)", read("README.md"), re.MULTILINE)}
    assert {"demo", "test", "assay"} <= typed
    usage = (ROOT / "run").read_text(encoding="utf-8")
    assert all(f"./run {word}" in usage for word in typed)


# --- curl ------------------------------------------------------------------------------------------------------------


def method_of(words: list[str]) -> str:
    if "-X" in words:
        return words[words.index("-X") + 1]
    return "POST" if {"-F", "-d", "--data", "--json"} & set(words) else "GET"


def template(path: str) -> str:
    """Return an OpenAPI path as a regular expression."""
    return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))


@pytest.mark.parametrize(("where", "line"), commands("curl"))
def test_a_curl_command_in_a_page_meets_an_operation(where: str, line: str) -> None:
    words = shlex.split(re.split(r"\s[|>&]\s?", line)[0])
    (url,) = (word for word in words if word.startswith("http://127.0.0.1:8000/"))
    path = url.removeprefix("http://127.0.0.1:8000").partition("?")[0]
    operations = create_app(Settings()).openapi()["paths"]
    found = [item for known, item in operations.items() if re.fullmatch(template(known), path)]
    assert any(method_of(words).lower() in item for item in found), where


def test_the_readme_shows_the_interface_in_five_lines_at_least() -> None:
    assert len([where for where, _ in commands("curl") if where.startswith("README.md")]) >= 5


# --- links and names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGE_NAMES)
def test_every_link_inside_the_repository_leads_somewhere(page: str) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(name(target)), link


_PATH = re.compile(r"`((?:app|cli|sandbox|workers|migrations|docs|deploy|tests|examples|bench)/[\w./-]+)`")
_FILE = re.compile(r"`(run|Dockerfile|[\w-]+\.(?:toml|txt|yml))`")


@pytest.mark.parametrize("page", [page for page in PAGE_NAMES if page != "docs/bundle.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    """The page of the bundle names the files of its reader's bundle."""
    for path in (*_PATH.findall(without_blocks(page)), *_FILE.findall(without_blocks(page))):
        if path not in {"claim.toml", "parameters.json"} and not path.endswith(".txt") | path.startswith("runs/"):
            assert (ROOT / path).exists(), path


# --- decisions -------------------------------------------------------------------------------------------------------

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PARTS = ("## Context", "## Decision", "## Consequences", "## Alternatives", "## Embodied in")


def test_decisions_are_numbered_once_each() -> None:
    numbers = [path.name.partition("-")[0] for path in DECISIONS]
    assert sorted(set(numbers)) == numbers
    assert len(DECISIONS) >= 10


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts_in_order_on_one_page(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## .+$", text, re.MULTILINE) == list(PARTS)
    assert text.startswith(f"# {path.name.partition('-')[0]}: ")
    assert text.count("\n") <= 60
    embodied = re.findall(r"`([^`]+)`", section(name(path), "## Embodied in"))
    assert embodied
    assert all((ROOT / item).exists() for item in embodied), embodied


# --- output in the readme --------------------------------------------------------------------------------------------


def test_the_demo_lines_of_the_readme_are_what_the_examples_ask_for() -> None:
    wanted = tomllib.loads(read("examples/expected.toml"))
    (shown,) = (block.text for block in blocks("text") if "claims in" in block.text and block.page == "README.md")
    lines = re.findall(r"^  ([\w-]+) +([A-Z]+) ([A-Z_]+)$", shown, re.MULTILINE)
    assert {status for _, status, _ in lines} == {"VERIFIED", "FALSIFIED", "UNVERIFIED"}
    assert all((wanted[name]["status"], wanted[name]["reason_code"]) == (status, code) for name, status, code in lines)
    counts = {word: int(count) for count, word in re.findall(r"(\d+) ([A-Z]+)", shown)}
    assert counts == {status: sum(entry["status"] == status for entry in wanted.values()) for status in counts}
    assert f"{len(wanted)} claims in" in shown


@pytest.mark.box
def test_the_verdict_in_the_readme_is_what_the_command_prints() -> None:
    """All but the seal, which covers this host's Python."""
    (shown,) = (block.text for block in blocks("text") if block.page == "README.md" and "  seal sha256:" in block.text)
    place = shown.partition(":")[0]
    done = subprocess.run(
        [sys.executable, "-m", "cli", "verify", place], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode == Exit.FAULT and "NO_ISOLATION" in done.stdout:
        need(done.stdout)
    assert done.returncode == Exit.VERIFIED, done.stderr
    assert done.stdout.partition("  seal ")[0] == shown.partition("  seal ")[0]
    assert shown.partition("  seal ")[2] == "sha256:…\n"  # one that is printed would be another than the reader's
