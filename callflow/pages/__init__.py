"""The console's pages of calls: what the conductor stores, to look at; waiting calls; recordings; simulated calls."""
