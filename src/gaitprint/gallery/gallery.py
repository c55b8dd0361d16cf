"""`Gallery`: enroll people, and ask who somebody is; the answer may be that nobody knows."""

from __future__ import annotations

import math
import os
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from types import TracebackType
from typing import Self

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.walk_files import walk_from_bytes
from gaitprint.evaluation.embed import SHIPPED_WEIGHTS, load_embedder
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.gallery.answers import Enrollment, Identification, Reembedded, Verified
from gaitprint.gallery.decision import combinations, limit_at
from gaitprint.gallery.engine import Engine, GalleryError, Person, open_engine
from gaitprint.gallery.making import templates_of
from gaitprint.gallery.model_set import ModelSet
from gaitprint.gallery.scoring import Look, find_people, match_person
from gaitprint.gallery.template import ModelKey, Template, check_name
from gaitprint.gallery.transfer import add_all, copy, read_export, write_export

Model = str | os.PathLike[str] | WalkEmbedder

# Every shipped model; each looks at the walks that it can embed.
DEFAULT_MODELS: tuple[str, ...] = SHIPPED_WEIGHTS


class Gallery:
    """Known people in a folder, or behind a URL.

    Args:
        location: as `engine.open_engine`; None for the default folder.
        model: what embeds walks: a run folder, a weights file, a shipped name, or a loaded model; or several, each of
            which looks at the walks that it can embed, and whose evidence is added up. Loaded when first needed.
        create: whether to make a gallery where there is none.
        device: where models are loaded to: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UsageError, GalleryError, UnreadableFileError: as `open_engine`; with the first walk also as `load_embedder`.

    One object may be used by several threads, one gallery by any number of processes.

    Example:
        >>> import tempfile
        >>> import numpy as np
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
        model: Model | Sequence[Model] = DEFAULT_MODELS,
        *,
        create: bool = True,
        device: str = "auto",
    ) -> None:
        self._lock = threading.RLock()
        self._device = device
        self.engine: Engine = open_engine(location, create=create)
        self.use_models(model)

    def use_models(self, model: Model | Sequence[Model]) -> None:
        """Embed walks with other models from now on; as the argument `model` of the class."""
        chosen = [model] if isinstance(model, (str, os.PathLike, WalkEmbedder)) else list(model)
        with self._lock:
            self._wanted: list[Model] = chosen
            self._loaded: ModelSet | None = None

    @property
    def models(self) -> ModelSet:
        """The models; loaded when they are first asked for."""
        with self._lock:
            if self._loaded is None:
                self._loaded = ModelSet(
                    model if isinstance(model, WalkEmbedder) else load_embedder(model, self._device)
                    for model in self._wanted
                )
            return self._loaded

    def enroll(
        self,
        name: str,
        walks: GaitSequence | Iterable[GaitSequence],
        *,
        replace_older: bool = False,
        keep_walks: bool = False,
        keep_pictures: bool = False,
    ) -> Enrollment:
        """Keep templates of a person's walks; on return they are on disk, all of them or, after an error, none.

        Args:
            name: of the person; somebody of this name gets further templates.
            walks: one, or several; each gives a template of every model that can embed it.
            replace_older: whether the person's older templates of the same models go, whatever their weights.
            keep_walks: whether to keep the walks themselves, so that a later model can embed them again.
            keep_pictures: whether to keep a small picture of each walk.

        Raises:
            UsageError: a name that cannot be one, no walk, or two models that look at one walk in the same modality.
            IncompatibleError: a walk that no model can embed, or templates of the same models with other weights.
            GalleryError: the person was removed or renamed by somebody else at the same moment.
        """
        name = check_name(name)
        recorded = [walks] if isinstance(walks, GaitSequence) else list(walks)
        if not recorded:
            raise UsageError(f"no walk to enroll {name!r} with")
        templates: list[Template] = []
        for model, fitting in self.models.for_walks(recorded):
            templates += templates_of(name, model, fitting, keep_walks, keep_pictures)
        models = tuple(dict.fromkeys(template.model.name for template in templates))
        with self._lock:
            older: list[str] = []
            if replace_older and self.engine.people(name):
                kept = self.engine.templates(name)
                older = [template.template_id for template in kept if template.model.name in models]
                self.engine.replace(name, older, templates)
            else:
                self._check_versions({template.model for template in templates}, self.engine.models())
                self.engine.add(templates)
            found = self.engine.people(name)
        if not found:
            raise GalleryError(f"{self.engine.location}: '{name}' was removed or renamed by somebody else meanwhile")
        person_id = found[0].person_id
        return Enrollment(name, person_id, tuple(template.template_id for template in templates), len(older), models)

    def identify(
        self, walk: GaitSequence | Sequence[GaitSequence], fpir: float = 0.01, top_k: int = 5
    ) -> Identification:
        """Say who walks here, or that it is nobody who is known.

        Args:
            walk: the probe; or several walks of one person, of any modalities; `decision` says how that is done.
            fpir: share of strangers that may be taken for somebody; what the calibration's own strangers were like.
            top_k: how many candidates to return, >= 1.

        Raises:
            UsageError: `fpir` not above 0 and below 1, `top_k` below 1, several models and one is not calibrated, or
                two that look at one walk in the same modality.
            IncompatibleError: a walk that no model can embed, or a gallery of other models' templates.
        """
        if top_k < 1:
            raise UsageError(f"top_k is {top_k}, must be at least 1")
        if not 0 < fpir < 1:
            raise UsageError(f"fpir {fpir:g} must be above 0 and below 1")
        looks = self._looks(walk)
        with self._lock:
            stored = self.engine.models()
            looks = self._searchable(looks, stored)
            candidates = find_people(self.engine, looks, top_k) if looks else ()
            comparisons = templates = sum(stored[look.key] for look in looks)
            if len(looks) > 1:
                comparisons = combinations([self.engine.counts(look.key) for look in looks])
            found = Identification(candidates, fpir, self.engine.size(), templates)
        if not candidates:
            return replace(found, decision="unknown")
        calibrations = [(look.model.name, look.model.calibration) for look in looks]
        try:
            limit = limit_at(calibrations, fpir, comparisons, len(looks[0].walks))
        except UsageError as error:
            return replace(found, reason=str(error))
        known = limit.accepts(candidates[0].score, candidates[0].compared[0].distances)
        return replace(
            found,
            decision="known" if known else "unknown",
            least_score=limit.score,
            threshold=limit.distance,
            nearest_counted=limit.nearest_counted,
        )

    def verify(self, name: str, walk: GaitSequence | Sequence[GaitSequence], fmr: float = 0.01) -> Verified:
        """Decide whether a walk, or several of one person, are of the person `name`.

        The nearest of the person's K templates is compared with the threshold of the false match rate `fmr` / K: a
        stranger has K chances of coming near one of them, and together these are then no more than `fmr`. `decision`
        says how it is with several walks, or models.

        Raises:
            UsageError: nobody of this name, models without calibration, a rate that the calibrations cannot show, or
                two models that look at one walk in the same modality.
            IncompatibleError: as `identify`, or no template of the person that the probe can be compared with.
        """
        name, looks = check_name(name), self._looks(walk)
        with self._lock:
            people = self.engine.people(name)
            if not people:
                raise self.engine.nobody(name)
            self._check_versions({look.key for look in looks}, self.engine.models())
            found, counts = match_person(self.engine, looks, people[0])
        compared = [look for look in looks if look.key in counts]
        if found is None:
            raise IncompatibleError(
                f"{self.engine.location}: '{name}' has no template of {', '.join(look.key.label for look in looks)}"
            )
        calibrations = [(look.model.name, look.model.calibration) for look in compared]
        limit = limit_at(calibrations, fmr, math.prod(counts.values()), len(compared[0].walks))
        accepted = limit.accepts(found.score, found.compared[0].distances)
        templates = sum(counts.values())
        return Verified(accepted, found, limit.score, limit.distance, limit.nearest_counted, templates)

    def people(self, name: str | None = None) -> list[Person]:
        """Return everybody, in order of their names; or the person of one name, if there is one.

        Raises:
            UsageError: a name that cannot be one.
        """
        with self._lock:
            return self.engine.people(None if name is None else check_name(name))

    def person(self, person_id: str) -> Person | None:
        """Return the person of an id, None where there is nobody."""
        with self._lock:
            return self.engine.person(person_id)

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
        # In one order, so that two that copy to each other do not wait for each other.
        first, second = sorted((self, other), key=id)
        with first._lock, second._lock:
            return copy(self.engine, other.engine)

    def reembed(self) -> Reembedded:
        """Embed the kept walks of templates of other weights with the models at hand; one transaction a person."""
        count, left = 0, []
        for person in self.people():
            with self._lock:  # person by person, so that others are not kept waiting for all of them
                templates = self.engine.templates(person.name)
                outdated = [template for template in templates if self.models.are_newer_than(template.model)]
                renewed = [template for each in outdated if (template := self._renewed(each)) is not None]
                if len(renewed) < len(outdated):
                    left.append(person.name)
                elif renewed:
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
        """What each model makes of those walks that it can embed."""
        walks = [walk] if isinstance(walk, GaitSequence) else list(walk)
        if not walks:
            raise UsageError("no walk to look at")
        looks = []
        for model, fitting in self.models.for_walks(walks):
            vectors = model.embedder.embed(fitting)
            key = ModelKey.of(model.embedder, vectors[0])
            looks.append(Look(model.embedder, model.modality, key, tuple(each.id for each in fitting), vectors))
        return looks

    def _searchable(self, looks: list[Look], stored: Mapping[ModelKey, int]) -> list[Look]:
        """Those looks that there are templates to compare with; refuses where there are only others."""
        self._check_versions({look.key for look in looks}, stored)
        found = [look for look in looks if look.key in stored]
        if stored and not found:
            there = ", ".join(sorted({key.label for key in stored}))
            names = ", ".join(look.model.name for look in looks)
            raise IncompatibleError(f"{self.engine.location}: holds templates of {there} only, none of {names}")
        return found

    def _check_versions(self, keys: set[ModelKey], there: Iterable[ModelKey]) -> None:
        """Refuse templates of a model at hand that have other weights, unless another model at hand has just these."""
        for key, stored in product(keys, there):
            others = [model for model in self.models if not model.is_of(key)]
            if stored.name == key.name and stored != key and not any(model.is_of(stored) for model in others):
                raise IncompatibleError(
                    f"{self.engine.location}: holds templates of {stored.label}, {stored.distance}, "
                    f"{stored.parts} x {stored.size}; the model at hand is {key.label}, {key.distance}, "
                    f"{key.parts} x {key.size}: embed kept walks again (gaitprint gallery reembed), enroll people "
                    "anew in place of the older templates (--replace), or use the older weights"
                )

    def _renewed(self, template: Template) -> Template | None:
        """A template of older weights, made anew from its walk; None where that was not kept, or no model takes it."""
        if template.walk_file is None:
            return None
        walk = walk_from_bytes(template.walk_file, template.walk)
        for model in self.models:
            if model.name == template.model.name and model.takes(walk):
                vector = model.embedder.embed([walk])[0]
                key = ModelKey.of(model.embedder, vector)
                return replace(template, model=key, vector=vector, template_id=uuid.uuid4().hex)
        return None
