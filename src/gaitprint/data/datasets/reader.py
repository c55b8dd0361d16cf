"""What a reader of a raw data set does: list its walks, then read them one by one, in any process."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from gaitprint.core.errors import GaitprintError, InvalidSequenceError, UnreadableFileError
from gaitprint.core.sequence import GaitSequence, check_label


@dataclass(frozen=True)
class Reject:
    """Something that could not be used, and why, in one line.

    Args:
        path: the file or folder.
        reason: the cause, without the path.
    """

    path: str
    reason: str

    @classmethod
    def of(cls, path: str | os.PathLike[str], error: GaitprintError) -> Reject:
        """The reject that an error stands for; errors about files start with the path, which is taken off."""
        return cls(str(path), str(error).removeprefix(f"{path}: "))


@dataclass(frozen=True)
class WalkItem:
    """One walk that was listed but not read yet; small enough to be sent to another process.

    Args:
        subject: identity label.
        condition: recording condition and repetition.
        view: camera label.
        path: the file or folder that holds it, as reports name it.
    """

    subject: str
    condition: str
    view: str
    path: str

    @property
    def id(self) -> str:
        """``subject/condition/view``."""
        return f"{self.subject}/{self.condition}/{self.view}"


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Args:
        items: the walks, in a fixed order.
        rejects: what is in the folder but cannot be a walk.
    """

    items: list[WalkItem] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, item: WalkItem) -> None:
        """List a walk, or reject it where its labels cannot be labels."""
        try:
            for name in ("subject", "condition", "view"):
                check_label(name, getattr(item, name))
        except InvalidSequenceError as error:
            self.rejects.append(Reject.of(item.path, error))
        else:
            self.items.append(item)


@dataclass(frozen=True)
class RawWalk:
    """One walk as it was recorded.

    Args:
        sequence: the walk, silhouettes not aligned unless the data set comes aligned.
        rejects: frames that could not be read and are missing from it.
    """

    sequence: GaitSequence
    rejects: tuple[Reject, ...] = ()


class Reader(ABC):
    """A kind of raw data set. The first line of a reader's docstring is what `gaitprint readers` prints."""

    needs_alignment: ClassVar[bool] = False
    """Whether silhouettes come as recorded and are to be aligned."""
    minimum_frames: ClassVar[int] = 2
    """Frames that a walk needs to be kept: a single one shows no motion, but may be of use to find joints in."""
    splits: ClassVar[dict[str, tuple[str, ...]]] = {}
    """The data set's own splits, name -> subjects, whether or not they are all present."""

    @abstractmethod
    def list_walks(self, source: Path) -> Listing:
        """List all walks below a folder, reading none. `UnreadableFileError` where the folder cannot be listed."""

    @abstractmethod
    def read_walk(self, item: WalkItem) -> RawWalk:
        """Read one walk.

        Raises:
            UnreadableFileError: nothing of it can be read.
            InvalidSequenceError: it holds what cannot be a walk.
        """


def natural_order(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Sort key that counts digits as numbers: ``frame-2`` before ``frame-10``; the same as plain where padded."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return [(False, int(part), "") if part[0] in "0123456789" else (True, 0, part) for part in parts], name


def list_folder(folder: Path) -> list[Path]:
    """Return what a folder holds in natural order, hidden entries left out.

    Raises:
        UnreadableFileError: no such folder, not a folder, not permitted.
    """
    try:
        names = [entry.name for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError as error:
        raise UnreadableFileError(f"{folder}: {error.strerror}") from error
    return [folder / name for name in sorted(names, key=natural_order)]


def list_view_folders(source: Path) -> Listing:
    """List a tree ``subject/condition/view/``: each view folder is a walk.

    Files on the upper levels, empty folders and folders that cannot be listed become rejects.
    """
    listing = Listing()
    if not source.is_dir():
        raise UnreadableFileError(f"{source}: no such folder")
    labels_of: list[tuple[Path, tuple[str, ...]]] = [(source, ())]
    for kind in ("subject", "condition", "view"):
        below: list[tuple[Path, tuple[str, ...]]] = []
        for folder, labels in labels_of:
            try:
                entries = list_folder(folder)
            except UnreadableFileError as error:
                listing.rejects.append(Reject.of(folder, error))
                continue
            if not entries and labels:
                listing.rejects.append(Reject(str(folder), f"empty folder, holds no {kind}"))
            for entry in entries:
                if entry.is_dir():
                    below.append((entry, (*labels, entry.name)))
                else:
                    listing.rejects.append(Reject(str(entry), f"a file where the folder of a {kind} is expected"))
        labels_of = below
    for folder, (subject, condition, view) in labels_of:
        listing.add(WalkItem(subject, condition, view, str(folder)))
    return listing
