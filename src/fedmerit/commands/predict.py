"""``fedmerit export`` and ``fedmerit predict``: take the model along, and score new rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time
from typing import TYPE_CHECKING, Any, Final

from fedmerit.commands.terminal import err, out, shown, suggest
from fedmerit.errors import BundleError, DataError, suggestion
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.kinds.scores import PortableModel, Scores

#: Digits of a probability that are written.
_DIGITS: Final = 9


def export(bundle: Path, *, output: Path | None = None, allow_model: str | None = None) -> int:
    """Write the trained model into one file, with all that new rows are read and encoded by.

    Args:
        bundle: The directory that 'fedmerit run' wrote.
        output: The new file; BUNDLE.safetensors beside it if absent.
        allow_model: The package.module:Class that the scenario trained, where that is not one of
            ours: its code is run.
    """
    model = _from_bundle(bundle, allow_model)
    folder = bundle.resolve() if bundle.name in {"", ".."} else bundle
    path = output or folder.with_name(f"{folder.name}.safetensors")
    _write(path, model.saved())
    out.print(shown(path), soft_wrap=True)
    allowed = f" --allow-model {allow_model}" if allow_model else ""
    suggest(f"fedmerit predict {argument(path)} ROWS.csv{allowed}", "to score rows")
    return 0


def predict(
    model: Path,
    rows: Path,
    *,
    output: Path | None = None,
    keep: tuple[str, ...] = (),
    part: tuple[Path, ...] = (),
    allow_model: str | None = None,
) -> int:
    """Score rows by a trained model: a CSV with a line a row, in the file's order.

    Args:
        model: The directory that 'fedmerit run' wrote, or a file that 'fedmerit export' wrote; of
            owners of columns, the file of one of them.
        rows: A .csv, .csv.gz, .tsv or .parquet file with the columns that were learned from.
        output: The new file to write; standard output if absent.
        keep: A column of the file to be copied, such as an identifier; may be given again.
        part: What 'fedmerit predict' wrote for another owner of columns, where the model is the
            label holder's; may be given again.
        allow_model: The package.module:Class that was trained, where that is not one of ours:
            its code is run.
    """
    from fedmerit.kinds.saved import read_model  # noqa: PLC0415 - imports pydantic

    if output is not None:
        _check_new(output)
    loaded = _from_bundle(model, allow_model) if model.is_dir() else read_model(model)
    scores = loaded.score(rows, allowed=allow_model, parts=part)
    if absent := [name for name in keep if name not in scores.frame]:
        raise DataError(
            f"{rows.name} has no column {absent[0]!r} to keep",
            hint=suggestion(absent[0], [str(c) for c in scores.frame]),
        )
    text = "".join(_lines(scores, keep))
    for note in scores.notes:
        err.print(f"note: {shown(note)}", soft_wrap=True)
    if output is None:
        out.print(text.removesuffix("\n"), markup=False, soft_wrap=True)
    else:
        _write(output, text.encode())
        err.print(f"{len(scores.frame):,} rows: {shown(output)}", soft_wrap=True)
    return 0


def _from_bundle(path: Path, allowed: str | None) -> PortableModel:
    from fedmerit.auditing.code import nothing_imported_from  # noqa: PLC0415 - imports web3
    from fedmerit.bundle.directory import Snapshot  # noqa: PLC0415 - imports pydantic
    from fedmerit.kinds.parts import scoring_part  # noqa: PLC0415 - as above

    bundle = Snapshot.open(path)
    with nothing_imported_from(path):
        return scoring_part(bundle.scenario).portable(bundle, allowed=allowed)


def _lines(scores: Scores, keep: tuple[str, ...]) -> Iterator[str]:
    """Give the lines of the CSV: the row's number, what is kept, and what the model says."""
    kept = {name: scores.frame[name].astype(object).to_list() for name in keep}
    said = {title: [_cell(v) for v in values] for title, values in scores.columns.items()}
    rows = zip(range(1, len(scores.frame) + 1), *kept.values(), *said.values(), strict=True)
    for row in (("row", *kept, *said), *rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row)
        yield line.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401 - an array's cell
    return value if isinstance(value, str) else f"{value:.{_DIGITS}g}"


def _check_new(path: Path) -> None:
    if path.exists():
        raise BundleError(f"{path} exists already", hint="Choose another --output.")


def _write(path: Path, content: bytes) -> None:
    """Write a new file.

    Raises:
        BundleError: It is there already, or the disk refused.
    """
    _check_new(path)
    try:
        with path.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise BundleError(
            f"{path} cannot be written: {error.strerror}", hint="Choose another --output."
        ) from error
