"""Checks of the data, and of how rows became features, by which new rows are scored."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING, Final

from fedmerit.auditing.numbers import differing, exact
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle.encoding import ENCODING, EncodingDocument, encoding_document
from fedmerit.bundle.schemas import FEDERATION, FederationDocument

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.encoding import FeatureDocument
    from fedmerit.federation import Federation

#: Sums of float64 may end differently on another machine, by far less than this.
_NEAR: Final = 1e-9


def check_encoding(bundle: Bundle, members: FederationDocument) -> Iterator[Check]:
    """Hold the model's inputs against the columns that they are made of."""
    if not _has_encoding(bundle):
        yield Check(
            "encoding", "skipped", f"there is no {ENCODING}: nothing says how rows are read"
        )
        return
    said = bundle.document(ENCODING, EncodingDocument)
    holds = said.holds_together and said.encoding.names == members.features
    yield compared(
        "encoding",
        holds=holds,
        same=f"{len(said.columns)} columns give the model's {len(members.features)} inputs",
        different=f"{ENCODING} does not give the features that {FEDERATION} names",
    )


def check_data(bundle: Bundle, found: FederationDocument) -> Generator[Check, None, bool]:
    """Hold who takes part with what against the data that are here.

    Args:
        bundle: Says who.
        found: Says the same of the data.

    Returns:
        Whether the rows here are those of the bundle.
    """
    said = bundle.document(FEDERATION, FederationDocument)
    wrong = differing(said.model_dump(), found.model_dump(), exact)
    yield compared(
        "data and members",
        holds=not wrong,
        same=f"who takes part with what; the rows hash to {found.data_digest}",
        different=f"{FEDERATION}: {', '.join(wrong)}",
    )
    return said.data_digest == found.data_digest


def check_encoding_again(bundle: Bundle, federation: Federation) -> Iterator[Check]:
    """Read and encode the table again, and compare."""
    if not _has_encoding(bundle):
        return
    said, found = bundle.document(ENCODING, EncodingDocument), encoding_document(federation)
    wrong = [
        ours.name
        for ours, theirs in zip(found.features, said.features, strict=False)
        if not _alike(ours, theirs)
    ]
    if (said.columns, said.dates) != (found.columns, found.dates):
        wrong.append("how columns were read")
    if len(said.features) != len(found.features):
        wrong.append(f"{len(said.features)} features of {len(found.features)}")
    yield compared(
        "recomputed encoding",
        holds=not wrong,
        same=f"means, scales and levels of {len(found.features)} features",
        different=f"{ENCODING}: {', '.join(wrong[:20])}",
    )


def _has_encoding(bundle: Bundle) -> bool:
    """Say whether there is one: kinds that take others' updates write none."""
    return (bundle.path / ENCODING).is_file()


def _alike(ours: FeatureDocument, theirs: FeatureDocument) -> bool:
    inexact = {"mean", "scale"}
    return (
        ours.model_dump(exclude=inexact) == theirs.model_dump(exclude=inexact)
        and isclose(ours.mean, theirs.mean, abs_tol=_NEAR * ours.scale)
        and isclose(ours.scale, theirs.scale, rel_tol=_NEAR)
    )
