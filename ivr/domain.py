"""Pure rules of IVR trees: the linter."""
