"""docs/project-file.md says what the code does."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from pcc_console.portable import shapes, values
from pcc_console.portable.problems import BadProjectFile
from pcc_console.portable.reading import read_project_file
from pcc_console.tests.test_portable_reading import ALL_SHAPES

TEXT = (settings.BASE_DIR / "docs" / "project-file.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_read(example):
    assert read_project_file(example.encode()).project.values["name"] == "Shop"


@pytest.mark.parametrize("shape", ALL_SHAPES, ids=lambda shape: shape.model.__name__)
def test_every_field_is_explained_with_its_default(shape):
    for name in (*shape.fields, *shape.parts):
        assert re.search(rf"`{name}`|\*\*{name}\*\*", TEXT), name
    for name in shape.plain:
        default = shape.default(name)
        if name not in shape.always and default not in ("", None):
            written = shapes.written(shape.model, name, default)
            text = str(written).lower() if isinstance(written, bool) else str(written)
            assert f"`{name}` = {text}" in TEXT, name


def test_the_limits_are_those_of_the_code():
    assert f"at most {values.MAX_BYTES // 1024**2} MiB, a million values, twelve levels" in TEXT
    assert (values.MAX_VALUES, values.MAX_DEPTH) == (1_000_000, 12)


def test_the_mistakes_shown_are_reported_in_these_words():
    wrong = (
        EXAMPLES[0].replace("queue: Sales}", "queue: Sale}").replace("schedule: business_hours", "schedule: sometimes")
    )
    with pytest.raises(BadProjectFile) as refused:
        read_project_file(wrong.encode())
    for message in str(refused.value).splitlines():
        assert message in TEXT
