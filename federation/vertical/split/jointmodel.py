"""A trained split network as one function of all columns, for explainers: no party has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fedmerit.federation.vertical.split.halves import built, tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from torch import nn

    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask

#: What the names of the label holder's own network's parameters begin with.
_OWN = "own."


def joint_network(
    task: VerticalTask,
    settings: SplitSettings,
    parameters: Mapping[str, Mapping[str, NDArray[np.generic]]],
    *,
    seed: int,
) -> Callable[[Matrix], Matrix]:
    """Put the parties' networks together.

    Args:
        task: Whose columns.
        settings: How it was trained.
        parameters: Each party's, as :attr:`Split.bottoms` has them.
        seed: Of the training.

    Returns:
        From all parties' columns side by side, the label holder's first, to log-odds.

    """
    given = {name: dict(of) for name, of in parameters.items()}
    top = given.pop(task.label_holder)
    own = {name.removeprefix(_OWN): top.pop(name) for name in [*top] if name.startswith(_OWN)}
    bottoms = {**({task.label_holder: own} if own else {}), **given}
    modules = {
        columns.party: _loaded(
            built(settings, columns.party, len(columns.names), seed), bottoms[columns.party]
        )
        for columns in task.parties
        if columns.party in bottoms
    }
    encrypted = settings.forward == "encrypted"
    inputs = settings.width * (1 if encrypted else len(modules))
    end = _loaded(built(settings, "top", inputs, seed), top)
    cuts = np.cumsum([len(columns.names) for columns in task.parties])[:-1]

    def scores(rows: Matrix) -> Matrix:
        parts = dict(zip(task.participants, np.split(rows, cuts, axis=1), strict=True))
        with torch.no_grad():
            embedded = [module(tensor(parts[name])) for name, module in modules.items()]
            joined = torch.stack(embedded).sum(dim=0) if encrypted else torch.cat(embedded, dim=1)
            logits = end(joined).double().numpy()
        return np.asarray(logits[:, 1] - logits[:, 0])

    return scores


def _loaded(module: nn.Module, values: Mapping[str, NDArray[np.generic]]) -> nn.Module:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.from_numpy(np.array(values[name])))
    return module
