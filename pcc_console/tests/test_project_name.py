from __future__ import annotations

from tests import factories
from tests.console import sign_in


def test_a_project_cannot_take_the_name_of_another_of_its_account(ours, owner):
    factories.ProjectFactory(account=ours.account, name="Taken")
    page = sign_in(owner, ours)
    address = f"/setting/project/{ours.pk}/change/"
    values = {"name": "Taken", "time_zone": ours.time_zone, "country": "VN", "answer_url": "", "event_url": ""}

    answer = page.post(address, values)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {"name": ["This account has a project of that name already."]}
    ours.refresh_from_db()
    assert ours.name == "Ours"
