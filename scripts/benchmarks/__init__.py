"""Workloads of `scripts/benchmark.py`, one module each; peers are imported when they are run and not before."""
