"""Plays scripts against the real processes with simulated devices; runs the benches."""
