"""Measures how fast calls are given to agents and go through: `manage.py bench_dispatch`, `manage.py bench_calls`."""
