"""What every engine of our own does alike: legs, bridges, sounds, keys and recordings, without any sound of its own.

An engine gives it hands and ears (`hooks`) and a scheduler. The simulated engine's people are scripts; the browser
engine's are browsers.
"""
