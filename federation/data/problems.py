"""All that is wrong with a table, said at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from fedmerit.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Problems:
    """Errors that wait until all have been found.

    Args:
        name: What the table is called.
        said: Whether it is said of a single problem too.

    """

    def __init__(self, name: str, *, said: bool = False) -> None:
        self._name = name
        self._said = said
        self._errors: list[DataError] = []
        self._remarks: list[str] = []

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep a :class:`DataError` of the block for later."""
        try:
            yield
        except DataError as error:
            self._errors.append(error)

    def add(self, message: str, hint: str) -> None:
        """Note a problem."""
        self._errors.append(DataError(message, hint=hint))

    def remark(self, remark: str) -> None:
        """Note what to say besides, if there is a problem."""
        self._remarks.append(remark)

    def check(self) -> None:
        """Say all of it.

        Raises:
            DataError: Something is wrong.
        """
        if not self._errors:
            return
        messages = [str(error) for error in self._errors]
        said = messages[0]
        if self._said and self._name not in said:
            said = f"{self._name}: {said}"
        if len(messages) > 1:
            parts = (f"({number}) {message}" for number, message in enumerate(messages, start=1))
            said = f"{self._name} has {len(messages)} problems: {'; '.join(parts)}"
        hints = dict.fromkeys(error.hint for error in self._errors if error.hint)
        # One line: a terminal is shown a stranger's line breaks as what they are.
        raise DataError("; ".join((said, *self._remarks)), hint=" ".join(hints))
