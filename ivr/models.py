"""IVR trees, their nodes and keys, and the greeting files that are played to callers."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from common import ids
from projects.models import ProjectRow
from sounds.speech_provider import TEXT_MAX_LENGTH

DEFAULT_VOICE = "hn_female_thutrang_phrase_48k-hsmm"


class PlayMode(models.TextChoices):
    TALK = "talk", _("Speak a text")
    PLAY = "play", _("Play a greeting file")


class KeyAction(models.IntegerChoices):
    """What a key does (Source: rest-api.md §12)."""

    VOICEMAIL = 1, _("Voicemail")
    QUEUE = 2, _("Go to queue")
    FORWARD = 3, _("Forward to a phone")
    NODE = 4, _("Next node")
    SMS = 5, _("Send an SMS")
    HANG_UP = 6, _("End call")


class Key(models.TextChoices):
    """What a caller can do at a node: a key, nothing at all, or a key that leads nowhere."""

    KEY_1 = "1", "1"
    KEY_2 = "2", "2"
    KEY_3 = "3", "3"
    KEY_4 = "4", "4"
    KEY_5 = "5", "5"
    KEY_6 = "6", "6"
    KEY_7 = "7", "7"
    KEY_8 = "8", "8"
    KEY_9 = "9", "9"
    KEY_0 = "0", "0"
    STAR = "*", "*"
    HASH = "#", "#"
    EMPTY = "EMPTY_KEY", _("No key pressed")
    INVALID = "INVALID_KEY", _("Any other key")


class GreetingFile(ProjectRow):
    """An uploaded prompt or piece of music, kept as it came and in the two forms that engines play."""

    sid = models.CharField(_("file SID"), max_length=16, unique=True, default=ids.file_sid, editable=False)
    filename = models.CharField(
        _("file name"), max_length=64, editable=False, help_text=_("The name by which queues and nodes refer to it.")
    )
    desc1 = models.CharField(_("description"), max_length=200, blank=True, default="")
    original_name = models.CharField(_("uploaded as"), max_length=200, blank=True, default="", editable=False)
    size_bytes = models.PositiveIntegerField(_("size (bytes)"), editable=False)
    duration_ms = models.PositiveIntegerField(_("length (ms)"), editable=False)
    peaks = models.JSONField(
        _("waveform"), editable=False, help_text=_("Loudness from 0 to 100, evenly spread over the length.")
    )

    ID_PREFIX = "GF"

    class Meta:
        verbose_name = _("greeting file")
        verbose_name_plural = _("greeting files")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "filename"], name="greeting_filename_in_project")
        ]

    def __str__(self) -> str:
        return self.desc1 or self.original_name or self.filename


class IvrTree(ProjectRow):
    """One menu; calls enter at its root node."""

    tree_name = models.CharField(_("name"), max_length=200)
    root_node = models.ForeignKey(
        "IvrNode", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("root node")
    )

    ID_PREFIX = "TR"

    class Meta:
        verbose_name = _("IVR tree")
        verbose_name_plural = _("IVR trees")

    def __str__(self) -> str:
        return self.tree_name


class IvrNode(ProjectRow):
    """One announcement inside a tree. `node_play_content` holds the text; a file is linked by `greeting_file`."""

    tree = models.ForeignKey(IvrTree, on_delete=models.CASCADE, related_name="nodes", verbose_name=_("IVR tree"))
    node_name = models.CharField(_("name"), max_length=200)
    node_play_mode = models.CharField(_("announcement"), max_length=8, choices=PlayMode.choices, default=PlayMode.TALK)
    node_play_content = models.CharField(_("text to speak"), max_length=TEXT_MAX_LENGTH, blank=True, default="")
    greeting_file = models.ForeignKey(
        GreetingFile,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="nodes",
        verbose_name=_("greeting file"),
    )
    barge_in = models.BooleanField(
        _("keys interrupt"), default=True, help_text=_("A key stops the announcement and counts at once.")
    )
    loop_count = models.PositiveSmallIntegerField(
        _("repetitions"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    sched = models.PositiveIntegerField(
        _("pause between repetitions (ms)"), default=0, validators=[MaxValueValidator(60_000)]
    )
    voice = models.CharField(_("voice"), max_length=64, default=DEFAULT_VOICE)
    speed = models.SmallIntegerField(
        _("speaking speed"), default=0, validators=[MinValueValidator(-3), MaxValueValidator(3)]
    )
    keypress_timeout = models.PositiveSmallIntegerField(
        _("wait for a key (s)"), default=5, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )

    ID_PREFIX = "NO"

    class Meta:
        verbose_name = _("IVR node")
        verbose_name_plural = _("IVR nodes")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(node_play_mode__in=PlayMode.values), name="node_play_mode_known"),
            models.CheckConstraint(condition=models.Q(loop_count__range=(1, 20)), name="node_loop_count_range"),
            models.CheckConstraint(condition=models.Q(sched__lte=60_000), name="node_sched_range"),
            models.CheckConstraint(condition=models.Q(speed__range=(-3, 3)), name="node_speed_range"),
            models.CheckConstraint(
                condition=models.Q(keypress_timeout__range=(1, 120)), name="node_keypress_timeout_range"
            ),
        ]

    def __str__(self) -> str:
        return self.node_name


class IvrKeyPress(ProjectRow):
    """A branch of a node: a key and what it does. A branch without its target is kept, and shown by the linter."""

    tree = models.ForeignKey(
        IvrTree, on_delete=models.CASCADE, related_name="keys", editable=False, verbose_name=_("IVR tree")
    )
    node = models.ForeignKey(IvrNode, on_delete=models.CASCADE, related_name="keys", verbose_name=_("IVR node"))
    node_key = models.CharField(_("key"), max_length=16, choices=Key.choices)
    action = models.PositiveSmallIntegerField(_("action"), choices=KeyAction.choices, default=KeyAction.QUEUE)
    next_node = models.ForeignKey(
        IvrNode,
        null=True,
        blank=True,
        on_delete=models.RESTRICT,
        related_name="reached_by",
        verbose_name=_("next node"),
    )
    queue = models.ForeignKey(
        "queues.Queue", null=True, blank=True, on_delete=models.PROTECT, related_name="keys", verbose_name=_("queue")
    )
    from_number_callout_to_agent = models.CharField(
        _("caller ID of the forwarded call"), max_length=32, blank=True, default=""
    )
    to_phone_number = models.CharField(_("forward to"), max_length=32, blank=True, default="")
    sms = models.CharField(_("SMS text"), max_length=500, blank=True, default="")

    ID_PREFIX = "NK"

    class Meta:
        verbose_name = _("IVR key")
        verbose_name_plural = _("IVR keys")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["node", "node_key"], name="key_once_in_node"),
            models.CheckConstraint(condition=models.Q(node_key__in=Key.values), name="node_key_known"),
            models.CheckConstraint(condition=models.Q(action__in=KeyAction.values), name="key_action_known"),
        ]

    def __str__(self) -> str:
        return self.get_node_key_display()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.tree_id = self.node.tree_id
        super().save(*args, **kwargs)
