"""Which code makes the numbers and the pictures, here and now."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Final

_VERSIONED: Final = ("fedmerit", "numpy", "pandas", "plotly", "scikit-learn", "shap", "torch")


def versions() -> dict[str, str]:
    """Give the versions, here and now, of everything that numbers and pictures come out of."""
    found = {name: version(name) for name in _VERSIONED}
    return {**found, "python": platform.python_version()}
