"""What is wrong with the words that followed a command, in one line; the parser's own message takes many."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, Literal, get_args, get_origin

from gaitprint.core.registry import nearest_name


def wrong_usage(command: Callable[..., Any], words: Sequence[str]) -> str:
    """Say which word a command does not take, or what it lacks.

    Args:
        command: its signature has positional-only words and keyword-only options, of the types bool, int, float, str,
            Path, a Literal, one of them or None, or a tuple of them.
        words: what was given, in the order that the parser was given them; the parser refused them.

    Returns:
        the first thing that is wrong from the left, else all that is missing.
    """
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    options = {_flag(each): each for each in parameters if each.kind is each.KEYWORD_ONLY}
    places = [each for each in parameters if each.kind is each.POSITIONAL_ONLY]
    given: set[str] = set()
    others: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not _is_option(word):
            others.append(word)
            continue
        flag, equals, value = word.partition("=")
        flag = flag.replace("_", "-")
        if flag not in options:
            nearest = nearest_name(flag, options)
            return f"unknown option {flag}" + (f" (did you mean {nearest}?)" if nearest else "")
        given.add(flag)
        if fault := _fault_of_option(options[flag], value if equals else None, left):
            return fault
    if fault := _fault_of_places(places, others):
        return fault
    missing = [place for place in places[len(others) :] if not _kind(place)[1]]
    missing += [option for flag, option in options.items() if flag not in given]
    lacking = ", ".join(_shown(each) for each in missing if each.default is each.empty)
    return f"missing: {lacking}" if lacking else "not understood"


def _fault_of_option(option: inspect.Parameter, value: str | None, left: list[str]) -> str | None:
    """What is wrong with the value of an option: that behind its ``=``, or else the next words, taken off `left`."""
    kind, several = _kind(option)
    if kind is bool:
        return None if value is None else f"{_flag(option)} takes no value"
    values = [value] if value is not None else []
    if value is None:
        values = list(takewhile(lambda word: not _is_option(word), left if several else left[:1]))
        del left[: len(values)]
    if not values and not several:
        return f"{_shown(option)}: the value is missing"
    wanted = ((each, _wanted(kind, each)) for each in values)
    return next((f"{_flag(option)} is '{each}', must be {what}" for each, what in wanted if what), None)


def _fault_of_places(places: Sequence[inspect.Parameter], words: Sequence[str]) -> str | None:
    """What is wrong with the words that belong to no option."""
    if len(words) > len(places) and not any(_kind(place)[1] for place in places):
        return f"'{words[len(places)]}' is one word too many"
    wanted = ((place, word, _wanted(_kind(place)[0], word)) for place, word in zip(places, words, strict=False))
    return next((f"{_shown(place)} is '{word}', must be {what}" for place, word, what in wanted if what), None)


def _is_option(word: str) -> bool:
    """Whether a word names an option; numbers may be below 0.

    >>> [_is_option(word) for word in ("--out", "-h", "-", "-1", "-.5", "walk.mp4")]
    [True, True, False, False, False, False]
    """
    return len(word) > 1 and word[0] == "-" and not (word[1].isdecimal() or word[1] == ".")


def _flag(option: inspect.Parameter) -> str:
    """The word that names an option; one that is true without being given is named to be switched off."""
    return ("--no-" if option.default is True else "--") + option.name.rstrip("_").replace("_", "-")


def _shown(parameter: inspect.Parameter) -> str:
    """How the help text writes a word or an option: ``--out DIR``."""
    metadata = getattr(parameter.annotation, "__metadata__", ())
    metavars = [each.metavar for each in metadata if getattr(each, "metavar", None)]
    metavar = metavars[0] if metavars else parameter.name.upper()
    return metavar if parameter.kind is parameter.POSITIONAL_ONLY else f"{_flag(parameter)} {metavar}"


def _kind(parameter: inspect.Parameter) -> tuple[Any, bool]:
    """The type of one value, and whether there may be several of them."""
    kind, several = parameter.annotation, False
    if hasattr(kind, "__metadata__"):
        kind = get_args(kind)[0]
    if type(None) in get_args(kind):
        kind = next(each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is tuple:
        kind, several = get_args(kind)[0], True
    return kind, several


def _wanted(kind: Any, word: str) -> str | None:
    """What a value must be, where it is not; None where it will do.

    >>> _wanted(int, "many"), _wanted(float, "0.1"), _wanted(Literal["store", "tree"], "stor")
    ('a whole number', None, "store or tree (did you mean 'store'?)")
    """
    if get_origin(kind) is Literal:
        known = [str(choice) for choice in get_args(kind)]
        nearest = nearest_name(word, known)
        hint = f" (did you mean '{nearest}'?)" if nearest else ""
        return None if word in known else f"{', '.join(known[:-1])}{' or ' * (len(known) > 1)}{known[-1]}{hint}"
    if kind not in (int, float):
        return None
    try:
        kind(word)
    except ValueError:
        return "a whole number" if kind is int else "a number"
    return None
