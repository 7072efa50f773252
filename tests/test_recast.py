"""Recasts: which particles a search can be tested for, and what stays and what does not."""

from __future__ import annotations

import pytest

from limits.errors import InputError, UnknownName
from limits.recast import hypotheses, recast
from limits.scan import run_scan
from limits.search import load


def test_a_search_of_its_own_hypothesis_is_itself() -> None:
    search = load("faser-aprime")
    assert recast(search, "b-l") is search
    assert hypotheses(search)[:2] == ("aprime", "b-l")


def test_a_recast_says_so_and_keeps_the_numbers() -> None:
    search = load("na62-aprime-ee")
    other = recast(search, "b-l")
    assert (other.numbers, other.parts[0][1].name) == (search.numbers, search.parts[0][1].name)
    scan = run_scan(other, "b-l", masses=[0.05], couplings=(1e-8, 1e-4, 13))
    assert (scan.label, scan.hypothesis, scan.coupling["symbol"]) == ("recast", "b-l", "g_B-L")


def test_a_light_b_l_boson_is_a_dark_photon_with_mixing_g_over_e() -> None:
    """Where all of them decay far behind the detector the yield is production times the width to electrons: neutrinos drop out.

    Electrons and protons have |charge| 1 under both, and in π⁰ → γX the sums of quark charges are equal, 4/9 − 1/9 = 2/9 + 1/9.
    """
    search = load("na62-aprime-ee")
    dark = run_scan(search, "aprime", masses=[0.01], couplings=(1e-7, 1e-5, 9)).points[0].excluded[0][0]
    other = run_scan(recast(search, "b-l"), "b-l", masses=[0.01], couplings=(3e-8, 3e-6, 9)).points[0].excluded[0][0]
    assert dark is not None
    assert other is not None
    assert other == pytest.approx(0.302822 * dark, rel=0.03)


def test_unknown_hypotheses_are_listed() -> None:
    with pytest.raises(
        UnknownName, match="faser-aprime cannot be recast: unknown hypothesis 'wimp'; known: alp-photon, alp-w, aprime"
    ):
        recast(load("faser-aprime"), "wimp")


def test_a_table_cannot_be_recast() -> None:
    assert hypotheses(load("microboone-trident")) == ("dark-trident", "dark-trident-heavy")
    with pytest.raises(UnknownName, match="dark-trident"):
        recast(load("microboone-trident"), "aprime")


def test_nothing_to_see_is_an_error() -> None:
    with pytest.raises(InputError, match=r"sees e\+e-, but alp-photon decays to gamma gamma"):
        recast(load("faser-aprime"), "alp-photon")
