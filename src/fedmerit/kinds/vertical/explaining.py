"""What the joint model makes of whose columns: shap's attributions, summed by owner, and its plots.

The pictures are kept as they were drawn and bound by the manifest: another version of the
library that draws them would draw other bytes.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fedmerit.bundle import vertical_schemas as joint
from fedmerit.bundle.schemas import nano
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.vertical.attribution import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.federation.vertical.attribution import Attribution
    from fedmerit.federation.vertical.task import VerticalTask
    from fedmerit.kinds.vertical.models import Parameters
    from fedmerit.kinds.vertical.wiring import VerticalFederation

_ROWS: Final = 200
_SHOWN: Final = 14
_INCHES: Final = (7.0, 5.2)
_DOTS_PER_INCH: Final = 160


def used(found: Attribution, task: VerticalTask) -> dict[str, Any]:
    """Give what ``opinions.json`` says of a model's attributions."""
    magnitudes = np.abs(found.explanation.values).mean(axis=0)
    columns = [(c.party, name) for c in task.parties for name in c.names]
    order = sorted(range(len(columns)), key=lambda place: -magnitudes[place])
    return {
        "explained_rows": len(found.explanation.values),
        "by_owner_nano": nano(found.importance[name] for name in task.participants),
        "columns": tuple(
            joint.UseDocument(
                owner=columns[place][0],
                column=columns[place][1],
                importance_nano=nano([magnitudes[place]])[0],
            )
            for place in order
        ),
    }


def attributed(
    parameters: Parameters, federation: VerticalFederation, task: VerticalTask, *, seed: int
) -> Attribution:
    """Attribute a model's scores to columns."""
    scores = federation.learner.scores(task, parameters, seed=seed)
    with single_thread():
        return explain(task, scores, rows=_ROWS, seed=seed)


def plots(found: Attribution) -> dict[str, bytes]:
    """Draw shap's bars of all columns and of all owners, as PNG.

    Means over rows alone: in a swarm of rows each dot is somebody's feature.
    """
    import shap  # noqa: PLC0415 - with matplotlib, a second that only this needs

    owners = shap.Explanation(
        np.stack(list(found.by_owner.values()), axis=1), feature_names=list(found.by_owner)
    )
    return {joint.BY_COLUMN: _bars(found.explanation), joint.BY_OWNER: _bars(owners)}


def _bars(explanation: Any) -> bytes:  # noqa: ANN401 - shap's own
    import shap  # noqa: PLC0415 - as above

    return _drawn(lambda axes: shap.plots.bar(explanation, max_display=_SHOWN, ax=axes, show=False))


def _drawn(draw: Callable[[Any], object]) -> bytes:
    """Give one plot as PNG bytes that depend on nothing but the plot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - as above
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    written = BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()
