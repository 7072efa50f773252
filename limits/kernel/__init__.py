"""Numerical kernels of the binned likelihoods: arrays in, arrays out, nothing else known."""

from limits.kernel.minimiser import Minima as Minima
from limits.kernel.minimiser import Minimum as Minimum
from limits.kernel.minimiser import minimise as minimise
from limits.kernel.minimiser import minimise_many as minimise_many
from limits.kernel.rates import Array as Array
from limits.kernel.rates import Binned as Binned
from limits.kernel.rates import Exponents as Exponents
from limits.kernel.rates import Objective as Objective
from limits.kernel.rates import Shifts as Shifts
from limits.kernel.rates import constraint_cost as constraint_cost
from limits.kernel.rates import cost as cost
from limits.kernel.rates import derivatives as derivatives
from limits.kernel.rates import objective as objective
from limits.kernel.rates import poisson_cost as poisson_cost
from limits.kernel.rates import rates as rates
from limits.kernel.rates import yields as yields
