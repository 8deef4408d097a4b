"""Scenario files to scenarios (docs/simulation.md): everything is checked, and mistakes are told with their lines.

Read with the same parts as project files: scalars stay text until a field says what they are, and a key that is not
known is a mistake, since it would otherwise be a misspelling that nobody notices.
"""

from pcc_console.scenario_file.reading import read_scenario, scenario_at

__all__ = ["read_scenario", "scenario_at"]
