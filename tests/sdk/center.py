"""A contact center for other makers' SDKs, written into the database of an installation that runs.

Run by `python -m tests.sdk.center` in the installation's environment. Shape of what it prints: see `Facts`.
"""

from __future__ import annotations

import io
import json
from typing import TypedDict

import django


class Facts(TypedDict):
    project: int
    agent: str  # a token
    colleague: str  # of another agent, whom no queue calls
    plain: str  # of the same user, without the contact center's claim
    phone: str  # a page's that plays the customer's telephone
    ended: str
    hotline: str
    menu: str
    customer: str


HOTLINE, MENU, CUSTOMER = "842473000011", "842473000012", "84900000012"
GREETING_HZ, GREETING_S = 1900.0, 4.0


def set_up() -> Facts:
    """A hotline that leads to a queue, a menu whose key 1 does, and an agent for it; and a colleague of his."""
    from ivr.greetings import store_greeting
    from ivr.models import Key, KeyAction, PlayMode
    from projects.models import ApiKey
    from projects.tokens import agent_token
    from softphone import phone_access
    from softphone.phone_access import PhoneAccess
    from tests import factories
    from tests.sounds import tone, wav

    project = factories.ProjectFactory(account__name="SDK tests", name="SDK tests")
    queue = factories.QueueFactory(project=project, wait_agent_answer_timeout=20, agent_wrap_up_after_calls=False)
    group = factories.GroupFactory(project=project)
    factories.GroupRoutingFactory(project=project, queue=queue, group=group)
    agent = factories.AgentFactory(project=project, stringee_user_id="lan", manual_status="AVAILABLE")
    factories.GroupMembershipFactory(project=project, group=group, agent=agent)
    factories.NumberFactory(project=project, number=HOTLINE, enable_ivr=False, queue=queue)
    sound = io.BytesIO(wav(tone(GREETING_S, hertz=GREETING_HZ)))
    greeting = store_greeting(project, sound, original_name="greeting.wav", description="Greeting")
    tree = factories.IvrTreeFactory(project=project)
    tree.root_node = factories.IvrNodeFactory(
        project=project, tree=tree, node_play_mode=PlayMode.PLAY, greeting_file=greeting
    )
    tree.save()
    factories.AgentFactory(project=project, stringee_user_id="minh", manual_status="AVAILABLE")
    factories.IvrKeyPressFactory(
        project=project, node=tree.root_node, node_key=Key.KEY_1, action=KeyAction.QUEUE, queue=queue
    )
    factories.NumberFactory(project=project, number=MENU, enable_ivr=True, ivr_tree=tree)
    member = factories.MemberFactory(project=project, user__username="sdk")
    key = ApiKey.objects.get(project=project)
    return {
        "project": project.pk,
        "agent": agent_token(key, "lan", pcc=True).token,
        "colleague": agent_token(key, "minh", pcc=True).token,
        "plain": agent_token(key, "lan", pcc=False).token,
        "phone": phone_access.issue(PhoneAccess(project.pk, CUSTOMER, issued_by=member.user.pk)),
        "ended": agent_token(key, "lan", pcc=True, lifetime_s=-3600).token,
        "hotline": HOTLINE,
        "menu": MENU,
        "customer": CUSTOMER,
    }


if __name__ == "__main__":
    django.setup()
    print(json.dumps(set_up()))  # noqa: T201  it is what the test reads
