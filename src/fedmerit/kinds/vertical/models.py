"""Each owner's own weights, beside the bundle and no part of it.

Whoever knows an owner's part of each score, as a label holder does where parts are shown, could
solve for its columns if it knew what they are weighed by. So nobody is given another's weights.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safetensors.numpy import save

from fedmerit.bundle.directory import Bundle
from fedmerit.errors import BundleError
from fedmerit.kinds.scores import METADATA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    #: Arrays by party, and by name.
    Parameters = Mapping[str, Mapping[str, NDArray[np.generic]]]


def models_folder(bundle: Bundle) -> Path:
    """Say where the owners' models lie: one file each, to be given to its owner alone."""
    path = bundle.path
    if path.name in {"", ".."}:  # where the run goes on from within
        path = path.resolve()
    return path.with_name(f"{path.name}-models")


def write_models(
    bundle: Bundle, parameters: Parameters, metadata: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Keep every owner's weights for it, with what its file says beside them."""
    folder = models_folder(bundle)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for party, own in parameters.items():
        said = {METADATA: metadata[party]} if party in metadata else None
        Bundle(folder).write(_file(party), save(dict(own), said))


def read_models(bundle: Bundle, participants: tuple[str, ...]) -> Parameters:
    """Read every owner's weights, where a run goes on.

    Raises:
        BundleError: They are not there.
    """
    folder = models_folder(bundle)
    if absent := [party for party in participants if not (folder / _file(party)).is_file()]:
        raise BundleError(
            f"the weights of {', '.join(absent)} are not in {folder}",
            hint="Put every owner's file back there until the run is done, or start another run.",
        )
    return {party: Bundle(folder).tensors(_file(party)) for party in participants}


def _file(party: str) -> str:
    return f"{party.replace(' ', '-')}.safetensors"
