"""Who is known: list, look at, rename, delete."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from gaitprint.core.errors import UsageError
from gaitprint.gallery.template import LONGEST_NAME
from gaitprint.serving.access import Caller, allowed
from gaitprint.serving.answers import answers
from gaitprint.serving.problems import Problem
from gaitprint.serving.recogniser import KnownPerson, LeftTracesError, NameTakenError, UnknownPersonError
from gaitprint.serving.schemas import PERSON_ID, Deletion, PersonItem, PersonPage, Rename
from gaitprint.serving.service import Service

router = APIRouter(prefix="/api/v1/people", tags=["people"])

PersonIdPath = Annotated[str, Path(pattern=PERSON_ID, description="Opaque id of a person.")]


@router.get("", responses=answers(), summary="List who is known")
def list_people(
    request: Request,
    caller: Annotated[Caller, Depends(allowed("list"))],
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    name: Annotated[str, Query(max_length=LONGEST_NAME, description="Part of a name, in any case.")] = "",
) -> PersonPage:
    """Return people in order of their names, everybody or those with a name that is looked for."""
    service: Service = request.app.state.service
    wanted = _folded(name)
    people = [person for person in service.recogniser.people() if wanted in _folded(person.name)]
    service.audit.write(caller.token_id, "list", "listed")
    shown = [_item(person) for person in people[offset : offset + limit]]
    return PersonPage(people=shown, total=len(people), offset=offset)


@router.get("/{person_id}", responses=answers(404), summary="Look at one person")
def get_person(
    request: Request, caller: Annotated[Caller, Depends(allowed("list"))], person_id: PersonIdPath
) -> PersonItem:
    """Return what is known about somebody."""
    service: Service = request.app.state.service
    with _refusals(service, caller, "show", person_id):
        person = service.recogniser.person(person_id)
    service.audit.write(caller.token_id, "show", "shown", person_id)
    return _item(person)


@router.get(
    "/{person_id}/picture",
    responses={200: {"content": {"image/png": {}}, "description": "A still of a walk of theirs."}, **answers(404)},
    response_class=Response,
    summary="Picture of one person",
)
def get_picture(
    request: Request, caller: Annotated[Caller, Depends(allowed("list"))], person_id: PersonIdPath
) -> Response:
    """Return a small picture of a walk that was enrolled."""
    service: Service = request.app.state.service
    with _refusals(service, caller, "picture", person_id):
        picture = service.recogniser.picture(person_id)
    if picture is None:
        raise Problem(404, "no picture is kept of this person")
    return Response(picture, media_type="image/png")


@router.patch("/{person_id}", responses=answers(404, 409), summary="Rename a person")
def rename_person(
    request: Request, caller: Annotated[Caller, Depends(allowed("enroll"))], person_id: PersonIdPath, rename: Rename
) -> PersonItem:
    """Give somebody another name; the id stays."""
    service: Service = request.app.state.service
    with _refusals(service, caller, "rename", person_id):
        person = service.recogniser.rename(person_id, rename.name)
    service.jobs.forget_person(person_id)
    service.audit.write(caller.token_id, "rename", "renamed", person_id)
    return _item(person)


@router.delete("/{person_id}", responses=answers(404), summary="Delete a person")
def delete_person(
    request: Request, caller: Annotated[Caller, Depends(allowed("delete"))], person_id: PersonIdPath
) -> Deletion:
    """Remove everything that is kept of somebody: name, templates, pictures, and results that name them."""
    service: Service = request.app.state.service
    templates, warning = None, None
    with _refusals(service, caller, "delete", person_id):
        try:
            templates = service.recogniser.delete(person_id)
        except LeftTracesError as error:
            warning = str(error)
    service.jobs.forget_person(person_id)
    service.audit.write(caller.token_id, "delete", "deleted" if warning is None else "deleted, traces left", person_id)
    return Deletion(person_id=person_id, templates=templates, complete=warning is None, warning=warning)


@contextmanager
def _refusals(service: Service, caller: Caller, action: str, person_id: str) -> Iterator[None]:
    """Log what is refused within, and turn it into a problem."""
    try:
        yield
    except UnknownPersonError as error:
        service.audit.write(caller.token_id, action, "refused: no such person", person_id)
        raise Problem(404, str(error)) from error
    except NameTakenError as error:
        service.audit.write(caller.token_id, action, "refused: name taken", person_id)
        raise Problem(409, str(error)) from error
    except UsageError as error:
        service.audit.write(caller.token_id, action, "refused: no name", person_id)
        raise Problem(422, f"name: {error}") from error


def _folded(name: str) -> str:
    """A name without its case, in the one spelling of Unicode that names are kept in."""
    return unicodedata.normalize("NFC", name).casefold()


def _item(person: KnownPerson) -> PersonItem:
    return PersonItem(
        person_id=person.person_id,
        name=person.name,
        templates=person.templates,
        modalities=list(person.modalities),
        last_enrolled_at=person.last_enrolled_at,
    )
