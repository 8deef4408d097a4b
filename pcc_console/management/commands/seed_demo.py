"""`manage.py seed_demo` makes the demo project, or says again what its logins are."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from pcc_console.demo.seeding import Demo, Login, seed_demo
from pcc_console.management.operator_command import OperatorCommand, what_was_done
from pcc_console.portable.stored_sounds import StoredSounds
from projects.tokens import IssuedToken, rest_token

TOKEN_LIFETIME_S = 24 * 3600  # a day of trying things out with what `make run` has printed
CHANGED = "(no longer the one we made; `manage.py changepassword` sets another)"


class Command(OperatorCommand):
    help = (
        "Make the demo project of the tutorial, with spoken greetings and three console users, and print the logins. "
        "Later runs change nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--force", action="store_true", help="also in production")

    def act(self, options: dict[str, Any]) -> None:
        if settings.PRODUCTION and not options["force"]:
            raise CommandError("This is a production installation and the demo makes an operator: say --force for it.")
        demo = seed_demo(settings.DATA_DIR, StoredSounds())
        token = rest_token(demo.key, lifetime_s=TOKEN_LIFETIME_S) if demo.key else None
        self.answer(options, facts_of(demo, token), text_of(demo, token))


def facts_of(demo: Demo, token: IssuedToken | None) -> dict[str, Any]:
    """What `--json` prints. Passwords, key and token are null when people have changed or revoked them."""
    owner, *others = [{"user": login.user, "password": login.password, "role": login.role} for login in demo.logins]
    return {
        "project": demo.project.pk,
        "console": owner,
        "others": others,
        "token": token.token if token else None,
        "expires": token.expires if token else None,
        "key_sid": demo.key.sid if demo.key else None,
        "key_secret": demo.key.secret if demo.key else None,
        "number": demo.number,
    }


def text_of(demo: Demo, token: IssuedToken | None) -> str:
    project = demo.project
    lines = [what_was_done(demo.outcome) if demo.outcome else f"Project {project.pk} ({project.name}) is there."]
    lines += [_login_line(login) for login in demo.logins]
    lines.append(f"Number:         {demo.number}")
    if demo.key and token:
        lines.append(f"API key SID:    {demo.key.sid}")
        lines.append(f"API key secret: {demo.key.secret}")
        lines.append(f"REST token:     {token.token}")
    return "\n".join(lines)


def _login_line(login: Login) -> str:
    return f"{login.role.label + ':':<15} {login.user}  /  {login.password or CHANGED}"
