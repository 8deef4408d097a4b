"""Phone numbers and what answers them; callers who are blocked, and callers who go first."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common import phone
from common.validation import phone_digits, validate_web_address
from projects.models import URL_MAX_LENGTH, ProjectRow

LOWEST_PRIORITY, HIGHEST_PRIORITY = 1, 9  # callers who are not listed have 0


class PhoneRow(ProjectRow):
    """A row that is known by a telephone number: `number` as given, `digits` for matching."""

    number = models.CharField(_("number"), max_length=32, help_text=_("With country code, e.g. 842473082686."))
    digits = models.CharField(_("digits"), max_length=phone.MAX_DIGITS, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        """Compute the digits already here, so that forms can say whether the number is taken."""
        if self.number:
            try:
                self.digits = phone_digits(self.number, self.project.country)
            except ValidationError as error:
                raise ValidationError({"number": error}) from error

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises common.phone.InvalidPhoneNumber."""
        self.digits = phone.digits_of(self.number, self.project.country)
        super().save(*args, **kwargs)


class Number(PhoneRow):
    """A dialled number that we own and what answers it: an IVR tree, or straight a queue."""

    nickname = models.CharField(
        _("nickname"), max_length=100, blank=True, default="", help_text=_("What agents see, e.g. Hotline.")
    )
    allow_outbound_calls = models.BooleanField(
        _("allow outbound calls"), default=True, help_text=_("Agents may show this number when they dial out.")
    )
    enable_ivr = models.BooleanField(
        _("Enable IVR"), default=False, help_text=_("On: callers hear an IVR tree. Off: they go straight to a queue.")
    )
    ivr_tree = models.ForeignKey(
        "ivr.IvrTree",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="numbers",
        verbose_name=_("IVR tree"),
    )
    queue = models.ForeignKey(
        "queues.Queue", null=True, blank=True, on_delete=models.PROTECT, related_name="numbers", verbose_name=_("queue")
    )
    record_outbound_calls = models.BooleanField(
        _("record outbound calls"), default=True, help_text=_("Calls that agents make with this number.")
    )
    all_group_can_make_outbound_call = models.BooleanField(
        _("all groups may dial out"), default=True, help_text=_("The agents of every group may use this number.")
    )
    answer_url = models.CharField(
        _("answer URL"),
        max_length=URL_MAX_LENGTH,
        blank=True,
        default="",
        validators=[validate_web_address],
        help_text=_("Your server decides what happens to calls of this number. Empty: they are handled here."),
    )
    event_url = models.CharField(
        _("event URL"),
        max_length=URL_MAX_LENGTH,
        blank=True,
        default="",
        validators=[validate_web_address],
        help_text=_("Your server is told of what happens to calls of this number."),
    )

    ID_PREFIX = "NU"

    class Meta:
        # The context keeps it apart from the label of the field of the same name.
        verbose_name = pgettext_lazy("a number that callers dial", "number")
        verbose_name_plural = _("numbers")
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "digits"], name="number_in_project")]


class BlockedNumber(PhoneRow):
    """A caller who is refused before the IVR, or dropped on entering a queue."""

    ivr_blocked = models.BooleanField(
        _("blocked before the IVR"), default=True, help_text=_("The call is refused at once.")
    )
    queue_blocked = models.BooleanField(
        _("blocked from queues"), default=True, help_text=_("The caller may hear the IVR, but reaches no queue.")
    )

    ID_PREFIX = "BN"

    class Meta:
        verbose_name = _("blocked number")
        verbose_name_plural = _("blocked numbers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "digits"], name="blocked_number_in_project")
        ]


class PriorityCaller(PhoneRow):
    """A caller who waits before others in every queue: the higher the number, the earlier."""

    priority = models.PositiveSmallIntegerField(
        _("priority"),
        default=LOWEST_PRIORITY,
        validators=[MinValueValidator(LOWEST_PRIORITY), MaxValueValidator(HIGHEST_PRIORITY)],
        help_text=_(
            "1 to 9. Higher numbers are served first; callers who are not on this list come after all of them."
        ),
    )
    note = models.CharField(
        _("note"), max_length=100, blank=True, default="", help_text=_("Who it is, or why this caller goes first.")
    )

    ID_PREFIX = "PC"

    class Meta:
        verbose_name = _("priority caller")
        verbose_name_plural = _("priority callers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "digits"], name="priority_caller_in_project"),
            models.CheckConstraint(
                condition=models.Q(priority__range=(LOWEST_PRIORITY, HIGHEST_PRIORITY)), name="priority_range"
            ),
        ]
