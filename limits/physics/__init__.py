"""Formulas: pure, vectorised, in GeV and m; every function cites its equation and none knows an experiment."""
