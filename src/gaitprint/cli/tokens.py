"""`gaitprint serve token`: who is let into the service."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from gaitprint.cli.terminal import output
from gaitprint.core.errors import UsageError

if TYPE_CHECKING:
    from gaitprint.serving.tokens import Token, Tokens

_USUAL_RIGHTS = "identify,verify,list"
_USAGE = "gaitprint serve | serve token create LABEL | serve token list | serve token revoke ID"
# Each action, and how many words it is with what it needs.
_ACTIONS = {(("create",), 3), (("list",), 2), (("revoke",), 3)}


def make_first_token(tokens: Tokens) -> None:
    """Make an administrator's token where nobody could do anything without one."""
    if tokens.all():
        return
    shown, _ = tokens.create("first administrator", ("admin",))
    output.print(Text("a token for the administrator, shown this once:"))
    output.print(Text(f"    {shown}", style="bold"))


def manage_tokens(folder: Path, words: tuple[str, ...], rights: str | None, expires: str | None) -> dict[str, Any]:
    """Make, list or revoke tokens of the service that a folder is of.

    Args:
        folder: the service's own; made for a first token.
        words: ``token create LABEL``, ``token list`` or ``token revoke ID``.
        rights: of a new token, separated by commas; None for the usual ones.
        expires: how long a new token is valid, as `parse_span`; None for ever.

    Returns:
        What `gaitprint serve` says of it.

    Raises:
        UsageError: other words, a label, right or span that is none, or no such token.
    """
    from gaitprint.serving.database import ServiceDatabase
    from gaitprint.serving.tokens import Tokens

    if words[0] != "token" or (words[1:2], len(words)) not in _ACTIONS:
        raise UsageError(f"{' '.join(words)}: {_USAGE}")
    database = ServiceDatabase(folder)
    try:
        return _carry_out(Tokens(database), words, rights, expires)
    finally:
        database.close()


def _carry_out(tokens: Tokens, words: tuple[str, ...], rights: str | None, expires: str | None) -> dict[str, Any]:
    from gaitprint.serving.tokens import parse_span

    match words:
        case ("token", "create", label):
            span = None if expires is None else parse_span(expires)
            wanted = [word.strip() for word in (_USUAL_RIGHTS if rights is None else rights).split(",")]
            shown, token = tokens.create(label, wanted, span)
            output.print(Text(f"token {token.token_id} for {token.label}, shown this once:"))
            output.print(Text(f"    {shown}", style="bold"))
            return {"token": shown, **_values(token)}
        case ("token", "list"):
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
            for header in ("id", "label", "rights", "created (UTC)", "expires", "state"):
                table.add_column(header, overflow="fold")
            every = [_values(token) for token in tokens.all()]
            for one in every:
                row = one["token_id"], one["label"], ", ".join(one["rights"]), one["created_at"][:19]
                table.add_row(*map(Text, (*row, (one["expires_at"] or "never")[:19], one["state"])))
            output.print(table if every else Text("there are no tokens"))
            return {"tokens": every}
        case ("token", "revoke", token_id):
            token = tokens.revoke(token_id)
            output.print(Text(f"token {token.token_id} ({token.label}) is revoked"))
            return {"token_id": token.token_id}
        case _:
            raise AssertionError(f"{words} were checked")


def _values(token: Token) -> dict[str, Any]:
    return {**vars(token), "rights": list(token.rights), "state": token.state(datetime.now(UTC))}
