"""Whether a run may pay by intervals that leave protective noise out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.bundle.schemas import ACCEPTED, AcceptedDocument
from fedmerit.errors import ScenarioError
from fedmerit.incentives.methods.repeating import LEAST_REPEATS
from fedmerit.scenario.parts import part_of

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.scenario.model import Scenario

#: The command line's option that accepts it.
OPTION: Final = "--accept-unmeasured-noise"


def leaves_noise_out(scenario: Scenario) -> bool:
    """Say whether *scenario* draws protective noise, and its intervals do not hold it."""
    return part_of(scenario).draws_noise(scenario) and scenario.valuation.repeats < LEAST_REPEATS


def check_noise(scenario: Scenario, *, accepted: bool) -> None:
    """Refuse to pay by intervals that leave protective noise out, unless that is *accepted*.

    Raises:
        ScenarioError: It is not.
    """
    if leaves_noise_out(scenario) and not accepted:
        raise ScenarioError(
            f"{scenario.name} draws protective noise anew in every training, and with "
            f"valuation.repeats = {scenario.valuation.repeats} no interval holds what other noise "
            "would give: another run may pay quite otherwise",
            hint=f"Set valuation.repeats to {LEAST_REPEATS} or more, or pass {OPTION}.",
        )


def keep_acceptance(bundle: Bundle) -> None:
    """Write down that the noise was accepted, so that an audit says it."""
    bundle.write_document(ACCEPTED, AcceptedDocument(unmeasured_noise=True))


def is_accepted(bundle: Bundle) -> bool:
    """Say whether it was."""
    if not (bundle.path / ACCEPTED).is_file():
        return False
    return bundle.document(ACCEPTED, AcceptedDocument).unmeasured_noise
