"""`assay completion SHELL`: what the shell needs to complete the command, written from the parser.

The scripts are plain data and a loop that finds out which command is being typed. A key press therefore starts nothing; in
exchange they have to be written again after an upgrade. Where nothing of ours fits, files are offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Shell(StrEnum):
    """A shell that can be served."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@dataclass(frozen=True)
class Option:
    """One option of a command."""

    name: str  # with its dashes
    about: str
    takes: bool = False  # a value
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """One command, or a group of them."""

    words: str  # "" for the whole, "keys create" for one within
    about: str
    options: tuple[Option, ...]
    inner: tuple[Command, ...] = ()
    values: tuple[str, ...] = ()  # of its argument, where only some are known
    files: bool = False  # whether it takes files as arguments

    @property
    def next(self) -> list[tuple[str, str]]:
        """What may follow besides options and files: name and meaning."""
        return [(item.words.rpartition(" ")[2], item.about) for item in self.inner] + [
            (item, "") for item in self.values
        ]

    def all(self) -> Iterator[Command]:
        """Yield it and everything within."""
        yield self
        for item in self.inner:
            yield from item.all()


def completion(context: typer.Context, shell: Annotated[Shell, typer.Argument(help="For which shell.")]) -> None:
    """Print what makes a shell complete `assay`. docs/cli.md says where to put it."""
    tree = read(context.find_root().command)
    typer.echo({Shell.BASH: bash, Shell.ZSH: zsh, Shell.FISH: fish}[shell](tree), nl=False)


def read(command: Any, words: str = "") -> Command:
    """Return what the parser knows of a command and everything within."""
    inner = getattr(command, "commands", {})
    options, files = [Option("--help", "Show what there is to know.")], False
    values: tuple[str, ...] = ()
    for item in command.params:
        kind = item.type_descriptor
        choices = tuple(str(getattr(each, "value", each)) for each in kind.choices or ()) if kind.is_choice else ()
        names = [name for name in item.opts if name.startswith("--")]
        options += [Option(name, item.help or "", not item.is_flag, choices) for name in names if not item.hidden]
        values = values if names else choices
        files |= not names and "Path" in str(kind.annotation)
    return Command(
        words,
        command.get_short_help_str(80),
        tuple(sorted(options, key=lambda each: each.name)),
        tuple(read(each, f"{words} {name}".strip()) for name, each in inner.items() if not each.hidden),
        values,
        files,
    )


# --- bash ------------------------------------------------------------------------------------------------------------

_BASH = """\
# Completion of assay for bash: put it into ~/.local/share/bash-completion/completions/assay, or source it.
_assay() {{
    local word command="" i current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} choices=""
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        case "${{command:+$command }}$word" in
            {known}) command="${{command:+$command }}$word" ;;
        esac
    done
    COMPREPLY=()
    case "$command $before" in
{values}
    esac
    if [ -z "$choices" ]; then
        case "$current" in
            -*) case "$command" in
{options}
            esac ;;
            *) case "$command" in
{inner}
            esac ;;
        esac
    fi
    [ -z "$choices" ] || COMPREPLY=($(compgen -W "$choices" -- "$current"))
}}
complete -o bashdefault -o default -F _assay assay
"""


def bash(tree: Command) -> str:
    """Return the script for bash, 3.2 or newer."""
    every = list(tree.all())
    return _BASH.format(
        known=" | ".join(f'"{item.words}"' for item in every if item.words),
        values="\n".join(
            f'        "{item.words} {option.name}") choices="{" ".join(option.choices)}" ;;'
            for item in every
            for option in item.options
            if option.choices
        ),
        options="\n".join(
            f'                "{item.words}") choices="{" ".join(option.name for option in item.options)}" ;;'
            for item in every
        ),
        inner="\n".join(
            f'                "{item.words}") choices="{" ".join(name for name, _ in item.next)}" ;;'
            for item in every
            if item.next
        ),
    )


# --- zsh -------------------------------------------------------------------------------------------------------------

_ZSH = """\
#compdef assay
# Completion of assay for zsh: put it as _assay into a folder of $fpath, or source it after compinit.
_assay() {{
    local word command=""
    local -i i
    local -a found
    for ((i = 2; i < CURRENT; i++)); do
        word=${{words[i]}}
        case "${{command:+$command }}$word" in
            ({known}) command="${{command:+$command }}$word" ;;
        esac
    done
    case "$command ${{words[CURRENT-1]}}" in
{values}
    esac
    if [[ "${{words[CURRENT]}}" == -* ]]; then
        case "$command" in
{options}
        esac
        _describe -o option found
        return
    fi
    case "$command" in
{inner}
    esac
    if (( ${{#found}} )); then _describe command found; else _files; fi
}}
if [[ "$funcstack[1]" == _assay ]]; then _assay "$@"; else compdef _assay assay; fi
"""


def zsh(tree: Command) -> str:
    """Return the script for zsh."""
    every = list(tree.all())
    return _ZSH.format(
        known="|".join(f'"{item.words}"' for item in every if item.words),
        values="\n".join(
            f'        ("{item.words} {option.name}") compadd -- {" ".join(option.choices)}; return ;;'
            for item in every
            for option in item.options
            if option.choices
        ),
        options="\n".join(
            f'            ("{item.words}") found=({_described([(each.name, each.about) for each in item.options])}) ;;'
            for item in every
        ),
        inner="\n".join(f'        ("{item.words}") found=({_described(item.next)}) ;;' for item in every if item.next),
    )


def _described(items: Sequence[tuple[str, str]]) -> str:
    return " ".join(_quoted(f"{name}:{about}") for name, about in items)


def _quoted(text: str) -> str:
    """Return a text in single quotes, as bash and zsh read it."""
    return "'" + text.replace("'", "'\\''") + "'"


# --- fish ------------------------------------------------------------------------------------------------------------

_FISH = """\
# Completion of assay for fish: put it into ~/.config/fish/completions/assay.fish, or source it.
function __assay_at
    set -l found
    for word in (commandline -opc)[2..]
        if contains -- (string join ' ' -- $found $word) {known}
            set -a found $word
        end
    end
    test "$found" = "$argv[1]"
end
complete -c assay -f
{lines}
"""


def fish(tree: Command) -> str:
    """Return the script for fish, 3.0 or newer."""
    lines = []
    for item in tree.all():
        begin = f"complete -c assay -n {_fished(f'__assay_at {_fished(item.words)}')}"
        lines += [f"{begin} -a {name} -d {_fished(about)}" for name, about in item.next]
        lines += [f"{begin} -l {each.name[2:]} {_taken(each)}-d {_fished(each.about)}" for each in item.options]
        lines += [f"{begin} -F"] if item.files else []
    known = " ".join(_fished(item.words) for item in tree.all() if item.words)
    return _FISH.format(known=known, lines="\n".join(lines))


def _taken(option: Option) -> str:
    if option.choices:
        return f"-x -a {_fished(' '.join(option.choices))} "
    return "-r -F " if option.takes else ""


def _fished(text: str) -> str:
    """Return a text in single quotes, as fish reads it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
