"""Contact centers on a virtual clock: production's decisions in memory, without a database (docs/simulation.md)."""
