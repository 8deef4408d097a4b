"""Pure rules of IVR trees: their shape, the ways through them, and the linter."""
