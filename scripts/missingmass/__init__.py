"""Simulation of B → baryon ψ_D beside a reconstructed B meson at the Υ(4S): decays, tracks, missing mass."""
