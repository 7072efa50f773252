"""Meson spectra from event generators: what is counted, one module per family of generators, and the table."""
