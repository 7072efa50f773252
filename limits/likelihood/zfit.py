"""The one door to zfit: any extended zfit model becomes a likelihood of this package.

zfit supplies the densities and TensorFlow their exact first and second derivatives; the function is traced once, for any number of
events, and the minimiser is the one of all other likelihoods. Needs the extra `zfit`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np

from limits.errors import InputError, MissingExtra
from limits.kernel.linear.shapes import Cruijff, CrystalBall, Signal
from limits.likelihood import Array, Parameter
from limits.likelihood.unbinned import PANELS, UnbinnedLikelihood


def modules() -> tuple[Any, Any]:
    """(zfit, tensorflow), imported when they are asked for.

    Raises:
        MissingExtra: zfit is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import tensorflow
        import zfit
    except ImportError as missing:
        raise MissingExtra("unbinned zfit models need zfit: pip install 'darksector-limits[zfit]'") from missing
    return zfit, tensorflow


@dataclass(frozen=True, eq=False)
class ZfitIntensity:
    """λ(x; θ) of an extended zfit model; `parameters` are the zfit parameters in the order of θ."""

    parameters: tuple[Any, ...]
    traced_density: Callable[[Any], Any]
    traced_cost: Callable[[Any, Any], tuple[Any, Any, Any]]

    def _set(self, theta: Array) -> None:
        for parameter, value in zip(self.parameters, theta, strict=True):
            parameter.assign(float(value))  # not set_value: a trial point may lie outside what the user thought of

    def density(self, x: Array, theta: Array) -> Array:
        """λ at x (N,) for theta (P,), (N,)."""
        self._set(theta)
        return np.asarray(self.traced_density(x), dtype=float)

    def cost(self, x: Array, weights: Array, theta: Array) -> tuple[float, Array, Array]:
        """∫λ − Σ wᵢ ln λ(xᵢ), its gradient (P,) and Hessian (P, P); ∞ where λ is not positive."""
        self._set(theta)
        cost, gradient, hessian = (np.asarray(part, dtype=float) for part in self.traced_cost(x, weights))
        return (float(cost) if np.isfinite(cost) else np.inf), gradient, hessian


def _intensity(model: Any, parameters: Sequence[Any]) -> ZfitIntensity:
    """Trace the density and the cost with its derivatives."""
    zfit, tf = modules()
    space, parameters = model.space, tuple(parameters)
    events = tf.TensorSpec([None], tf.float64)

    def value(x: Any) -> Any:
        return tf.reshape(model.ext_pdf(zfit.Data.from_tensor(space, x[:, None])), [-1])

    def cost(x: Any, weights: Any) -> tuple[Any, Any, Any]:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                total = tf.convert_to_tensor(model.get_yield()) - tf.reduce_sum(weights * tf.math.log(value(x)))
            zero = tf.UnconnectedGradients.ZERO
            gradient = tf.stack(inner.gradient(total, parameters, unconnected_gradients=zero))
        hessian = outer.jacobian(gradient, parameters, unconnected_gradients=zero)
        return total, gradient, tf.stack(hessian)

    # Without autograph, which turns some of zfit's methods into ones that return nothing.
    density = tf.function(value, input_signature=[events], autograph=False)
    return ZfitIntensity(parameters, density, tf.function(cost, input_signature=[events, events], autograph=False))


def from_zfit(
    model: Any,
    events: Array,
    strength: Any,
    constraints: Mapping[str, tuple[float, float]] | None = None,
    *,
    panels: int = PANELS,
    name: str = "zfit",
) -> UnbinnedLikelihood:
    """The likelihood of an extended one-dimensional zfit `model` and the `events` (N,) inside its limits.

    `strength` is the zfit parameter of interest: the yield of the signal, or anything it is proportional to. All other floating
    parameters are nuisances; `constraints` maps names to (auxiliary value, standard deviation) of Gaussian constraints. Bounds are
    those of the zfit parameters, but for the strength. `panels`: see `UnbinnedLikelihood`.

    Raises:
        InputError: a model that is not extended or has several observables, a strength it does not depend on, an unknown constraint.
        MissingExtra: zfit is not installed.
    """
    if not model.is_extended or model.n_obs != 1:
        raise InputError(f"{name}: an extended model of one observable is needed, this one has {model.n_obs}")
    floating = sorted(model.get_params(floating=True, is_yield=None), key=lambda p: str(p.name))
    names = [str(p.name) for p in floating]
    if strength.name not in names:
        raise InputError(f"{name}: the model does not depend on {strength.name!r}; floating: {', '.join(names)}")
    constraints = dict(constraints or {})
    if unknown := sorted(set(constraints) - set(names)):
        raise InputError(f"{name}: constraint on {unknown[0]!r}: no such floating parameter; known: {', '.join(names)}")
    ordered = [strength, *(p for p in floating if p.name != strength.name)]
    parameters = tuple(_parameter(p, constraints.get(str(p.name)), i == 0) for i, p in enumerate(ordered))
    low, high = (float(np.asarray(edge).item()) for edge in (model.space.lower, model.space.upper))
    return UnbinnedLikelihood(
        _intensity(model, ordered), parameters, np.asarray(events, float), (low, high), name, panels
    )


