"""An engine without sound: people are scripts, time is a scheduler. Runs on a virtual clock and in real time."""
