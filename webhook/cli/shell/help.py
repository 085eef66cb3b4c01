"""Help pages: options under headings, plain words for values, 80 columns, exit codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from inspect import cleandoc
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from webhook.cli.shell import exit_codes, usage

# In the order of help pages. Other options are those of one verb alone: they come first.
_HEADINGS = {
    "Input": ("filename", "recursive", "kustomize", "fail_fast", "controller", "namespace_labels"),
    "Output": ("output", "no_annotate"),
    "Policies": ("policies", "builtin", "preset", "mode", "accelerator", "from_cluster"),
    "Cluster": ("namespace", "all_namespaces", "selector", "kinds", "since", "kubeconfig", "context"),
}
_LONGEST_CHOICES = 24
"""Longer lists of values are in the text beside the option."""
_NAMES_WIDTH = 26
"""Of 80 columns; the text of longer names begins on the next line."""


_Function = TypeVar("_Function", bound=Callable[..., Any])


class Command(TyperCommand):
    """A verb."""

    def get_help_option(self, ctx: Any) -> Any:
        return _plain_help_option(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True
        with usage.plain_errors(ctx):
            rest = super().parse_args(ctx, args)
        usage.refuse_nan(ctx)
        if rest:
            raise usage.unexpected_argument(ctx, rest[0])
        return rest

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        del ctx
        return ["[OPTIONS]", *map(_usage, _arguments(self.params))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _write_sections(_sections(self.get_params(ctx)), formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        _write_exit_codes(usage.verb(ctx), formatter)


class Group(TyperGroup):
    """A verb with subcommands. Without one it prints its help, as in kubectl."""

    def get_help_option(self, ctx: Any) -> Any:
        return _plain_help_option(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with usage.plain_errors(ctx):
            return super().parse_args(ctx, args or ["--help"])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None:
            raise usage.unknown_command(ctx, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        del ctx
        return ["COMMAND"]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        _write_sections(_sections(self.get_params(ctx)), formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        # The whole first sentence: a summary that is cut says nothing.
        rows = [(name, each.get_short_help_str(1000)) for name, each in commands.items() if each]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        del ctx
        _write_exit_codes("", formatter)


class Verbs(typer.Typer):
    """Of these classes, with plain text instead of rich's tables, which cut the names of variables."""

    def __init__(self, *, cls: type[Group] = Group, **options: Any) -> None:
        super().__init__(
            cls=cls,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            add_completion=False,
            context_settings={"help_option_names": ["-h", "--help"]},
            **options,
        )

    def command(self, name: str | None = None, **options: Any) -> Callable[[_Function], _Function]:
        return super().command(name, cls=Command, **options)


def fill_help(command: Callable[..., object], word: str, lines: Iterable[str]) -> None:
    """Replace the line of a command's help that is this word. The help is its docstring."""
    # From Python 3.13 on, docstrings have lost their indentation already.
    command.__doc__ = cleandoc(command.__doc__ or "").replace(f"\n{word}", "\n".join(["", *lines]))


def _plain_help_option(option: Any) -> Any:
    option.help = "Print this help."
    return option


def _arguments(params: Iterable[Any]) -> list[Any]:
    return [each for each in params if each.param_type_name == "argument"]


def _usage(argument: Any) -> str:
    name = usage.display_name(argument)
    dots = "..." if argument.nargs == -1 else ""
    return f"{name}{dots}" if argument.required else f"[{name}{dots}]"


def _sections(params: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Each heading with its parameters, without those that are empty."""
    headings = {name: heading for heading, names in _HEADINGS.items() for name in names}
    own = [each for each in params if each.name not in headings and each.param_type_name == "option"]
    yield "Arguments", _arguments(params)
    yield "Options", own
    for heading, names in _HEADINGS.items():
        yield heading, sorted((p for p in params if p.name in names), key=lambda p: names.index(p.name))


def _write_sections(sections: Iterable[tuple[str, list[Any]]], formatter: Any) -> None:
    for heading, params in sections:
        rows = [_record(each) for each in params if not each.hidden]
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=_NAMES_WIDTH)


def _record(param: Any) -> tuple[str, str]:
    """The two columns of a parameter."""
    if param.param_type_name == "argument":
        return usage.display_name(param), param.help or ""
    names = ", ".join(sorted(param.opts, key=len))
    text, value = param.help or "", value_of(param)
    if len(value) > _LONGEST_CHOICES and "|" in value:
        text, value = f"{text} One of {value.replace('|', ', ')}.", _name_of(param)
    more = [f"${param.envvar}"] if param.envvar else []
    if param.default not in (None, False, "") and not param.is_flag:
        more.append(f"default {param.default}")
    if param.required:
        more.append("required")
    return f"{names} {value}".rstrip(), f"{text} [{', '.join(more)}]" if more else text


def value_of(param: Any) -> str:
    """What to write for it: `PATH`, or all values that it may have, as `a|b`; empty for a switch."""
    if param.param_type_name == "argument":
        return usage.display_name(param)
    if param.is_flag:
        return ""
    return str(param.metavar or "|".join(usage.choices_of(param)) or _name_of(param))


def _name_of(param: Any) -> str:
    name: str = param.name
    return _VALUES.get(name, name.upper())


# Where the name of the parameter is not what to write.
_VALUES = {"output": "FORMAT", "kubeconfig": "PATH"}


def _write_exit_codes(verb: str, formatter: Any) -> None:
    formatter.write_paragraph()
    formatter.write_text(exit_codes.sentence(verb))
