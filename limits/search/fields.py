"""What a key of a search file may hold: the types, and the base of every table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, model_validator
from pydantic_core import PydanticCustomError

HypothesisName = Literal[
    "aprime",
    "b-l",
    "lmu-ltau",
    "lmu-ltau-dark",
    "alp-photon",
    "alp-w",
    "alp-gluon",
    "muonphilic-scalar",
    "dark-trident",
    "dark-trident-heavy",
    "idm-dark-higgs",
    "idm-mixing",
    "dark-higgs-mumu",
    "dark-higgs-pipi",
    "dark-higgs-kk",
    "mesogenesis",
    "mesogenesis-universal",
    "mesogenesis-coupling",
    "mesogenesis-coupling-form-factor",
]
Edge = Literal["observed", "expected", "lower", "upper", "tip", "range", "lowest", "highest", "relative"]
FinalStateName = Literal["e+e-", "mu+mu-", "gamma gamma", "pi+pi-", "pi+pi-pi0", "KK", "hadrons"]
DarkBaryonDecay = Literal["p", "lambda", "lambdac"]
MesonName = Literal["pi0", "eta", "eta-prime", "rho", "omega", "phi"]
CurveFormat = Literal["bc2-y", "polygon", "edges", "limit", "limit-twice"]


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise PydanticCustomError("line", "must be one non-empty line of printable text")
    return text


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise PydanticCustomError("ordered", "must be [low, high] with low < high")
    return pair


def distinct(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """A non-empty list without duplicates."""
    if not items or len(set(items)) < len(items):
        raise PydanticCustomError("distinct", "must be a non-empty list without duplicates")
    return items


Line = Annotated[str, AfterValidator(_line)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Stem = Annotated[str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$")]
Finite = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
Range = Annotated[tuple[Finite, Finite], AfterValidator(_ordered)]
PositiveRange = Annotated[tuple[Positive, Positive], AfterValidator(_ordered)]
Masses = Annotated[tuple[Positive, ...], AfterValidator(distinct)]


class Facts(BaseModel):
    """Base of every table of the file: frozen, and no key that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: object) -> object:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in data if isinstance(data, dict) else ():
            if key not in known:
                context = {"key": key, "known": ", ".join(known)}
                raise PydanticCustomError("unknown_key", "unknown key; known: {known}", context)
        return data
