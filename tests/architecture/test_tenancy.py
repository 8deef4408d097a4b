"""Rows of one project cannot point at rows of another: checked for every foreign key, in the database itself."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from projects.models import Account, Project, Tenanted, User
from tests import factories

TENANTED = sorted((model for model in apps.get_models() if issubclass(model, Tenanted)), key=lambda m: m._meta.label)
SHARED = (Account, Project, User)  # what rows of several projects may point at
REFERENCES = [
    pytest.param(model, field, id=f"{model._meta.label}.{field.name}")
    for model in TENANTED
    for field in model._meta.concrete_fields
    if isinstance(field, models.ForeignKey) and field.related_model not in SHARED
]


def test_every_row_of_the_contact_center_belongs_to_a_project():
    ours = {"projects", "ivr", "queues", "agents", "numbers_app", "routing", "telephony"}
    without = {m._meta.label for m in apps.get_models() if m._meta.app_label in ours} - {
        m._meta.label for m in TENANTED
    }
    assert without == {"projects.User", "projects.Account", "projects.Project", "telephony.EngineNode"}


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "field"), REFERENCES)
def test_the_database_refuses_a_reference_into_another_project(model, field):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM pg_constraint c
            WHERE c.contype = 'f' AND c.conrelid = %s::regclass AND c.confrelid = %s::regclass
              AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute a
                   WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)) = %s
              AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute a
                   WHERE a.attrelid = c.confrelid AND a.attnum = ANY (c.confkey)) = ARRAY['id', 'project_id']
            """,
            [model._meta.db_table, field.related_model._meta.db_table, sorted([field.column, "project_id"])],
        )
        (count,) = cursor.fetchone()
    assert count == 1


@pytest.mark.django_db(transaction=True)
def test_a_number_cannot_be_answered_by_another_projects_queue():
    ours, theirs = factories.ProjectFactory(), factories.ProjectFactory()
    queue = factories.QueueFactory(project=theirs)

    with pytest.raises(IntegrityError, match="same_project"), transaction.atomic():
        factories.NumberFactory(project=ours, queue=queue)

    assert ours.number_set.count() == 0
