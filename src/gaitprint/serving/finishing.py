"""What jobs make of what was seen in their videos."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gaitprint.core.errors import GaitprintError, IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.gallery.engine import GalleryError
from gaitprint.serving.extraction import SeenVideo
from gaitprint.serving.jobs import Job, JobFailedError
from gaitprint.serving.recogniser import UnknownPersonError
from gaitprint.serving.schemas import CandidateItem, EnrolledItem, Identified, Verified
from gaitprint.serving.service import Service

_log = logging.getLogger("gaitprint.serving")
_REASONS = 3


def finish_enrollment(service: Service, job: Job, name: str) -> None:
    """Enroll a person by the walks of a job's videos.

    Raises:
        JobFailedError: several people walk at once in one, there is no usable walk, or the models cannot look at them.
    """
    try:
        walks = _walks_of_one(job)
        outcome = service.recogniser.enroll(name, walks)
    except GaitprintError as error:
        raise _failure(error) from error
    job.enrolled = EnrolledItem(person_id=outcome.person_id, name=outcome.name, templates=outcome.templates)
    service.audit.write(job.token_id, "enroll", "enrolled", outcome.person_id)


def finish_identification(service: Service, job: Job, fpir: float, *, one_person: bool) -> None:
    """Say who everybody in a job's video may be; `JobFailedError` as in `finish_enrollment`.

    Args:
        service: that the job is of.
        job: whose video was looked at.
        fpir: as `Recogniser.identify`.
        one_person: whether all walks are one person's, who left the picture and came back.
    """
    try:
        walks = _walks_of_one(job) if one_person else []
        asked: list[tuple[int | None, Sequence[GaitSequence]]] = [(None, walks)]
        if not one_person:
            asked = [(person.number, person.walks) for video in job.seen for person in video.people if person.walks]
        if not asked:
            raise JobFailedError(422, nobody_usable(job.seen))
        answers = [(number, service.recogniser.identify(walks, fpir)) for number, walks in asked]
    except GaitprintError as error:
        raise _failure(error) from error
    results = []
    for number, answer in answers:
        candidates = [
            CandidateItem(
                person_id=each.person_id, name=each.name, probability=each.probability, similarity=each.similarity
            )
            for each in answer.candidates
        ]
        results.append(
            Identified(number=number, decision=answer.decision, reason=answer.reason, candidates=candidates, fpir=fpir)
        )
        known = candidates[0].person_id if answer.decision == "known" else None
        service.audit.write(job.token_id, "identify", answer.decision or "not decided", known)
    job.identified = results


def finish_verification(service: Service, job: Job, person_id: str, fmr: float) -> None:
    """Say whether a job's video shows who is claimed; `JobFailedError` as in `finish_enrollment`."""
    try:
        check = service.recogniser.verify(person_id, _walks_of_one(job), fmr)
    except GaitprintError as error:
        raise _failure(error) from error
    job.verified = Verified(accepted=check.accepted, reason=check.reason, probability=check.probability, fmr=fmr)
    outcome = "not decided" if check.accepted is None else "accepted" if check.accepted else "rejected"
    service.audit.write(job.token_id, "verify", outcome, person_id)


def nobody_usable(videos: list[SeenVideo]) -> str:
    """Say in one line why no walk will do."""
    refused = {
        passage.refused.partition(":")[0]
        for video in videos
        for person in video.people
        for passage in person.passages
        if passage.refused
    }
    if not refused:
        return "nobody walks in the video" if len(videos) == 1 else "nobody walks in the videos"
    return f"no walk that will do: {'; '.join(sorted(refused)[:_REASONS])}"


def _walks_of_one(job: Job) -> list[GaitSequence]:
    """Return all walks of a job's videos, which are one person's."""
    for number, video in enumerate(job.seen, start=1):
        if video.several_at_once:
            which = f"video {number}: " if len(job.seen) > 1 else ""
            raise JobFailedError(422, f"{which}two people walk at once; who of them is meant is not known")
    walks = [walk for video in job.seen for person in video.people for walk in person.walks]
    if not walks:
        raise JobFailedError(422, nobody_usable(job.seen))
    return walks


def _failure(error: GaitprintError) -> JobFailedError:
    if isinstance(error, JobFailedError):
        return error
    if isinstance(error, UnknownPersonError):
        return JobFailedError(404, str(error))
    if isinstance(error, (UsageError, IncompatibleError)):
        return JobFailedError(422, " ".join(str(error).split()))
    if isinstance(error, GalleryError):
        _log.error("the gallery cannot be used: %s", error)
        return JobFailedError(500, "the gallery cannot be used; the service's own log has more")
    return JobFailedError(422, "the walk cannot be used")
