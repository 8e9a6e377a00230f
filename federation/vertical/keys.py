"""What a party's keys look like, for when few of them meet the others'."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Below this share of a party's keys that are known to all, it is told what its keys look like.
FEW: Final = 0.5
#: Forms that fewer keys have are not told: they could tell of somebody.
_LEAST: Final = 10
_SHOWN: Final = 3


def look(keys: Iterable[object]) -> str:
    """Say what keys look like: ``'09999' (90), '99999' (10)``, and how many look otherwise.

    A 9 is any digit, an ``a`` any letter and a 0 in front a leading zero. Forms that fewer than
    10 keys have are counted alone.

    """
    forms = Counter(_form(key) for key in keys)
    common = [(form, count) for form, count in forms.most_common(_SHOWN) if count >= _LEAST]
    shown = [f"{form!r} ({count:,})" for form, count in common]
    if others := sum(forms.values()) - sum(count for _, count in common):
        shown.append(f"{others:,} of other forms" if shown else f"{others:,} forms of their own")
    return ", ".join(shown)


def unmet(keys: Mapping[str, Sequence[object]], common: int) -> tuple[str, ...]:
    """Tell each party of whose keys few are known to all what its own look like."""
    return tuple(
        f"{party}: {common:,} of its {len(own):,} keys are known to all; its keys look like "
        f"{look(own)}, where 9 is a digit, a is a letter and 0 a leading zero"
        for party, own in keys.items()
        if common < FEW * len(own)
    )


def _form(key: object) -> str:
    if isinstance(key, tuple):
        return " + ".join(map(_form, key))
    text = "" if key is None else str(key).strip()
    form = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))
    leading = len(text) > 1 and text.isdigit() and text[0] == "0"
    return "0" + form[1:] if leading else form
