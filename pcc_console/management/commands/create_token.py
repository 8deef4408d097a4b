"""`manage.py create_token` makes access tokens for programs and for agents' softphones."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import CommandError, CommandParser

from agents.models import Agent
from pcc_console.management.operator_command import OperatorCommand
from pcc_console.provisioning import project_called, signing_key
from projects import tokens
from projects.models import Project

LONGEST_LIFETIME_S = 100 * 366 * 24 * 3600  # tokens of 99 years are in use
MOST_DIGITS = 12  # of anything that is worth comparing with it


class Command(OperatorCommand):
    help = (
        "Print an access token: for a program that calls the REST API (--rest), "
        "or for a softphone (--user; with --pcc it takes the contact center's calls)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--project", required=True, metavar="N", help="id or name of the project")
        kind = parser.add_mutually_exclusive_group(required=True)
        kind.add_argument("--rest", action="store_true", help="for programs that call /v1")
        kind.add_argument("--user", metavar="U", help="for the softphone of the agent with this user ID")
        parser.add_argument("--pcc", action="store_true", help="with --user: takes the contact center's calls")
        parser.add_argument("--lifetime", type=seconds, metavar="S", help="seconds until it ends")
        parser.add_argument(
            "--key", default="", metavar="SID", help="sign with this API key, not the oldest active one"
        )

    def act(self, options: dict[str, Any]) -> None:
        if options["rest"] and options["pcc"]:
            raise CommandError("--pcc goes with --user: a REST token takes no calls.")
        if not options["rest"] and not options["user"]:
            raise CommandError("--user is empty: it must be the user ID of an agent.")
        project = project_called(options["project"])
        key = signing_key(project, options["key"])
        if options["rest"]:
            issued = tokens.rest_token(key, lifetime_s=options["lifetime"] or tokens.REST_LIFETIME_S)
        else:
            self.warn_if_nobody(project, options)
            lifetime_s = options["lifetime"] or tokens.AGENT_LIFETIME_S
            issued = tokens.agent_token(key, options["user"], pcc=options["pcc"], lifetime_s=lifetime_s)
        self.answer(options, {"token": issued.token, "expires": issued.expires}, issued.token)

    def warn_if_nobody(self, project: Project, options: dict[str, Any]) -> None:
        user_id = options["user"]
        if options["pcc"] and not Agent.objects.filter(project=project, stringee_user_id=user_id).exists():
            self.warn(f"The project {project} has no agent with the user ID {user_id!r}: no call will come in.")


def seconds(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS and 0 < int(text) <= LONGEST_LIFETIME_S:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number of seconds from 1 to {LONGEST_LIFETIME_S}")
