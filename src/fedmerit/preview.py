"""What a run would come to, in memory of nobody: trained, valued and rewarded, not settled.

No chain is asked, so nothing is drawn: members are valued by the scenario's own seed, every offer
counts as opened, and the answer proves nothing. :func:`fedmerit.pipeline.run` settles it.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import DRAWN, FEDERATION, FederationDocument
from fedmerit.chain import Drawn
from fedmerit.pipeline import SILENT
from fedmerit.scenario.reading import reseeded
from fedmerit.stages.chains import EMBEDDED
from fedmerit.stages.check import check
from fedmerit.stages.offering import write_bids
from fedmerit.stages.reward import reward
from fedmerit.stages.train import train
from fedmerit.stages.value import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.pipeline import Progress
    from fedmerit.scenario.model import Scenario

_ZEROS: Final = "0x" + bytes(32).hex()


@contextmanager
def previewed(
    scenario: Scenario, *, seed: int | None = None, progress: Progress = SILENT
) -> Iterator[Bundle]:
    """Train, value and reward; the unfinished bundle is gone when the context ends.

    Args:
        scenario: What to run.
        seed: Run under this seed instead of the scenario's.
        progress: Whoever wants to see how far it is.

    Raises:
        FedmeritError: Something to put right, as in a run.
    """
    asked = scenario if seed is None else reseeded(scenario, seed)
    check(asked, EMBEDDED, accept_unmeasured_noise=True)  # nobody is paid
    with TemporaryDirectory(prefix="fedmerit-") as folder:
        bundle = Bundle.create(Path(folder) / "preview", asked)
        progress.stage("train")
        train(bundle, progress.advance)
        _without_a_draw(bundle)
        progress.stage("value")
        value(bundle, progress.advance)
        progress.stage("reward")
        reward(bundle)
        yield bundle


def _without_a_draw(bundle: Bundle) -> None:
    """Write down that nothing was drawn, and that nobody kept anything back."""
    members = bundle.document(FEDERATION, FederationDocument)
    drawn = Drawn(
        chain_id=0,
        job=0,
        seed=_ZEROS,
        draws=0,
        revealed=dict.fromkeys(members.names, _ZEROS),
        slashed={},
    )
    bundle.write(DRAWN, drawn.to_json().encode())
    write_bids(bundle, members.declared_rows, drawn.revealed)
