"""`Engine`: where templates are kept, and `open_engine`, which finds the engine that a folder or URL stands for."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.counted import counted
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.registry import Registry, nearest_name
from gaitprint.core.user_data import user_data_folder
from gaitprint.gallery.ranking import Nearest
from gaitprint.gallery.template import ModelKey, Template, is_id

ENGINES = Registry(
    "gallery engine",
    {
        "sqlite": "gaitprint.gallery.sqlite:SqliteEngine",
        "postgresql": "gaitprint.gallery.postgres:PostgresEngine",
        "postgres": "gaitprint.gallery.postgres:PostgresEngine",
        "milvus": "gaitprint.gallery.milvus:MilvusEngine",
        "milvus+https": "gaitprint.gallery.milvus:MilvusEngine",
    },
)
# Among more people, looking for a name like a wrong one would take longer than typing it again.
_MOST_TO_GUESS_FROM = 10_000
_WRONG_URL = "host or port cannot be read; letters such as / and # in a password are written %2F and %23"


class GalleryError(GaitprintError):
    """A gallery that cannot be reached, or does not do what was asked of it."""


@dataclass(frozen=True)
class Person:
    """Who is in a gallery.

    Args:
        person_id: opaque id; what logs may hold.
        name: what people call the person.
        templates: how many of each model, by `ModelKey.label`.
        modalities: of the templates, sorted.
        last_enrolled_at: when the newest template came, ISO 8601 in UTC; empty without templates.
    """

    person_id: str
    name: str
    templates: Mapping[str, int]
    modalities: tuple[str, ...]
    last_enrolled_at: str


class Engine(ABC):
    """Keeps people and their templates. Every method that changes something is one transaction, and durable on return.

    Names are unique. An engine may be used by many processes at once; within a process by one thread at a time, which
    `Gallery` sees to. Ids that templates bring along are kept, so that adding a template again changes nothing.

    Attributes:
        location: folder or URL, without a password, for people to read.
    """

    location: str

    @classmethod
    @abstractmethod
    def open(cls, location: str, *, create: bool = True) -> Self:
        """Open what a folder or URL stands for.

        Args:
            location: as `open_engine`.
            create: whether to make the gallery where there is none.

        Raises:
            GalleryError: it cannot be reached or read.
            UsageError, UnreadableFileError: it does not exist and is not to be made.
            UsageError: its package is not installed.
        """

    @abstractmethod
    def add(self, templates: Sequence[Template]) -> None:
        """Keep templates of people by the id that the template brings, else by name; who is not known yet is made."""

    @abstractmethod
    def replace(self, name: str, gone: Sequence[str], templates: Sequence[Template]) -> None:
        """Put `templates` in place of those templates of a person whose ids are in `gone`.

        Raises:
            UsageError: nobody of this name.
        """

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Give a person another name; the id stays.

        Raises:
            UsageError: nobody of the old name, or somebody of the new one.
        """

    @abstractmethod
    def delete(self, name: str) -> int:
        """Remove a person with everything that is kept, and return how many templates that were.

        Raises:
            UsageError: nobody of this name.
            GalleryError: removed, but traces could not be wiped yet; the text says why and what to do.
        """

    @abstractmethod
    def people(self, name: str | None = None) -> list[Person]:
        """Everybody in order of their names, or the person of one name, if there is one."""

    def person(self, person_id: str) -> Person | None:
        """The person of an id, or None; what is no id is nobody's."""
        return self._person_of_id(person_id) if is_id(person_id) else None

    @abstractmethod
    def _person_of_id(self, person_id: str) -> Person | None:
        """As `person`, of 32 hexadecimal digits."""

    @abstractmethod
    def models(self) -> dict[ModelKey, int]:
        """The models that there are templates of, and how many of each."""

    @abstractmethod
    def size(self) -> int:
        """How many people there are."""

    @abstractmethod
    def templates(self, name: str | None = None) -> Iterator[Template]:
        """Yield templates with all that is kept of them, of everybody or of one name, person by person."""

    @abstractmethod
    def search(self, key: ModelKey, probes: NDArray[np.float32], count: int) -> list[list[tuple[Nearest, Template]]]:
        """Find the people whose templates of a model are nearest to some probes.

        Args:
            key: the model.
            probes: float32 [N, P, D].
            count: people to find for each, >= 1.

        Returns:
            for each probe at most `count` people, nearest first, each with the nearest template (without files).
        """

    @abstractmethod
    def of_people(self, key: ModelKey, person_ids: Sequence[str]) -> list[Template]:
        """Return all templates of a model that some people have, without files."""

    @abstractmethod
    def counts(self, key: ModelKey) -> dict[str, int]:
        """How many templates of a model each person has, by id; people without any are left out."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def nobody(self, name: str) -> UsageError:
        """Return the error that says that there is nobody of this name, and who has a name like it."""
        size = self.size()
        alike = nearest_name(name, [person.name for person in self.people()]) if size <= _MOST_TO_GUESS_FROM else None
        hint = f" (did you mean '{alike}'?)" if alike else ""
        among = counted(size, "person", "people")
        return UsageError(f"{self.location}: nobody is enrolled as '{name}' among {among}{hint}")


def default_location() -> str:
    """The folder or URL in ``GAITPRINT_GALLERY``; else the folder ``gaitprint/gallery`` among the user's data."""
    if chosen := os.environ.get("GAITPRINT_GALLERY"):
        return chosen
    return str(user_data_folder() / "gallery")


def open_engine(location: str | os.PathLike[str] | None = None, *, create: bool = True) -> Engine:
    """Open the gallery that a folder or URL stands for.

    Args:
        location: a folder (the embedded engine); ``postgresql://user:password@host/database``;
            ``milvus://[user:password@]host:19530[/database]``, ``milvus+https://`` likewise, or ``milvus:///path/file.db``
            for Milvus Lite. None: `default_location`.
        create: whether to make the gallery where there is none.

    Raises:
        UsageError: an unknown kind of URL, one that cannot be read, or a gallery that is not there.
        MissingExtraError: a package that is not installed.
        GalleryError: it cannot be reached or read.
    """
    place = default_location() if location is None else os.fspath(location)
    scheme, separator, _ = place.partition("://")
    engine: type[Engine] = ENGINES[scheme if separator else "sqlite"]
    if separator:
        try:
            _ = urlsplit(place).port
        except ValueError as error:  # its text may hold a password
            raise UsageError(f"{scheme}://...: not the URL of a gallery: {_WRONG_URL}") from error
    return engine.open(place, create=create)


def without_password(url: str) -> str:
    """Return a URL as it may be shown.

    >>> without_password("postgresql://anna:secret@host:5432/gait?password=x")
    'postgresql://anna:***@host:5432/gait'
    """
    parts = urlsplit(url)
    account, at, host = parts.netloc.rpartition("@")
    user, colon, _ = account.partition(":")
    return urlunsplit((parts.scheme, f"{user}{':***' if colon else ''}{at}{host}", parts.path, "", ""))
