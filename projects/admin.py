"""Pages on projects, call settings, API keys and members; for operators: accounts and users."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from axes.utils import reset as unlock_sign_in
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from projects import services, two_step
from projects.console import OWNERS, ConsoleAdmin, ProjectAdmin, project_of, role_of, user_of, within
from projects.forms import AddMemberForm, CallSettingsForm, ChangeMemberForm, ProjectSettingsForm
from projects.models import Account, ApiKey, CallSettings, Member, Project, Role, User

log = logging.getLogger(__name__)


def _is_operator(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


class OperatorAdmin(ConsoleAdmin):
    """A page for those who run the installation."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _is_operator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _is_operator(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _is_operator(request)


def shown_once(request: HttpRequest, title: str, sid: str, secret: str, done: str) -> TemplateResponse:
    """The page that shows a secret in the answer to the request that made it, and nowhere else."""
    context = {**admin.site.each_context(request), "title": title, "sid": sid, "secret": secret, "done": done}
    response = TemplateResponse(request, "console/secret_once.html", context)
    response["Cache-Control"] = "no-store"
    return response


def confirm(request: HttpRequest, *, title: str, text: str, button: str, back: str) -> TemplateResponse:
    """A page that asks before something that cannot be undone."""
    context = {**admin.site.each_context(request), "title": title, "text": text, "button": button, "back": back}
    return TemplateResponse(request, "console/confirm.html", context)


@admin.register(Account)
class AccountAdmin(OperatorAdmin):
    list_display = ("name", "sid", "number_of_projects", "created_at")
    search_fields = ("name", "sid")
    ordering = ("name",)
    fields = ("name", "sid", "created_at")
    readonly_fields = ("sid", "created_at")
    actions_detail = ("renew_secret",)
    empty_text = gettext_lazy("An account is a customer of this installation. It owns projects.")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Account]:
        rows: models.QuerySet[Account] = super().get_queryset(request)
        return rows.annotate(number_of_projects=models.Count("projects"))

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return self.fields if obj else ("name",)

    @display(description=gettext_lazy("projects"), ordering="number_of_projects")
    def number_of_projects(self, account: Account) -> int:
        count: int = account.number_of_projects  # type: ignore[attr-defined]
        return count

    @action(description=gettext_lazy("New key secret"), url_path="secret", icon="key", permissions=["change"])
    def renew_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        account = self.row_or_404(request, object_id)
        back = reverse("admin:projects_account_change", args=[account.pk])
        if request.method == "POST":
            secret = services.renew_account_secret(account)
            return shown_once(request, _("New key secret"), account.sid, secret, back)
        text = _("Programs that use the present secret of %(account)s will be refused at once.") % {"account": account}
        return confirm(request, title=_("New key secret"), text=text, button=_("Make a new secret"), back=back)


