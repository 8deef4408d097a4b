"""Browsers that are none, in any number, to measure the engine with."""
