"""Simulated events of searches with four muons."""
