"""The demo project: the contact center of the tutorial's picture, and people who may look at it."""