def zfit_bump(
    events: Array, signal: Signal, order: int, *, signal_events: float = 1.0, name: str = "zfit", panels: int = PANELS
) -> UnbinnedLikelihood:
    """A peak of fixed shape on a Chebyshev background of floating yield and shape, as zfit has it; see `spectrum.bump` for our own.

    A Crystal Ball is zfit's `DoubleCB`; any other shape is wrapped. Strength 1 are `signal_events`.

    Raises:
        MissingExtra: zfit is not installed.
    """
    zfit, _ = modules()
    tag = uuid4().hex[:12]  # zfit knows its parameters by name, and no two may be alike
    space = zfit.Space("x", limits=signal.window)
    strength = zfit.Parameter(f"strength_{tag}", 0.0)
    counts = zfit.ComposedParameter(f"signal_{tag}", lambda s: s * signal_events, params=[strength])
    total = zfit.Parameter(f"background_{tag}", float(len(events)))
    coefficients = [zfit.Parameter(f"c{k}_{tag}", 0.0) for k in range(1, order + 1)]
    peak = _peak(zfit, signal, space, counts)
    smooth = zfit.pdf.Chebyshev(obs=space, coeffs=coefficients, extended=total)
    found = from_zfit(zfit.pdf.SumPDF([peak, smooth]), events, strength, panels=panels, name=name)
    plain = tuple(replace(p, name=p.name.removesuffix(f"_{tag}")) for p in found.parameters)
    return replace(found, parameters=plain)


def _peak(zfit: Any, signal: Signal, space: Any, counts: Any) -> Any:
    if isinstance(signal, CrystalBall):
        left, right = (signal.alpha_low, signal.n_low), (signal.alpha_high, signal.n_high)
        return zfit.pdf.DoubleCB(signal.mean, signal.sigma, *left, *right, obs=space, extended=counts)
    if not isinstance(signal, Cruijff):
        raise InputError(f"zfit: no density for {type(signal).__name__}; known: CrystalBall, Cruijff")
    cruijff = signal
    widths = (2 * signal.sigma_low**2, 2 * signal.sigma_high**2)

    class Wrapped(zfit.pdf.BasePDF):  # type: ignore[misc]
        def _unnormalized_pdf(self, x: Any) -> Any:
            d = x[0] - cruijff.mean
            left = zfit.z.numpy.less(d, 0.0)
            width = zfit.z.numpy.where(left, widths[0] + cruijff.tail_low * d**2, widths[1] + cruijff.tail_high * d**2)
            return zfit.z.numpy.exp(-(d**2) / width) / cruijff.norm

    # The shape is fixed and normalised exactly on its window already.
    axis = zfit.Space(axes=(0,), limits=signal.window)
    Wrapped.register_analytic_integral(lambda *_, **__: zfit.z.constant(1.0), limits=axis)
    return Wrapped(obs=space, params={}, extended=counts)


def _parameter(parameter: Any, constraint: tuple[float, float] | None, is_strength: bool) -> Parameter:
    bounded = parameter.has_limits and not is_strength
    lower, upper = (float(np.asarray(edge)) if bounded else np.inf for edge in (parameter.lower, parameter.upper))
    lower = lower if bounded else -np.inf
    name, init = str(parameter.name), float(np.asarray(parameter.value()))
    if constraint is None:
        return Parameter(name, init, lower, upper)
    return Parameter(name, constraint[0], lower, upper, "gaussian", *constraint)
