"""Simulation of three photons at the J/ψ: annihilation, radiative decays, detector, kinematic fit, tables."""
