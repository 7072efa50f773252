"""The HistFactory model in ROOT: from the pyhf document to a workspace in memory, its limit by RooStats, toys by RooFit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.bump import Array
from benchmarks.bump_root import inverted, quiet

POINTS = 15


def histogram(ROOT: Any, name: str, values: Any) -> Any:
    """A TH1D that Python does not free."""
    found = ROOT.TH1D(name, name, len(values), 0, 1)
    ROOT.SetOwnership(found, False)
    found.SetDirectory(ROOT.nullptr)
    for i, value in enumerate(values, 1):
        found.SetBinContent(i, float(value))
    return found


def sample(ROOT: Any, spec: Mapping[str, Any]) -> Any:
    """One sample with its modifiers."""
    factory, name = ROOT.RooStats.HistFactory, spec["name"]
    found = factory.Sample(name)
    found.SetNormalizeByTheory(False)
    found.SetHisto(histogram(ROOT, name, spec["data"]))
    for modifier in spec["modifiers"]:
        kind, label, data = modifier["type"], modifier["name"], modifier["data"]
        if kind == "normfactor":
            found.AddNormFactor(label, 1, 0, 10)
        elif kind == "normsys":
            found.AddOverallSys(label, data["lo"], data["hi"])
        elif kind == "histosys":
            shape = factory.HistoSys()
            shape.SetName(label)
            shape.SetHistoLow(histogram(ROOT, f"{name}_{label}_low", data["lo_data"]))
            shape.SetHistoHigh(histogram(ROOT, f"{name}_{label}_high", data["hi_data"]))
            found.AddHistoSys(shape)
        else:
            errors = factory.StatError()
            errors.Activate()
            errors.SetUseHisto()
            errors.SetErrorHist(histogram(ROOT, f"{name}_errors", np.array(data) / np.array(spec["data"])))
            found.SetStatError(errors)
    return found


class Toy(NamedTuple):
    """A toy and 2·NLL of its two fits."""

    counts: Array
    auxiliary: dict[str, float]
    free: float
    fixed: float


@dataclass(frozen=True)
class Model:
    """A workspace of one channel; parameters by the names that ours have."""

    ROOT: Any
    workspace: Any
    config: Any
    pdf: Any
    strength: Any
    parameters: dict[str, Any]
    globs: dict[str, Any]
    widths: dict[str, float]
    template: Any
    kept: list[Any]

    @classmethod
    def build(cls, document: Mapping[str, Any]) -> Model:
        """From a pyhf document of one channel."""
        ROOT = quiet()
        factory = ROOT.RooStats.HistFactory
        measurement = factory.Measurement("m", "m")
        measurement.SetPOI("mu")
        measurement.SetLumi(1.0)
        measurement.SetLumiRelErr(0.01)
        measurement.AddConstantParam("Lumi")
        channel = factory.Channel("c")
        channel.SetStatErrorConfig(0.0, "Gaussian")
        channel.SetData(histogram(ROOT, "data", document["observations"][0]["data"]))
        for spec in document["channels"][0]["samples"]:
            channel.AddSample(sample(ROOT, spec))
        measurement.AddChannel(channel)
        workspace = factory.HistoToWorkspaceFactoryFast.MakeCombinedModel(measurement)
        ROOT.SetOwnership(workspace, False)
        return cls._of(ROOT, workspace, [measurement, channel])

    @classmethod
    def _of(cls, ROOT: Any, workspace: Any, kept: list[Any]) -> Model:
        config = workspace.obj("ModelConfig")
        parameters, globs, widths = {}, {}, {}
        for p in config.GetNuisanceParameters():
            if p.isConstant():
                continue
            name = str(p.GetName())
            ours = name.removeprefix("alpha_")
            if name.startswith("gamma_stat_c_bin_"):
                ours = f"mc[{int(name.rpartition('_')[2])}]"
            parameters[ours] = p
            globs[ours] = workspace.var(f"nom_{name}")
            sigma = workspace.obj(f"{name}_sigma")
            widths[ours] = float(sigma.getVal()) if sigma else 1.0
        strength = workspace.var("mu")
        parameters = {"mu": strength, **parameters}
        template = workspace.data("obsData")
        return cls(ROOT, workspace, config, config.GetPdf(), strength, parameters, globs, widths, template, kept)

    def data(self, counts: Array) -> Any:
        """Counts as RooFit's data, with the channel's category."""
        ROOT = self.ROOT
        found = self.template.emptyClone()
        ROOT.SetOwnership(found, True)
        row = self.template.get(0)
        observable = next(v for v in row if v.InheritsFrom("RooRealVar") and "obs" in v.GetName())
        for i, count in enumerate(counts):
            observable.setVal((i + 0.5) / len(counts))
            found.add(row, float(count))
        return found

    def place(self, theta: Mapping[str, float] | None = None) -> None:
        """Every parameter at its nominal value, or at θ."""
        for name, p in self.parameters.items():
            nominal = 1.0 if name == "mu" or name.startswith("mc[") else 0.0
            p.setVal(nominal if theta is None else theta[name])

    def observe(self, auxiliary: Mapping[str, float] | None = None) -> None:
        """Global observables, as RooFit calls auxiliary data, at their nominal values or at those given."""
        for name, p in self.globs.items():
            nominal = 1.0 if name.startswith("mc[") else 0.0
            p.setVal(nominal if auxiliary is None else auxiliary[name])

    def nll(self, data: Any) -> Any:
        """−log L of the data, the global observables being those of the model."""
        found = self.pdf.createNLL(
            data,
            GlobalObservables=self.config.GetGlobalObservables(),
            Constrain=self.config.GetNuisanceParameters(),
            GlobalObservablesSource="model",
        )
        self.ROOT.SetOwnership(found, True)
        return found

    def minimise(self, nll: Any, strength: float | None = None) -> float:
        """Migrad from the nominal values; −log L at its minimum."""
        self.place()
        if strength is not None:
            self.strength.setVal(strength)
        self.strength.setConstant(strength is not None)
        minimizer = self.ROOT.RooMinimizer(nll)
        minimizer.setPrintLevel(-1)
        minimizer.setStrategy(0)
        minimizer.minimize("Minuit2", "Migrad")
        self.strength.setConstant(False)
        return float(nll.getVal())

    def cost(self, counts: Array, theta: Mapping[str, float], auxiliary: Mapping[str, float] | None = None) -> float:
        """2·NLL at θ."""
        self.observe(auxiliary)
        data = self.data(counts)
        nll = self.nll(data)
        self.place(theta)
        return 2 * float(nll.getVal())

    def best(self, counts: Array) -> float:
        """2·NLL at the minimum for observed counts."""
        self.observe()
        data = self.data(counts)
        return 2 * self.minimise(self.nll(data))

    def toy(self, rng: np.random.Generator, rates: Array, theta: Mapping[str, float], tested: float) -> Toy:
        """Throw counts and auxiliary data around rates and θ; free fit and fixed fit, with one −log L for both."""
        counts = rng.poisson(rates).astype(float)
        auxiliary = {name: rng.normal(theta[name], self.widths[name]) for name in self.globs}
        self.observe(auxiliary)
        data = self.data(counts)
        nll = self.nll(data)
        return Toy(counts, auxiliary, 2 * self.minimise(nll), 2 * self.minimise(nll, tested))

    def limit(self, counts: Array, low: float, high: float) -> float:
        """Observed limit."""
        self.place()
        self.observe()
        data = self.data(counts)
        return inverted(self.ROOT, self.config, self.strength, data, (low, high, POINTS))
