"""A verdict as a page: one HTML file without scripts, which opens offline."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from fedmerit.errors import AuditImpossible
from fedmerit.notebooks import html_table
from fedmerit.untrusted import harmless

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.auditing.verdict import Verdict

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>Audit</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; margin: 1.5rem 0; }}
caption {{ text-align: left; font-weight: 600; padding-bottom: 0.5rem; }}
th, td {{ text-align: left; vertical-align: top; padding: 0.4rem 0.6rem; border-top: 1px solid
  color-mix(in srgb, currentColor 25%, transparent); }}
thead th {{ border-top: 0; font-weight: 500; }}
tbody th {{ font-weight: 600; }}
</style>
</head>
<body>
<h1>{sentence}</h1>
<p>{bundle}</p>
{tables}
</body>
</html>
"""


def require_free(path: Path) -> None:
    """See that a page can be written to *path*, before anything is checked.

    Raises:
        AuditImpossible: Something is there already, or its folder is not.
    """
    if path.exists():
        raise AuditImpossible(f"{path} exists already", hint="Name another file.")
    if not path.parent.is_dir():
        raise AuditImpossible(f"{path.parent} is no folder", hint="Name a file in one that is.")


def write_page(verdict: Verdict, path: Path) -> None:
    """Write *verdict* to the new file *path*.

    Raises:
        AuditImpossible: It cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(page(verdict))
    except OSError as error:
        raise AuditImpossible(
            f"{path} cannot be written: {error.strerror}", hint="Name another file."
        ) from error


def page(verdict: Verdict) -> str:
    """Give the page: the answers, what can be disputed, and every check, differences first."""
    order = {"differs": 0, "skipped": 1, "ok": 2}
    checks = sorted(verdict.checks, key=lambda check: order[check.status])
    rows = [(check.name, check.status, check.detail) for check in checks]
    faults = [
        (number, fault.kind, fault.detail) for number, fault in enumerate(verdict.faults, start=1)
    ]
    disputable = html_table("What can be disputed", ("fault", "kind", "detail"), faults)
    return _PAGE.format(
        sentence=escape(harmless(verdict.sentence)),
        bundle=escape(harmless(verdict.bundle)),
        tables="\n".join(
            (
                html_table("In short", ("question", "answer", "why"), verdict.answers),
                disputable if faults else "",
                html_table("Every check", ("check", "status", "detail"), rows),
            )
        ),
    )
