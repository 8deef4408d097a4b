"""References stay inside their project, in the database."""

from typing import ClassVar

from django.db import migrations

from common.constraints import same_project, same_project_key


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("ivr", "0002_initial"),
    ]

    operations: ClassVar = [
        same_project_key("ivr_greetingfile"),
        same_project_key("ivr_ivrtree"),
        same_project_key("ivr_ivrnode"),
        same_project("ivr_ivrtree", "root_node_id", "ivr_ivrnode"),
        same_project("ivr_ivrnode", "tree_id", "ivr_ivrtree"),
        same_project("ivr_ivrnode", "greeting_file_id", "ivr_greetingfile"),
        same_project("ivr_ivrkeypress", "tree_id", "ivr_ivrtree"),
        same_project("ivr_ivrkeypress", "node_id", "ivr_ivrnode"),
        same_project("ivr_ivrkeypress", "next_node_id", "ivr_ivrnode"),
    ]
