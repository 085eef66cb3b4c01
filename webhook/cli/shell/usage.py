"""Wrong calls of a verb, in our words instead of the library's."""

from __future__ import annotations

import math
import re
from ast import literal_eval
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from typer import TyperException

from webhook.errors import UsageError


def verb(ctx: Any) -> str:
    """`policies lint`; empty for podtailor itself."""
    return f"{verb(ctx.parent)} {ctx.info_name}".lstrip() if ctx.parent else ""


def wrong_call(ctx: Any, message: str, nearest: str | None = None) -> UsageError:
    page = f"`{ctx.command_path} --help`"
    return UsageError(message, hint=f"did you mean {nearest}? See {page}" if nearest else f"see {page}")


def unexpected_argument(ctx: Any, word: str) -> UsageError:
    """With the options that narrow a verb which takes no names."""
    error = wrong_call(ctx, f"unexpected argument {word}")
    options = {each for param in ctx.command.get_params(ctx) for each in param.opts}
    if {"-n", "-l"} <= options:
        error.hint = f"narrow it with -n NAMESPACE and -l SELECTOR; {error.hint}"
    return error


def unknown_command(ctx: Any, word: str, known: Iterable[str]) -> UsageError:
    return wrong_call(ctx, f"unknown command {word}", closest(word, known))


def closest(word: str, known: Iterable[str]) -> str | None:
    """What was probably meant, if anything."""
    return next(iter(get_close_matches(word, list(known), n=1)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint; empty if nothing is like it."""
    nearest = closest(word, known)
    return f"did you mean {nearest}?" if nearest else ""


@contextmanager
def plain_errors(ctx: Any) -> Iterator[None]:
    """Raises UsageError for a call that typer rejects."""
    try:
        yield
    except TyperException as error:
        raise _plain(error, ctx) from error


def _plain(error: Any, ctx: Any) -> UsageError:
    """By the attributes of the library's errors: its classes and their wording are not part of its API."""
    options = {each: param for param in ctx.command.get_params(ctx) for each in param.opts}
    param, option = getattr(error, "param", None), getattr(error, "option_name", "")
    if option and option not in options:
        return wrong_call(ctx, f"unknown option {option}", closest(option, options))
    if option:
        return wrong_call(ctx, f"{option} {'takes no' if options[option].is_flag else 'needs a'} value")
    if param and hasattr(error, "param_type"):
        return wrong_call(ctx, f"{display_name(param)} is missing")
    return _bad_value(error, param, ctx) if param else wrong_call(ctx, str(error))


def _bad_value(error: Any, param: Any, ctx: Any) -> UsageError:
    is_set = ctx.get_parameter_source(param.name).name == "ENVIRONMENT"
    option = f"{display_name(param)} " if param.param_type_name == "option" else ""
    where = f"{param.envvar}=" if is_set else option
    if hasattr(param.type, "func"):  # ours, from a parser in `options`
        return wrong_call(ctx, f"{where}{error.message}")
    value, choices = _given(error.message), choices_of(param)
    *others, last = choices or [_kind(param)]
    wanted = f"{', '.join(others)} or {last}" if others else last
    return wrong_call(ctx, f"{where}{value}: write {wanted}", closest(value, choices))


def refuse_nan(ctx: Any) -> None:
    """The library compares a number with its bounds, and nan is on no side of them. Raises UsageError."""
    for param in ctx.command.params:
        value = ctx.params.get(param.name)
        if isinstance(value, float) and math.isnan(value):
            raise wrong_call(ctx, f"{display_name(param)} nan: write {_kind(param)}")


def _given(message: str) -> str:
    """The value in `'x' is not a valid int.` or `0 is not in the range 1<=x<=9.`."""
    value = message.rpartition(" is not ")[0]
    return str(literal_eval(value)) if value.startswith(("'", '"')) else value.removesuffix(".0")


def _kind(param: Any) -> str:
    if param.is_flag:
        return "true or false"
    number = "a whole number" if param.type.name.startswith("int") else "a number"
    low, high = getattr(param.type, "min", None), getattr(param.type, "max", None)
    if low is not None and high is not None:
        return f"{number} from {low} to {high}"
    return number if low is None else f"{number} of {low} or more"


def choices_of(param: Any) -> list[str]:
    """The values that an option may have; empty if there is no list of them."""
    choices = [str(each) for each in getattr(param.type, "choices", ())]
    return choices if getattr(param.type, "case_sensitive", True) else [each.lower() for each in choices]


def display_name(param: Any) -> str:
    """`--filename`, or `PATH` for an argument, without the brackets and dots that its metavar may have."""
    if param.param_type_name == "argument":
        return re.sub(r"[][{}]|\.\.\.$", "", param.metavar or param.name.upper()).removesuffix("...")
    return str(max(param.opts, key=len))
