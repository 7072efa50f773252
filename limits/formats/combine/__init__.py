"""Datacards of counting analyses as CMS Combine reads them: written, read, and the searches as cards.

    card = to_card(prepare(load("na64mu-zprime"), "lmu-ltau-dark", 0.1).document(6e-4))
    workspace = from_card(card, "card.txt")

What the words of a card mean is in `limits.formats.combine.card`. The strength is Combine's r.
"""

from __future__ import annotations

from limits.formats.combine.reading import from_card, likelihood
from limits.formats.combine.searches import export
from limits.formats.combine.writing import to_card

__all__ = ["export", "from_card", "likelihood", "to_card"]
