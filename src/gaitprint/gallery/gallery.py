"""`Gallery`: enrol people, and ask who somebody is; the answer may be that nobody knows."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.walk_files import walk_from_bytes
from gaitprint.evaluation.embed import load_embedder
from gaitprint.evaluation.matching import DEFAULT_MODEL
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.gallery.decision import combinations, limit_at
from gaitprint.gallery.engine import Engine, Person, open_engine
from gaitprint.gallery.making import modality_of, templates_of
from gaitprint.gallery.scoring import Found, Look, find_people, match_person
from gaitprint.gallery.template import ModelKey, Template, check_name, weights_hash_of
from gaitprint.gallery.transfer import add_all, copy, read_export, write_export

Model = str | os.PathLike[str] | WalkEmbedder


@dataclass(frozen=True)
class Enrollment:
    """What an enrolment kept.

    Args:
        name: of the person.
        person_id: opaque id; what logs may hold.
        templates: ids of what was added.
        replaced: how many older templates went.
    """

    name: str
    person_id: str
    templates: tuple[str, ...]
    replaced: int


@dataclass(frozen=True)
class Identification:
    """Who a walk may be of, and whether that is taken for known.

    Args:
        candidates: people, likeliest first; somebody is always first, whether or not the person is in the gallery.
        decision: ``known`` (the first candidate), ``unknown``, or None where no decision can be made.
        reason: why there is no decision; None where there is one.
        fpir: share of strangers that may be taken for somebody, as it was asked for.
        people: how many are in the gallery.
        templates: how many of theirs were searched.
        least_score: from which log likelihood ratio on the first candidate is known; None without a decision.
    """

    candidates: tuple[Found, ...]
    decision: Literal["known", "unknown"] | None
    reason: str | None
    fpir: float
    people: int
    templates: int
    least_score: float | None


@dataclass(frozen=True)
class Verified:
    """Whether a walk is taken for that of the person who is claimed.

    Args:
        accepted: whether it is.
        found: the claimed person, with distances, score and probability.
        least_score: from which log likelihood ratio on it is.
        threshold: the same as a distance, with one model; None with several.
        templates: how many of the person's were compared.
    """

    accepted: bool
    found: Found
    least_score: float
    threshold: float | None
    templates: int


@dataclass(frozen=True)
class Reembedded:
    """What embedding kept walks again did.

    Args:
        templates: how many are of the model at hand now.
        left: names of people whose templates stayed, since a walk of theirs was not kept.
    """

    templates: int
    left: tuple[str, ...]


class Gallery:
    """Known people in a folder, or behind a URL.

    Args:
        location: as `engine.open_engine`; None for the default folder.
        model: what embeds walks: a run folder, a weights file, a shipped name, or a loaded model; or several, of one
            modality each, whose evidence is added up where both a person and a probe have it.
        create: whether to make a gallery where there is none.

    Raises:
        UsageError: two models of one modality; or as `open_engine` and `load_embedder`.

    One object may be used by several threads, one gallery by any number of processes.

    Example:
        >>> import tempfile
        >>> rng = np.random.default_rng(0)
        >>> def walk(size: float) -> GaitSequence:
        ...     joints = size * rng.normal(1, 0.01, (60, 20, 3)) * (1 + np.arange(60.0).reshape(20, 3) % 7)
        ...     labels = ("someone", "walk", "front", 30.0)
        ...     return GaitSequence(*labels, joints=joints.astype(np.float32), skeleton="kinect-v1-20")
        >>> with Gallery(tempfile.mkdtemp()) as gallery:
        ...     _ = gallery.enroll("Anna", [walk(1.0), walk(1.0)])
        ...     [person.name for person in gallery.people()], gallery.identify(walk(1.0)).candidates[0].subject
        (['Anna'], 'Anna')
    """

    def __init__(
        self,
        location: str | os.PathLike[str] | None = None,
        model: Model | Sequence[Model] = DEFAULT_MODEL,
        *,
        create: bool = True,
    ) -> None:
        self._lock = threading.RLock()
        self.engine: Engine = open_engine(location, create=create)
        self.use_models(model)

    def use_models(self, model: Model | Sequence[Model]) -> None:
        """Embed walks with other models from now on; as the argument `model` of the class."""
        chosen = [model] if isinstance(model, (str, os.PathLike, WalkEmbedder)) else list(model)
        with self._lock:
            self._wanted: list[Model] = chosen
            self._loaded: dict[str, WalkEmbedder] | None = None

    @property
    def models(self) -> dict[str, WalkEmbedder]:
        """The models by the modality that each embeds; loaded when they are first asked for."""
        with self._lock:
            if self._loaded is None:
                loaded: dict[str, WalkEmbedder] = {}
                for model in self._wanted:
                    embedder = model if isinstance(model, WalkEmbedder) else load_embedder(model)
                    modality = modality_of(embedder)
                    if modality in loaded:
                        raise UsageError(
                            f"{loaded[modality].name} and {embedder.name} both look at {modality}: their errors "
                            "are not independent, so that their evidence cannot be added up"
                        )
                    loaded[modality] = embedder
                self._loaded = loaded
            return self._loaded

    def enroll(
        self,
        name: str,
        walks: Iterable[GaitSequence],
        *,
        replace_older: bool = False,
        keep_walks: bool = False,
        keep_pictures: bool = False,
    ) -> Enrollment:
        """Keep templates of a person's walks; on return they are on disk, all of them or, after an error, none.

        Args:
            name: of the person; somebody of this name gets further templates.
            walks: one or more; each gives a template of every model whose modality it has.
            replace_older: whether the person's older templates of the same models go, whatever their weights.
            keep_walks: whether to keep the walks themselves, so that a later model can embed them again.
            keep_pictures: whether to keep a small picture of each walk.

        Raises:
            UsageError: a name that cannot be one, or no walk.
            IncompatibleError: a walk without any model's modality, or templates of the same models with other weights.
        """
        name, recorded = check_name(name), list(walks)
        if not recorded:
            raise UsageError(f"no walk to enroll {name!r} with")
        templates: list[Template] = []
        for modality, model in self.models.items():
            fitting = [walk for walk in recorded if modality in walk.modalities]
            if fitting:
                templates += templates_of(name, modality, model, fitting, keep_walks, keep_pictures)
        for walk in recorded:
            if not set(walk.modalities) & set(self.models):
                need = " or ".join(self.models)
                raise IncompatibleError(f"{walk.id}: the models need {need}; this walk has {walk.modalities[0]}")
        with self._lock:
            names = {template.model.name for template in templates}
            older: list[str] = []
            if replace_older and self.engine.people(name):
                kept = self.engine.templates(name)
                older = [template.template_id for template in kept if template.model.name in names]
                self.engine.replace(name, older, templates)
            else:
                self._check_versions({template.model for template in templates})
                self.engine.add(templates)
            person_id = self.engine.people(name)[0].person_id
        return Enrollment(name, person_id, tuple(template.template_id for template in templates), len(older))

    def identify(
        self, walk: GaitSequence | Sequence[GaitSequence], fpir: float = 0.01, top_k: int = 5
    ) -> Identification:
        """Say who walks here, or that it is nobody who is known.

        Args:
            walk: the probe; or several of one person, of different modalities.
            fpir: share of strangers that may be taken for somebody; what the calibration's own strangers were like.
            top_k: how many candidates to return, >= 1.

        Raises:
            UsageError: `fpir` not above 0 and below 1, `top_k` below 1, or several models and one is not calibrated.
            IncompatibleError: a probe without any model's modality, or a gallery of other models' templates.
        """
        if top_k < 1:
            raise UsageError(f"top_k is {top_k}, must be at least 1")
        if not 0 < fpir < 1:
            raise UsageError(f"fpir {fpir:g} must be above 0 and below 1")
        looks = self._looks(walk)
        with self._lock:
            stored = self.engine.models()
            self._check_versions({look.key for look in looks})
            looks = [look for look in looks if look.key in stored]
            if not looks and stored:
                there = ", ".join(sorted({key.label for key in stored}))
                names = ", ".join(model.name for model in self.models.values())
                raise IncompatibleError(f"{self.engine.location}: holds templates of {there} only, none of {names}")
            candidates = find_people(self.engine, looks, top_k) if looks else ()
            comparisons = templates = sum(stored[look.key] for look in looks)
            if len(looks) > 1:
                comparisons = combinations([self.engine.counts(look.key) for look in looks])
            people = self.engine.size()
        if not candidates:
            return Identification((), "unknown", None, fpir, people, 0, None)
        try:
            limit = limit_at({look.model.name: look.model.calibration for look in looks}, fpir, comparisons)
        except UsageError as error:
            return Identification(candidates, None, str(error), fpir, people, templates, None)
        score = candidates[0].score
        # With one model the distance decides, to the last bit as `Matcher.verify` has it.
        known = candidates[0].distance <= limit.distance if limit.distance is not None else (score or 0) >= limit.score
        decision: Literal["known", "unknown"] = "known" if known else "unknown"
        return Identification(candidates, decision, None, fpir, people, templates, limit.score)

    def verify(self, name: str, walk: GaitSequence | Sequence[GaitSequence], fmr: float = 0.01) -> Verified:
        """Decide whether a walk is that of the person `name`.

        The nearest of the person's K templates is compared with the threshold of the false match rate `fmr` / K: a
        stranger has K chances of coming near one of them, and together these are then no more than `fmr`.

        Raises:
            UsageError: nobody of this name, models without calibration, or a rate that the calibrations cannot show.
            IncompatibleError: as `identify`, or no template of the person that the probe can be compared with.
        """
        name, looks = check_name(name), self._looks(walk)
        with self._lock:
            people = self.engine.people(name)
            if not people:
                raise self.engine.nobody(name)
            self._check_versions({look.key for look in looks})
            found, counts = match_person(self.engine, looks, people[0])
        compared = [look for look in looks if look.model.name in counts]
        if not compared or found is None:
            raise IncompatibleError(
                f"{self.engine.location}: '{name}' has no template of {', '.join(look.key.label for look in looks)}"
            )
        calibrations = {look.model.name: look.model.calibration for look in compared}
        limit = limit_at(calibrations, fmr, int(np.prod([counts[look.model.name] for look in compared])))
        accepted = found.distance <= limit.distance if limit.distance is not None else (found.score or 0) >= limit.score
        return Verified(accepted, found, limit.score, limit.distance, sum(counts.values()))

    def people(self) -> list[Person]:
        """Return everybody, in order of their names."""
        with self._lock:
            return self.engine.people()

    def show(self, name: str) -> tuple[Person, list[Template]]:
        """Return a person and all templates, with whatever is kept of them.

        Raises:
            UsageError: nobody of this name; the text names the nearest.
        """
        name = check_name(name)
        with self._lock:
            people = self.engine.people(name)
            if not people:
                raise self.engine.nobody(name)
            return people[0], list(self.engine.templates(name))

    def rename(self, old: str, new: str) -> None:
        """Give a person another name. UsageError: nobody of the old name, or somebody of the new one."""
        with self._lock:
            self.engine.rename(check_name(old), check_name(new))

    def delete(self, name: str) -> int:
        """Remove a person completely and return how many templates that were; `Engine.delete` has the errors."""
        with self._lock:
            return self.engine.delete(check_name(name))

    def export_file(self, path: str | os.PathLike[str]) -> int:
        """Write everything into one file (`transfer`); returns how many templates."""
        with self._lock:
            return write_export(self.engine, path)

    def import_file(self, path: str | os.PathLike[str]) -> int:
        """Add what `export_file` wrote; what is there already stays as it is. Returns how many templates were read.

        Raises:
            UnreadableFileError: no such file, or one that is damaged; nothing was added unless a template itself is.
        """
        with self._lock:
            return add_all(self.engine, read_export(path))

    def copy_to(self, other: Gallery) -> int:
        """Add everything to another gallery; returns how many templates were read."""
        with self._lock, other._lock:
            return copy(self.engine, other.engine)

    def reembed(self) -> Reembedded:
        """Embed the kept walks of templates of other weights with the models at hand; one transaction a person."""
        count, left = 0, []
        with self._lock:
            for person in self.engine.people():
                outdated = [template for template in self.engine.templates(person.name) if self._is_outdated(template)]
                if any(template.walk_file is None for template in outdated):
                    left.append(person.name)
                elif outdated:
                    renewed = [self._renewed(template) for template in outdated]
                    self.engine.replace(person.name, [template.template_id for template in outdated], renewed)
                    count += len(renewed)
        return Reembedded(count, tuple(left))

    def close(self) -> None:
        """Let go of files and connections."""
        with self._lock:
            self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _looks(self, walk: GaitSequence | Sequence[GaitSequence]) -> list[Look]:
        """What each model makes of the first walk that has its modality."""
        walks = [walk] if isinstance(walk, GaitSequence) else list(walk)
        looks = []
        for modality, model in self.models.items():
            for each in walks:
                if modality in each.modalities:
                    vector: NDArray[np.float32] = model.embed([each])[0]
                    looks.append(Look(model, modality, ModelKey.of(model, vector), vector))
                    break
        if not looks:
            have = " and ".join(sorted({modality for each in walks for modality in each.modalities})) or "nothing"
            raise IncompatibleError(f"the models need {' or '.join(self.models)}; the probe has {have}")
        return looks

    def _check_versions(self, keys: set[ModelKey]) -> None:
        """Refuse templates of a model at hand whose weights are others."""
        for key in keys:
            for stored in self.engine.models():
                if stored.name == key.name and stored != key:
                    raise IncompatibleError(
                        f"{self.engine.location}: holds templates of {stored.label}, {stored.distance}, "
                        f"{stored.parts} x {stored.size}; the model at hand is {key.label}, {key.distance}, "
                        f"{key.parts} x {key.size}: embed kept walks again (gaitprint gallery reembed), enroll people "
                        "anew in place of the older templates (--replace), or use the older weights"
                    )

    def _is_outdated(self, template: Template) -> bool:
        model = self.models.get(template.modality)
        return (
            model is not None
            and model.name == template.model.name
            and weights_hash_of(model) != template.model.weights_hash
        )

    def _renewed(self, template: Template) -> Template:
        model, data = self.models[template.modality], template.walk_file or b""
        vector = model.embed([walk_from_bytes(data, template.walk)])[0]
        return replace(template, model=ModelKey.of(model, vector), vector=vector, template_id=uuid.uuid4().hex)
