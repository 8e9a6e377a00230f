"""What tells one valuation method from another, said beside its function.

A method stays a plain function; :func:`valuation_method` puts its traits beside it, where
:func:`~fedmerit.incentives.methods.value`, scenarios and the docs find them.
"""

from __future__ import annotations

from enum import StrEnum
from functools import update_wrapper
from typing import TYPE_CHECKING, Generic, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.incentives.valuation import Valuation

Settings = ParamSpec("Settings")


class Concept(StrEnum):
    """What a method's values are, or approach as its budget grows."""

    SHAPLEY = "shapley"
    """The Shapley values of any game."""
    ROUNDS = "rounds"
    """Values of a run's rounds, added up."""
    OTHER = "other"
    """Another value: a semivalue, a core, a score."""


class Reads(StrEnum):
    """What a method reads of a game, which the game must show."""

    WORTHS = "worths"
    """Worths of coalitions, which every game has."""
    ROUNDS = "rounds"
    """Worths of coalitions in each round."""
    GROUPS = "groups"
    """Worths of unions of groups, in each round if the game has rounds."""
    UPDATES = "updates"
    """What each member sent."""


class Method(Generic[Settings]):
    """A valuation method and its traits; call it as the function that it is.

    Attributes:
        name: Its key in ``METHODS``.
        concept: What its values are.
        reads: What it reads of a game.
        at_once: Whether it asks for the same whatever its budget, so that there is nothing to
            look at on the way.
        tabulates: Whether it reads a whole table at once where a game gives it.
    """

    def __init__(
        self,
        function: Callable[Settings, Valuation],
        *,
        name: str,
        concept: Concept,
        reads: Reads,
        at_once: bool,
        tabulates: bool,
    ) -> None:
        self._function = function
        self.name, self.concept, self.reads = name, concept, reads
        self.at_once, self.tabulates = at_once, tabulates
        update_wrapper(self, function)

    def __call__(self, *args: Settings.args, **kwargs: Settings.kwargs) -> Valuation:
        """Value a game."""
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<valuation method {self.name!r}>"


def valuation_method(
    name: str,
    *,
    concept: Concept = Concept.OTHER,
    reads: Reads = Reads.WORTHS,
    at_once: bool = False,
    tabulates: bool = False,
) -> Callable[[Callable[Settings, Valuation]], Method[Settings]]:
    """Make a function a :class:`Method` with these traits."""

    def named(function: Callable[Settings, Valuation]) -> Method[Settings]:
        return Method(
            function,
            name=name,
            concept=concept,
            reads=reads,
            at_once=at_once,
            tabulates=tabulates,
        )

    return named
