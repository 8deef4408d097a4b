"""Import and export buttons of a page: CSV and Excel, with a preview before anything is written."""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import tablib
from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.cache import cache
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from django.db.transaction import TransactionManagementError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from import_export.admin import ImportExportMixin
from import_export.results import Result, RowResult
from unfold.widgets import UnfoldAdminFileFieldWidget

from common import clock, sheets
from projects.console.bulk import Change
from projects.console.resource import ProjectResource
from projects.console.scope import project_of, user_of

logger = logging.getLogger(__name__)

PREVIEW_KEPT_S = 30 * 60  # an uploaded file waits this long for its confirmation
SHOWN_ROWS = 200
SHOWN_ERRORS = 100
WRITERS = {
    "csv": (sheets.to_csv, "text/csv; charset=utf-8"),
    "xlsx": (sheets.to_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


class UploadForm(forms.Form):
    """A file to import; `sheet` is its table."""

    file = forms.FileField(
        label=gettext_lazy("CSV or Excel file"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
    )

    def __init__(self, *args: Any, resource: ProjectResource, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.resource = resource
        self.content = b""
        self.sheet: sheets.Sheet

    def clean_file(self) -> UploadedFile[bytes]:
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        self.content = upload.read(sheets.MAX_BYTES + 1)
        try:
            self.sheet = sheets.read(self.content)
        except sheets.UnreadableSheet as error:
            raise forms.ValidationError(str(error)) from error
        known = self.resource.columns()
        if unknown := [name for name in self.sheet.headers if name not in known]:
            raise forms.ValidationError(
                _("Unknown columns: %(unknown)s. Known are: %(known)s.")
                % {"unknown": ", ".join(unknown), "known": ", ".join(known)}
            )
        if self.resource.key_column not in self.sheet.headers:
            raise forms.ValidationError(
                _("The column %(name)s is missing: it tells the rows apart.") % {"name": self.resource.key_column}
            )
        return upload


@dataclass(frozen=True)
class PreviewRow:
    """What one line of the file will do. Shape: `kind` is new, update or skip."""

    line: int
    kind: str
    name: str
    changes: Sequence[Change]


@dataclass(frozen=True)
class RowError:
    """What is wrong in one line of the file; `column` is empty when it concerns the whole line."""

    line: int
    column: str
    message: str


class SheetsMixin(ImportExportMixin):
    """For a `ProjectAdmin`: put it first among the bases, and name its `resource`."""

    resource: ClassVar[type[ProjectResource]]
    can_import: ClassVar[bool] = True
    import_export_change_list_template = "sheets/change_list.html"
    actions: Sequence[Any] = ("export_as_csv", "export_as_excel")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.can_import and self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        query = request.GET.urlencode()
        links = {f"export_{name}_query": f"?{query}&as={kind}" for name, kind in (("csv", "csv"), ("excel", "xlsx"))}
        response: HttpResponse = super().changelist_view(request, {**links, **(extra_context or {})})
        return response

    # ── Export ───────────────────────────────────────────────────────────────────────────────────────────────────
    def export_action(self, request: HttpRequest) -> HttpResponse:
        """The rows of the list, as it is filtered and searched."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        parameters = request.GET.copy()
        kind = (parameters.pop("as", None) or ["csv"])[0]
        request.GET = parameters  # type: ignore[assignment] # the list takes every parameter for a filter
        try:
            rows = self.get_export_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse(f"admin:{self._address()}_changelist"))
        return self._file(request, rows, kind if kind in WRITERS else "csv")

    def export_as_csv(self, request: HttpRequest, rows: QuerySet[Model]) -> HttpResponse:
        return self._file(request, rows, "csv")

    export_as_csv.short_description = gettext_lazy("Export as CSV")  # type: ignore[attr-defined]
    export_as_csv.allowed_permissions = ("view",)  # type: ignore[attr-defined]

    def export_as_excel(self, request: HttpRequest, rows: QuerySet[Model]) -> HttpResponse:
        return self._file(request, rows, "xlsx")

    export_as_excel.short_description = gettext_lazy("Export as Excel")  # type: ignore[attr-defined]
    export_as_excel.allowed_permissions = ("view",)  # type: ignore[attr-defined]

    def _file(self, request: HttpRequest, rows: QuerySet[Model], kind: str) -> HttpResponse:
        write, content_type = WRITERS[kind]
        headers, cells = self.resource(project_of(request)).table(rows)
        name = f"{self.opts.model_name}-{clock.now():%Y-%m-%d}.{kind}"
        return HttpResponse(
            write(headers, cells),
            content_type=content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    # ── Import ───────────────────────────────────────────────────────────────────────────────────────────────────
    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Take a file, try it out, and show what it would do."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        resource = self.resource(project_of(request))
        form = UploadForm(request.POST or None, request.FILES or None, resource=resource)
        if not form.is_valid():
            return self._upload_page(request, form, [])
        result = _import(resource, form.sheet, dry_run=True)
        if errors := _errors(resource, result, form.sheet):
            return self._upload_page(request, form, errors)
        return self._preview_page(request, form, result)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Write what the preview has shown: all of it or nothing."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        key = self._preview_key(request)
        content = _kept_content(cache.get(key), request.POST.get("upload", ""))
        if content is None:
            self.message_user(request, _("The preview is too old. Please choose the file again."), messages.WARNING)
            return HttpResponseRedirect(reverse(f"admin:{self._address()}_import"))
        resource, sheet = self.resource(project_of(request)), sheets.read(content)
        result = _import(resource, sheet, dry_run=False)
        if errors := _errors(resource, result, sheet):
            return self._upload_page(request, UploadForm(resource=resource), errors)
        cache.delete(key)
        self.message_user(request, _summary(result), messages.SUCCESS)
        return HttpResponseRedirect(reverse(f"admin:{self._address()}_changelist"))

    def _upload_page(self, request: HttpRequest, form: UploadForm, errors: list[RowError]) -> HttpResponse:
        columns = form.resource.columns()
        extra = {"form": form, "errors": errors[:SHOWN_ERRORS], "more_errors": len(errors[SHOWN_ERRORS:])}
        limits = {"max_rows": sheets.MAX_ROWS, "max_mb": sheets.MAX_BYTES // 1024 // 1024}
        return self._page(request, {**extra, **limits, "columns": columns, "key_column": form.resource.key_column})

    def _preview_page(self, request: HttpRequest, form: UploadForm, result: Result) -> HttpResponse:
        token = secrets.token_hex(16)
        kept = {"token": token, "content": base64.b64encode(form.content).decode()}
        cache.set(self._preview_key(request), kept, PREVIEW_KEPT_S)
        rows = [_preview(form.resource, each, line) for each, line in zip(result.rows, form.sheet.lines, strict=True)]
        changing = [row for row in rows if row.kind != RowResult.IMPORT_TYPE_SKIP]
        extra = {"upload": token, "summary": _counts(result), "rows": changing[:SHOWN_ROWS]}
        return self._page(request, {**extra, "more_rows": len(changing[SHOWN_ROWS:]), "changing": len(changing)})

    def _page(self, request: HttpRequest, extra: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import %(kind)s") % {"kind": self.opts.verbose_name_plural},
            "opts": self.opts,
            "media": self.media,
            "list_url": reverse(f"admin:{self._address()}_changelist"),
            "import_url": reverse(f"admin:{self._address()}_import"),
            "process_url": reverse(f"admin:{self._address()}_process_import"),
            "export_url": reverse(f"admin:{self._address()}_export"),
            **extra,
        }
        return TemplateResponse(request, "sheets/import.html", context)

    def _preview_key(self, request: HttpRequest) -> str:
        """One for each user and page: whoever uploads again and again only replaces what was kept."""
        return f"import:{self._address()}:{project_of(request).pk}:{user_of(request).pk}"

    def _address(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"


def _kept_content(kept: dict[str, str] | None, token: str) -> bytes | None:
    """The uploaded file, if it is the one that the preview with this token has shown."""
    if kept is None or not constant_time_compare(kept["token"], token):
        return None
    return base64.b64decode(kept["content"])


def _import(resource: ProjectResource, sheet: sheets.Sheet, *, dry_run: bool) -> Result:
    dataset = tablib.Dataset(*sheet.rows, headers=sheet.headers)
    return resource.import_data(dataset, dry_run=dry_run, rollback_on_validation_errors=True)


def _errors(resource: ProjectResource, result: Result, sheet: sheets.Sheet) -> list[RowError]:
    columns = {field.attribute: field.column_name for field in resource.get_import_fields()}
    found = [RowError(0, "", str(error.error)) for error in result.base_errors]
    for row in result.invalid_rows:
        for attribute, texts in row.error_dict.items():
            column = "" if attribute == NON_FIELD_ERRORS else columns.get(attribute, attribute)
            found += [RowError(sheet.lines[row.number - 1], column, text) for text in texts]
    for number, errors in result.row_errors():
        cause = errors[0].error
        if isinstance(cause, TransactionManagementError):
            continue  # only follows from the error of an earlier line
        text = _("This line cannot be imported.")
        if isinstance(cause, IntegrityError):
            text = _("Somebody changed the same thing at the same time. Try again.")
        else:
            logger.error("import failed", extra={"event": "import.failed"}, exc_info=cause)
        found.append(RowError(sheet.lines[number - 1], "", text))
    return sorted(found, key=lambda error: (error.line, error.column))


def _preview(resource: ProjectResource, result: RowResult, line: int) -> PreviewRow:
    kind: str = result.import_type
    after = resource.cells(result.instance)
    before = resource.cells(result.original) if kind == RowResult.IMPORT_TYPE_UPDATE else [""] * len(after)
    changes = [
        Change(column, old, new)
        for column, old, new in zip(resource.columns(), before, after, strict=True)
        if old != new and column != resource.key_column
    ]
    return PreviewRow(line, kind, str(result.instance), changes)


def _counts(result: Result) -> dict[str, int]:
    return {
        "new": result.totals[RowResult.IMPORT_TYPE_NEW],
        "changed": result.totals[RowResult.IMPORT_TYPE_UPDATE],
        "same": result.totals[RowResult.IMPORT_TYPE_SKIP],
    }


def _summary(result: Result) -> str:
    counts = _counts(result)
    parts = [
        ngettext("%(count)s row is new.", "%(count)s rows are new.", counts["new"]) % {"count": counts["new"]},
        ngettext("%(count)s row changed.", "%(count)s rows changed.", counts["changed"]) % {"count": counts["changed"]},
        ngettext("%(count)s row was like that already.", "%(count)s rows were like that already.", counts["same"])
        % {"count": counts["same"]},
    ]
    return " ".join(parts)