@admin.register(Project)
class ProjectSettingsAdmin(ConsoleAdmin):
    """One's own project for members; all of them for operators."""

    form = ProjectSettingsForm
    list_display = ("name", "account", "time_zone", "country", "created_at")
    list_filter = ("account",)
    search_fields = ("name", "account__name")
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "time_zone", "country")}),
        (
            gettext_lazy("Addresses from a copied project"),
            {
                "classes": ("collapse",),
                "description": gettext_lazy(
                    "Only for settings that are copied from another platform. Leave them empty: this console answers "
                    "the calls of its projects itself."
                ),
                "fields": ("answer_url", "event_url"),
            },
        ),
    )
    empty_text = gettext_lazy("A project is an isolated contact center with its own numbers, agents and keys.")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Project]:
        rows: models.QuerySet[Project] = super().get_queryset(request).select_related("account")
        return rows if _is_operator(request) else within(rows, project_of(request))

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        (title, first), *others = self.fieldsets
        account = "account_name" if obj else "account"
        return [(title, {"fields": (account, *first["fields"])}), *others]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return ("account_name",) if obj else ()

    @display(description=gettext_lazy("account"))
    def account_name(self, project: Project) -> str:
        return project.account.name

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _is_operator(request) or role_of(request) is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _is_operator(request) or role_of(request) in OWNERS

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not _is_operator(request):
            return HttpResponseRedirect(reverse("admin:project_settings"))
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        only = {"is_only_row": not _is_operator(request)}
        response: HttpResponse = super().render_change_form(request, {**context, **only}, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Project, form: forms.ModelForm[Project], change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            services.equip_project(obj)
            text = _("Choose the project %(project)s above, then add its members.") % {"project": obj}
            self.message_user(request, text, messages.INFO)


@admin.register(CallSettings)
class CallSettingsAdmin(ProjectAdmin):
    """One record for each project."""

    form = CallSettingsForm
    fieldsets = (
        (None, {"fields": ("event_url",)}),
        (
            gettext_lazy("When a call arrives"),
            {"fields": ("get_customer_info_url", "get_customer_info_timeout")},
        ),
        (gettext_lazy("When an agent does not answer"), {"fields": ("missed_calls_limit",)}),
        (gettext_lazy("When an agent dials out"), {"fields": ("callout_answer_url",)}),
        (
            gettext_lazy("Limits of outbound calls"),
            {
                "fields": (
                    "outbound_prefixes",
                    "outbound_concurrency",
                    "outbound_per_minute",
                    "outbound_max_duration_s",
                )
            },
        ),
        (gettext_lazy("Recordings"), {"fields": ("recording_retention_days",)}),
        (gettext_lazy("SMS"), {"fields": ("sms_gateway_url",)}),
    )

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().render_change_form(request, {**context, "is_only_row": True}, **kwargs)
        return response

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        settings, _created = CallSettings.objects.get_or_create(project=project_of(request))
        return HttpResponseRedirect(reverse("admin:projects_callsettings_change", args=[settings.pk]))

    def response_post_save_change(self, request: HttpRequest, obj: CallSettings) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:projects_callsettings_change", args=[obj.pk]))


@admin.register(ApiKey)
class ApiKeyAdmin(ProjectAdmin):
    """Keys are made, named and revoked; their secrets are shown once."""

    write_roles: ClassVar[frozenset[Role]] = OWNERS
    list_display = ("label_or_sid", "sid", "state", "created_by", "created_at", "revoked_at")
    list_select_related = ("created_by",)
    search_fields = ("label", "sid")
    ordering = ("-revoked_at", "-id")
    fields = ("label",)
    actions_detail = ("revoke",)
    actions_row = ("revoke",)
    empty_text = gettext_lazy("Programs and softphones need a key: it signs their access tokens.")

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return ("label", "sid", "created_by", "created_at", "revoked_at") if obj else ("label",)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return ("sid", "created_by", "created_at", "revoked_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False  # the history of a key stays; revoking it ends its use

    @display(description=gettext_lazy("label"), ordering="label")
    def label_or_sid(self, key: ApiKey) -> str:
        return key.label or _("(no label)")

    @display(description=gettext_lazy("state"), label={"active": "success", "revoked": "danger"})
    def state(self, key: ApiKey) -> tuple[str, str]:
        return ("active", _("Active")) if key.revoked_at is None else ("revoked", _("Revoked"))

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm[ApiKey], change: bool) -> None:
        if not change:
            obj.created_by = user_of(request)
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        done = reverse("admin:projects_apikey_changelist")
        return shown_once(request, _("New API key"), obj.sid, obj.secret, done)

    @action(
        description=gettext_lazy("Revoke"),
        url_path="revoke",
        icon="block",
        variant=ActionVariant.DANGER,
        permissions=["change"],
    )
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self.row_or_404(request, object_id)
        back = reverse("admin:projects_apikey_changelist")
        if request.method == "POST":
            services.revoke_key(key)
            self.message_user(request, _("The key %(key)s is revoked.") % {"key": key}, messages.SUCCESS)
            return HttpResponseRedirect(back)
        text = _(
            "Every program and every softphone whose token is signed with %(key)s (%(sid)s) will be refused at once. "
            "This cannot be taken back."
        ) % {"key": key, "sid": key.sid}
        return confirm(request, title=_("Revoke API key"), text=text, button=_("Revoke"), back=back)


@admin.register(Member)
class MemberAdmin(ProjectAdmin):
    """Who works in the project, and with which role."""

    write_roles: ClassVar[frozenset[Role]] = OWNERS
    list_display = ("user_name", "full_name", "email", "role", "created_at")
    list_select_related = ("user",)
    list_filter = ("role",)
    search_fields = ("user__username", "user__first_name", "user__last_name", "user__email")
    ordering = ("user__username",)

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = ChangeMemberForm if obj else AddMemberForm
        return super().get_form(request, obj, change=change, **{"form": form, **kwargs})

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return ("user_name", "full_name", "email", "role") if obj else ("who", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return ("user_name", "full_name", "email") if obj else ()

    @display(description=gettext_lazy("user"), ordering="user__username")
    def user_name(self, member: Member) -> str:
        return member.user.username

    @display(description=gettext_lazy("name"), ordering="user__last_name")
    def full_name(self, member: Member) -> str:
        return member.user.get_full_name()

    @display(description=gettext_lazy("e-mail"), ordering="user__email")
    def email(self, member: Member) -> str:
        return member.user.email

    def save_model(self, request: HttpRequest, obj: Member, form: forms.ModelForm[Member], change: bool) -> None:
        if change:
            services.change_role(obj, Role(obj.role))
        else:
            super().save_model(request, obj, form, change)

    def delete_row(self, request: HttpRequest, row: models.Model) -> None:
        assert isinstance(row, Member)  # noqa: S101
        services.remove_member(row)


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email")


class EditUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        labels: ClassVar = {"is_superuser": gettext_lazy("Operator")}
        help_texts: ClassVar = {
            "is_superuser": gettext_lazy("Opens every project as its owner, and manages accounts, projects and users."),
            "is_active": gettext_lazy("Switch this off instead of deleting people: they are signed out at once."),
        }


@admin.register(User)
class UserAdmin(OperatorAdmin, DjangoUserAdmin):  # type: ignore[type-arg, misc]
    """People who sign in. Roles are given in each project."""

    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "is_operator", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Person"), {"fields": ("first_name", "last_name", "email")}),
        (gettext_lazy("Rights"), {"fields": ("is_active", "is_superuser")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "first_name", "last_name", "email", "password1", "password2")}),)
    actions_detail = ("unlock", "end_two_step")

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        own = ("is_active", "is_superuser") if obj == request.user else ()
        return ("last_login", "date_joined", *own)

    @display(description=gettext_lazy("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @display(description=gettext_lazy("operator"), ordering="is_superuser", boolean=True)
    def is_operator(self, user: User) -> bool:
        return user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _is_operator(request) and obj != request.user

    def delete_row(self, request: HttpRequest, row: models.Model) -> None:
        assert isinstance(row, User)  # noqa: S101
        services.delete_user(row)

    @action(description=gettext_lazy("Unlock sign-in"), url_path="unlock", icon="lock_open", permissions=["change"])
    def unlock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user, back = self._user(request, object_id)
        if request.method == "POST":
            unlock_sign_in(username=user.username)
            log.warning("sign-in unlocked", extra={"event": "sign_in_unlocked", "user": user.pk, "by": request.user.pk})
            self.message_user(request, _("%(user)s may try to sign in again.") % {"user": user}, messages.SUCCESS)
            return HttpResponseRedirect(back)
        text = _("Forget the failed attempts of %(user)s, so that signing in can be tried again.") % {"user": user}
        return confirm(request, title=_("Unlock sign-in"), text=text, button=_("Unlock"), back=back)

    @action(
        description=gettext_lazy("End two-step sign-in"),
        url_path="end-two-step",
        icon="phonelink_erase",
        permissions=["change"],
    )
    def end_two_step(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user, back = self._user(request, object_id)
        if request.method == "POST":
            two_step.switch_off(user)
            log.warning("two-step ended", extra={"event": "two_step_ended", "user": user.pk, "by": request.user.pk})
            self.message_user(request, _("%(user)s signs in with the password alone.") % {"user": user}, "success")
            return HttpResponseRedirect(back)
        text = _("For somebody who lost the phone: %(user)s will sign in with the password alone.") % {"user": user}
        return confirm(request, title=_("End two-step sign-in"), text=text, button=_("End"), back=back)

    def _user(self, request: HttpRequest, object_id: str) -> tuple[User, str]:
        user = self.row_or_404(request, object_id)
        return user, reverse("admin:projects_user_change", args=[user.pk])
