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
        kind, several = _kind(options[flag])
        if kind is bool:
            if equals:
                return f"{flag} takes no value"
            continue
        following = list(takewhile(lambda word: not _is_option(word), left if several else left[:1]))
        values = [value] if equals else following
        if not equals:
            del left[: len(following)]
        if not values and not several:
            return f"{_shown(options[flag])}: the value is missing"
        for each in values:
            if wanted := _wanted(kind, each):
                return f"{flag} is '{each}', must be {wanted}"
    places = [each for each in parameters if each.kind is each.POSITIONAL_ONLY]
    if len(others) > len(places) and not any(_kind(place)[1] for place in places):
        return f"'{others[len(places)]}' is one word too many"
    for place, word in zip(places, others, strict=False):
        if wanted := _wanted(_kind(place)[0], word):
            return f"{_shown(place)} is '{word}', must be {wanted}"
    missing = [place for place in places[len(others) :] if not _kind(place)[1]]
    missing += [option for flag, option in options.items() if flag not in given]
    lacking = ", ".join(_shown(each) for each in missing if each.default is each.empty)
    return f"missing: {lacking}" if lacking else "not understood"


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
