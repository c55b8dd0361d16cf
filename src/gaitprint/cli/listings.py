"""`gaitprint models`, `readers`, `recipes`, `protocols`: what there is to choose from."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from gaitprint.cli.terminal import output


def _print(title: str, summaries: Mapping[str, str]) -> dict[str, str]:
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, summary in summaries.items():
        table.add_row(name, summary)
    output.print(table)
    return dict(summaries)


def _first_lines(registry: Mapping[str, object]) -> dict[str, str]:
    return {name: (registry[name].__doc__ or "").strip().partition("\n")[0] for name in registry}


def models() -> dict[str, str]:
    """List the models.

    Returns:
        model name -> one line.
    """
    from gaitprint.models import MODELS

    return _print("Models", _first_lines(MODELS))


def readers() -> dict[str, str]:
    """List the readers of raw data sets.

    Returns:
        reader name -> one line.
    """
    from gaitprint.data.datasets import READERS

    return _print("Readers", _first_lines(READERS))


def recipes() -> dict[str, str]:
    """List the shipped training recipes.

    Returns:
        recipe name -> one line.
    """
    from gaitprint.training.recipe import shipped_recipes

    return _print("Recipes", shipped_recipes())


def protocols() -> dict[str, str]:
    """List the evaluation protocols.

    Returns:
        protocol name -> one line.
    """
    from gaitprint.evaluation.protocols import PROTOCOLS

    return _print("Protocols", {name: protocol.description for name, protocol in PROTOCOLS.items()})
