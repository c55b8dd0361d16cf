"""`GalleryRecogniser`: a `gallery.Gallery` as the service's recogniser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from gaitprint.core.errors import GaitprintError, IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.gallery.engine import GalleryError, Person
from gaitprint.gallery.gallery import Gallery
from gaitprint.serving.recogniser import (
    Answer,
    Candidate,
    Check,
    Enrolled,
    KnownPerson,
    LeftTracesError,
    NameTakenError,
    UnknownPersonError,
)

T = TypeVar("T")
_CANDIDATES = 5


class GalleryRecogniser:
    """People of a gallery, by their ids.

    Args:
        gallery: where they are; this object closes it.
    """

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        # A name is looked up and then used: nobody may rename in between.
        self._changes = threading.RLock()

    def people(self) -> list[KnownPerson]:
        """See `Recogniser.people`."""
        return [_known(person) for person in self._gallery.people()]

    def person(self, person_id: str) -> KnownPerson:
        """See `Recogniser.person`."""
        return _known(self._find(person_id))

    def picture(self, person_id: str) -> bytes | None:
        """See `Recogniser.picture`."""
        with self._changes:
            _, templates = self._gallery.show(self._find(person_id).name)
        return next((template.picture for template in templates if template.picture), None)

    def rename(self, person_id: str, name: str) -> KnownPerson:
        """See `Recogniser.rename`."""
        with self._changes:
            before = self._find(person_id)
            if name != before.name:
                named = self._run(lambda: self._gallery.people(name))
                if any(person.person_id != person_id for person in named):
                    raise NameTakenError("somebody else has this name")
                self._run(lambda: self._gallery.rename(before.name, name))
            return self.person(person_id)

    def delete(self, person_id: str) -> int:
        """See `Recogniser.delete`."""
        with self._changes:
            person = self._find(person_id)
            try:
                return self._gallery.delete(person.name)
            except GalleryError as error:
                if self._gallery.person(person_id) is not None:
                    raise
                raise LeftTracesError(
                    "removed, but traces in the gallery's files could not be wiped yet; another process reads there"
                ) from error

    def enroll(self, name: str, walks: Sequence[GaitSequence]) -> Enrolled:
        """See `Recogniser.enroll`."""
        with self._changes:
            outcome = self._run(lambda: self._gallery.enroll(name, walks, keep_pictures=True))
        return Enrolled(outcome.person_id, outcome.name, len(outcome.templates))

    def identify(self, walks: Sequence[GaitSequence], fpir: float) -> Answer:
        """See `Recogniser.identify`."""
        found = self._run(lambda: self._gallery.identify(walks, fpir, _CANDIDATES))
        candidates = tuple(
            Candidate(each.person_id, each.subject, each.probability, each.similarity) for each in found.candidates
        )
        return Answer(candidates, found.decision, found.reason, fpir)

    def verify(self, person_id: str, walks: Sequence[GaitSequence], fmr: float) -> Check:
        """See `Recogniser.verify`."""
        with self._changes:
            name = self._find(person_id).name
            try:
                outcome = self._run(lambda: self._gallery.verify(name, walks, fmr))
            except IncompatibleError as error:  # whoever may check a claim need not learn the name behind the id
                raise IncompatibleError(str(error).replace(f"'{name}'", "this person")) from error
            except UsageError as error:
                return Check(None, str(error), None, fmr)
        return Check(outcome.accepted, None, outcome.found.probability, fmr)

    def close(self) -> None:
        """See `Recogniser.close`."""
        self._gallery.close()

    def _find(self, person_id: str) -> Person:
        found = self._gallery.person(person_id)
        if found is None:
            raise UnknownPersonError("nobody has this id")
        return found

    def _run(self, work: Callable[[], T]) -> T:
        """Do something with the gallery; texts of errors lose its place."""
        try:
            return work()
        except (UsageError, IncompatibleError) as error:
            raise type(error)(self._without_place(error)) from error

    def _without_place(self, error: GaitprintError) -> str:
        place = self._gallery.engine.location
        return str(error).replace(f"{place}: ", "").replace(place, "the gallery")


def _known(person: Person) -> KnownPerson:
    count = sum(person.templates.values())
    return KnownPerson(person.person_id, person.name, count, person.modalities, person.last_enrolled_at)
