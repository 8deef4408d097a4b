"""Fields that are shown while another field has a certain value."""

from __future__ import annotations


def shown_while(field: str, value: str) -> str:
    """The theme's condition for `conditional_fields`; `value` is written as in JavaScript.

    Where the other field is only read, as for viewers, the theme knows no value: then the field is shown.
    """
    return f"typeof {field} === 'undefined' || {field} == {value}"
