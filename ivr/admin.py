"""Console pages of IVR trees and greeting files."""

from ivr import greeting_admin, tree_admin

__all__ = ["greeting_admin", "tree_admin"]
