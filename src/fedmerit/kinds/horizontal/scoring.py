"""The trained model of a run whose members own rows, for rows that come later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fedmerit.bundle.directory import MANIFEST, SCENARIO
from fedmerit.bundle.encoding import ENCODING, EncodingDocument
from fedmerit.bundle.schemas import FEDERATION, MODEL, FederationDocument
from fedmerit.canonical import digest
from fedmerit.errors import BundleError
from fedmerit.federation import BUILTIN, ModelSpec
from fedmerit.federation.models import Network
from fedmerit.kinds.horizontal.portable import RowsModel, RowsModelDocument, require_size
from fedmerit.kinds.scores import require_allowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle


def portable(bundle: Bundle, *, allowed: str | None = None) -> RowsModel:
    """Take the model out of a bundle.

    Args:
        bundle: Trained, if not finished.
        allowed: The import path of a module whose code may be run.

    Raises:
        BundleError: The files are not there, do not go together, or are not those that the
            manifest lists.
    """
    _check_listed(bundle, (SCENARIO, FEDERATION, ENCODING, MODEL))
    scenario = bundle.scenario
    members = bundle.document(FEDERATION, FederationDocument)
    rows = bundle.document(ENCODING, EncodingDocument)
    if not rows.holds_together or rows.encoding.names != members.features:
        raise BundleError(f"{ENCODING} does not give the features that {FEDERATION} names")
    chosen, data = scenario.model, scenario.data
    require_allowed(chosen.kind, allowed)
    spec = ModelSpec(kind=chosen.kind, hidden=chosen.hidden, arguments=chosen.arguments)
    parameters = bundle.tensors(MODEL)["parameters"]
    classes = len(members.classes) or 1
    require_size(spec, len(members.features), classes, parameters.size)
    network = Network(
        spec,
        in_features=len(members.features),
        classes=classes,
        seed=scenario.seed,
    )
    document = RowsModelDocument(
        scenario=scenario.name,
        evidence=bundle.digest if (bundle.path / MANIFEST).is_file() else "",
        model=chosen.kind,
        hidden=chosen.hidden,
        arguments=chosen.arguments,
        classes=members.classes,
        quantity=members.quantity,
        inputs=members.features,
        impute=data.missing == "impute" or data.source in BUILTIN,
        missing_words=data.missing_words,
        separator=data.separator,
        encoding=data.encoding,
        rows=rows,
    )
    return RowsModel(document, network.state(parameters))


def read(tensors: Mapping[str, NDArray[Any]], metadata: str) -> RowsModel:
    """Take a model out of a file's tensors and its metadata."""
    return RowsModel.read(tensors, metadata)


def _check_listed(bundle: Bundle, names: tuple[str, ...]) -> None:
    """Refuse files that are not those that the manifest lists, where there is one."""
    if not (bundle.path / ENCODING).is_file():
        raise BundleError(
            f"{bundle.path} has no {ENCODING}, which says how rows become features",
            hint="The run has to get through its training; earlier versions kept none.",
        )
    if not (bundle.path / MANIFEST).is_file():
        return
    listed = bundle.listed(MANIFEST)
    if others := [name for name in names if listed.get(name) != digest(bundle.read(name))]:
        raise BundleError(
            f"{', '.join(others)} in {bundle.path} differ from what {MANIFEST} lists",
            hint=f"Somebody altered the bundle: 'fedmerit audit {bundle.path}' says what.",
        )
