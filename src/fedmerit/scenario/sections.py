"""What the sections of a scenario are made of."""

from __future__ import annotations

import warnings
from collections.abc import Mapping  # noqa: TC003 - pydantic reads the annotation
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from fedmerit.chain.proofs.tree import MAXIMUM_AMOUNT
from fedmerit.untrusted import printable

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]


def _base_units(value: object) -> object:
    """Accept an integer, or its digits: other TOML writers stop at 64 bits."""
    amount = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(amount, int) and not 0 < amount <= MAXIMUM_AMOUNT:
        msg = "a budget is 1 to 2**128 - 1 base units"
        raise ValueError(msg)
    return amount


def _stake(value: object) -> object:
    """As a budget, and 0 for none."""
    return 0 if value in {0, "0"} else _base_units(value)


def _name(value: str) -> str:
    if not printable(value):
        msg = (
            f"{value!r} is no name: it has to be text that can be read, without control characters"
        )
        raise ValueError(msg)
    return value


#: What somebody is called: wherever it is shown, it is shown as it is.
Name = Annotated[str, AfterValidator(_name)]
#: An amount of the token, which may be written as digits.
BaseUnits = Annotated[int, BeforeValidator(_base_units)]
#: The same, or 0.
Stake = Annotated[int, BeforeValidator(_stake)]


class Section(BaseModel):
    """A table of a scenario's TOML file: frozen, and without room for unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    #: What settings were called in the version before: taken still, with a warning.
    RENAMED: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @model_validator(mode="before")
    @classmethod
    def _by_their_new_names(cls, given: Any) -> Any:  # noqa: ANN401 - pydantic takes anything
        if not isinstance(given, dict):
            return given
        old = [name for name in cls.RENAMED if name in given and cls.RENAMED[name] not in given]
        for name in old:
            warnings.warn(
                f"the setting {name!r} is called {cls.RENAMED[name]!r} now; write that instead",
                FutureWarning,
                stacklevel=2,
            )
        return {cls.RENAMED[name] if name in old else name: value for name, value in given.items()}


class Offer(Section):
    """What a participant asks for the use of its part, where the mechanism buys."""

    RENAMED = MappingProxyType({"overstates": "ask_multiplier"})

    cost: Stake
    """Base units that its part costs it, which it asks for if it is honest."""
    ask_multiplier: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Asked price divided by true cost; 1 is truthful."""
    units: Positive | None = None
    """Rows whose use it offers; all that it declares if absent."""

    @property
    def asked(self) -> int:
        """Base units that it asks."""
        return round(self.cost * Fraction(str(self.ask_multiplier)))
