"""How large a stake must be, or how often one must look, so that cheating does not pay."""

from __future__ import annotations

from fedmerit.errors import RewardError


def least_slash(gain: float, *, audit: float, detection: float, clawed_back: bool) -> float:
    """Give the smallest slash that makes a cheat's gain not worth its risk.

    Args:
        gain: Of cheating once.
        audit: The chance of being looked at.
        detection: The chance of being found out if so.
        clawed_back: Whether a cheat that is found out loses its gain too.
    """
    caught = _chance(audit, "audit") * _chance(detection, "detection")
    return gain / caught - (gain if clawed_back else 0.0)


def largest_slash(surplus: float, *, audit: float, false_alarm: float) -> float:
    """Give the largest slash at which an honest member still gains by taking part.

    Args:
        surplus: What it gains where nobody errs.
        audit: The chance of being looked at.
        false_alarm: The chance of being slashed if so, though honest.
    """
    return surplus / (_chance(audit, "audit") * _chance(false_alarm, "false alarm"))


def inspection_game(gain: float, slash: float, cost: float) -> tuple[float, float]:
    """Give the mixed equilibrium of one who may cheat and one who may look.

    Args:
        gain: Of cheating unseen, lost if seen.
        slash: What the cheat pays and the inspector gets, if seen.
        cost: Of looking.

    Returns:
        How often is looked, and how often is cheated. The first depends on the cheat's
        figures alone and the second on the inspector's: larger slashes, less looking.
    """
    if gain <= 0 or slash <= 0 or not 0 <= cost <= slash:
        raise RewardError(
            f"gain and slash must be above 0 and the cost at most the slash: "
            f"{gain}, {slash}, {cost}"
        )
    return gain / (gain + slash), cost / slash


def _chance(chance: float, what: str) -> float:
    if not 0 < chance <= 1:
        raise RewardError(f"the chance of {what} is above 0 and at most 1, and is {chance}")
    return chance
