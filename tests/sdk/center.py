"""A contact center for other makers' SDKs, written into the database of an installation that runs.

Run by `python -m tests.sdk.center` in the installation's environment. Shape of what it prints: see `Facts`.
"""

from __future__ import annotations

import json
from typing import TypedDict

import django


class Facts(TypedDict):
    project: int
    agent: str  # a token
    plain: str  # of the same user, without the contact center's claim
    phone: str  # a page's that plays the customer's telephone
    ended: str
    hotline: str
    customer: str


HOTLINE, CUSTOMER = "842473000001", "84900000012"


def set_up() -> Facts:
    """One hotline, one queue, one agent who is available on his page."""
    from projects.models import ApiKey
    from projects.tokens import agent_token
    from softphone import phone_access
    from softphone.phone_access import PhoneAccess
    from tests import factories

    project = factories.ProjectFactory(name="SDK tests")
    queue = factories.QueueFactory(project=project, wait_agent_answer_timeout=20, agent_wrap_up_after_calls=False)
    group = factories.GroupFactory(project=project)
    factories.GroupRoutingFactory(project=project, queue=queue, group=group)
    agent = factories.AgentFactory(project=project, stringee_user_id="lan", manual_status="AVAILABLE")
    factories.GroupMembershipFactory(project=project, group=group, agent=agent)
    factories.NumberFactory(project=project, number=HOTLINE, enable_ivr=False, queue=queue)
    member = factories.MemberFactory(project=project)
    key = ApiKey.objects.get(project=project)
    return {
        "project": project.pk,
        "agent": agent_token(key, "lan", pcc=True).token,
        "plain": agent_token(key, "lan", pcc=False).token,
        "phone": phone_access.issue(PhoneAccess(project.pk, CUSTOMER, issued_by=member.user.pk)),
        "ended": agent_token(key, "lan", pcc=True, lifetime_s=-3600).token,
        "hotline": HOTLINE,
        "customer": CUSTOMER,
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(set_up()))  # noqa: T201  it is what the test reads
