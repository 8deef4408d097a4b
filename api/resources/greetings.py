"""Greeting files: uploaded raw or as a form, listed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO, ClassVar, Final, TypedDict, cast

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from rest_framework.request import Request

from api.bodies import announced_length, json_object
from api.fields import IdText, Text, find, reference_to
from api.paging import Page
from api.replies import BodyTooLarge
from api.schema import TEXT, Description
from api.serializers import PageQuery, Parsed
from api.views import MAX_LIMIT, Resource, read
from common.acting import acting_as
from common.refusals import InvalidInput, NotFound
from ivr import greetings
from ivr.models import GreetingFile
from projects.models import Project

FORM_FIELD = "file"
FORM_OVERHEAD_BYTES = 64 * 1024  # boundaries, headers and small fields around the file of a form


class GreetingRow(TypedDict):
    """`created` in epoch seconds."""

    sid: str
    filename: str
    desc1: str | None
    created: int


def greeting_row(greeting: GreetingFile, project: Project) -> GreetingRow:
    return {
        "sid": greeting.sid,
        "filename": greeting.filename,
        "desc1": greeting.desc1 or None,
        "created": int(greeting.created_at.timestamp()),
    }


class UploadQuery(Parsed):
    uploadType = Text(required=False, help_text="`simple`: the body is the file. `multipart`: a form with `file`.")  # noqa: N815
    desc = Text(required=False, max_length=GreetingFile._meta.get_field("desc1").max_length)


class DeletedGreeting(Parsed):
    sid = IdText(max_length=64, help_text="SID or file name.")


UPLOAD: Final = {
    "required": True,
    "content": {
        "application/octet-stream": {"schema": {}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FORM_FIELD],
                "properties": {FORM_FIELD: {"contentMediaType": "application/octet-stream"}, "desc": TEXT},
            }
        },
    },
}


class GreetingResource(Resource[GreetingFile]):
    path = "greetingfile"
    collection: ClassVar[Mapping[str, str]] = {"get": "list", "post": "create", "delete": "destroy_named"}
    item: ClassVar[Mapping[str, str]] = {"get": "retrieve", "delete": "destroy"}
    noun = "greeting file"
    create_message = "Upload file success"
    list_message = "Load greeting file(s) success"
    array_key = "greeting_files"
    default_limit = MAX_LIMIT  # its list has no pages: clients expect all of it
    model = GreetingFile
    query = PageQuery
    body = UploadQuery
    row = staticmethod(greeting_row)
    row_shape = GreetingRow
    remove = staticmethod(greetings.delete_greeting)
    created_keys: ClassVar = {"filename": TEXT, "fileSid": TEXT}

    def create(self, request: Request) -> HttpResponse:
        wanted = read(UploadQuery, request.GET.dict(), self.project)
        upload, name, desc = _upload(request._request)
        with acting_as(f"API key {self.caller.sid}"):  # no transaction: converting takes seconds
            try:
                stored = greetings.store_greeting(
                    self.project, upload, original_name=name, description=wanted.get("desc") or desc
                )
            except greetings.TooLarge as refusal:
                raise BodyTooLarge(refusal.message) from refusal
        return self.success(self.create_message, filename=stored.filename, fileSid=stored.sid)

    def destroy_named(self, request: Request) -> HttpResponse:
        """The file is named in the query or in a JSON body."""
        data = {"sid": request.GET["sid"]} if request.GET.get("sid") else json_object(request._request)
        return self.destroy(request, read(DeletedGreeting, data, self.project)["sid"])

    def find(self, rows: QuerySet[GreetingFile], id: str) -> GreetingFile:
        try:
            return find(rows, self.noun, id, by="sid")
        except NotFound:
            return find(rows, self.noun, id, by="filename")

    def page_data(self, page: Page[GreetingFile]) -> dict[str, Any]:
        return {"greeting_files": [self.shown(row) for row in page.rows], "total": str(page.total)}

    def page_keys(self) -> dict[str, Any]:
        return {"greeting_files": {"type": "array", "items": reference_to(GreetingRow.__name__)}, "total": TEXT}

    def describe(self, action: str) -> Description:
        described = super().describe(action)
        if action == "create":
            return replace(described, query=UploadQuery, body=None, raw_body=UPLOAD)
        return replace(described, body=DeletedGreeting()) if action == "destroy_named" else described


def _upload(request: HttpRequest) -> tuple[BinaryIO, str, str]:
    """The file, the name it had, and the form's description. Raises InvalidInput, BodyTooLarge."""
    if announced_length(request) > settings.GREETING_MAX_BYTES + FORM_OVERHEAD_BYTES:
        raise _too_large()
    is_form = request.content_type == "multipart/form-data"
    if request.GET.get("uploadType") == "multipart" and not is_form:
        raise InvalidInput("uploadType is multipart, but the body is not multipart/form-data.")
    return _form_upload(request) if is_form else (cast(BinaryIO, request), "", "")


def _form_upload(request: HttpRequest) -> tuple[BinaryIO, str, str]:
    request.upload_handlers = [_LimitedFile(request)]
    try:
        upload = request.FILES.get(FORM_FIELD)
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise InvalidInput(f"The form cannot be read: {error}") from error
    if not isinstance(upload, UploadedFile):
        raise InvalidInput(f"The form has no file in the field {FORM_FIELD}.")
    return cast(BinaryIO, upload), upload.name or "", request.POST.get("desc", "")


class _LimitedFile(TemporaryFileUploadHandler):
    """Writes a form's file to disk and gives up as soon as it is too large."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > settings.GREETING_MAX_BYTES:
            raise _too_large()
        super().receive_data_chunk(raw_data, start)


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The file is too large: at most {settings.GREETING_MAX_BYTES} bytes are accepted.")
