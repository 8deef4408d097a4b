"""The portable project: everything that configures a project as one readable file, out and in again.

    text ──values──> nodes ──reading──> ProjectFile ──importing──> rows ──exporting──> text

`shapes` is the one table of what stands in a file. Format for people: docs/project-file.md.
"""
