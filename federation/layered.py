"""Linear layers with ReLU between them, for very many models on the same rows.

What a first layer of weights ``base + sum of steps`` makes of fixed rows is the same sum of
what it makes of base and steps. Those products are needed once; with them a coalition's first
layer costs a sum over its members instead of a pass over the rows' columns. The sums of a few
steps are tabulated in turn (the method of four Russians, Arlazarov et al., 1970), so that a
coalition adds one line of a table for every five members.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch.nn.functional import embedding_bag

from fedmerit.federation.threads import single_thread
from fedmerit.federation.tiles import padded, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from fedmerit.federation.evaluation import Score

#: Coalitions in a tile.
_COALITIONS: Final = 32
#: Floats of activations in a tile, and of logits to score; measured: an L2 cache's worth.
_TILE_FLOATS: Final = 2**18
#: Rows in a tile, at least and at most, in steps of the least: what vector units like.
_ROWS: Final = (16, 128)
#: Steps whose sums are tabulated together; a table is worth its making from 2**5 coalitions on.
_GROUP: Final = 5
#: Coalitions that are measured by the same tables, at most.
_BLOCK: Final = 4096
#: Floats of later layers that those may take.
_LATER_FLOATS: Final = 2**24
#: A GPU's tiles are larger, having no small cache to stay in.
_GPU: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """A few coalitions.

    Attributes:
        lines: What each adds up, as lines of the table, shape ``(coalitions * groups,)``.
        weights: What multiplies those lines, of the same shape.
        layers: Weights and biases of each coalition's later layers.

    """

    lines: Tensor
    weights: Tensor
    layers: list[tuple[Tensor, Tensor]]


class Layered:
    """A chain of linear layers with ReLU between them.

    Args:
        stacked: Parameters of base and steps, base first, shape ``(1 + steps, parameters)``,
            each layer's weights before its biases.
        rows: Features, shape ``(rows, columns)``.
        widths: Columns, the widths of the hidden layers, classes.
        scaled: Whether coalitions multiply the sum of their steps by something.
        memory_bytes: Products that may be kept; above that, each call makes them again.

    """

    def __init__(
        self,
        stacked: Tensor,
        rows: Tensor,
        widths: Sequence[int],
        *,
        scaled: bool,
        memory_bytes: int,
    ) -> None:
        self._scaled = scaled
        steps = len(stacked) - 1
        starts = range(0, max(1, steps), _GROUP)
        self._groups = [range(start, min(start + _GROUP, steps)) for start in starts]
        self._bags = torch.arange(_COALITIONS, device=rows.device) * (len(self._groups) + scaled)
        self._offsets = np.cumsum([0, *(2 ** len(group) for group in self._groups)]).tolist()
        first = (widths[0] + 1) * widths[1]
        self._first = stacked[:, : first - widths[1]].reshape(-1, widths[0])
        self._biases = stacked[:, first - widths[1] : first, None]
        self._later = stacked[:, first:].contiguous()
        self._layers = tuple(pairwise(widths[1:]))
        self._widths, self._count = tuple(widths[1:]), len(rows)
        larger = 1 if rows.device.type == "cpu" else _GPU
        most = _fitting(_TILE_FLOATS * larger // (_COALITIONS * max(widths[1:])), *_ROWS)
        tiles = -(-len(rows) // most)
        self._tile = -(-len(rows) // (tiles * _ROWS[0])) * _ROWS[0]
        self._rows = padded(rows, self._tile)
        self._block = _fitting(_LATER_FLOATS // max(1, self._later.shape[1]), _COALITIONS, _BLOCK)
        self._scored = max(1, _TILE_FLOATS * larger // (_COALITIONS * self._tile * widths[-1]))
        floats = len(stacked) * widths[1] * len(self._rows)
        self._kept: list[Tensor | None] = [None] * (len(self._rows) // self._tile)
        self._keeps = floats * self._rows.element_size() <= memory_bytes

    def measure(self, inside: Tensor, scale: Tensor, score: Score, /) -> Tensor:
        """Score the model of each coalition, as :class:`Evaluation` says."""
        workers = torch.get_num_threads()
        result = torch.empty((len(inside), self._count), dtype=torch.float64)
        with single_thread():
            for start in range(0, len(inside), self._block):
                part = slice(start, start + self._block)
                block = self._coalitions(inside[part], scale[part])
                self._measure(block, score, result[part], workers)
        return result

    @single_thread()
    def logits(self) -> Tensor | None:
        """Give base's logits and what each step adds, where there is no hidden layer.

        Shape ``(1 + steps, classes, rows)``; None where a ReLU is in between.
        """
        if self._layers:
            return None
        parts = [self._products(job) for job in range(len(self._kept))]
        return torch.cat(parts, dim=2)[..., : self._count]

    def _coalitions(self, inside: Tensor, scale: Tensor) -> list[_Tile]:
        """Cut a block of coalitions into tiles, and work out what does not depend on rows."""
        inside = padded(inside, _COALITIONS).to(self._rows.device)
        scale = padded(scale, _COALITIONS).to(self._rows)[:, None]
        ones, bits = torch.ones_like(scale), 2 ** torch.arange(_GROUP, device=inside.device)
        codes = [
            (inside[:, group.start : group.stop] * bits[: len(group)]).sum(dim=1) + offset
            for group, offset in zip(self._groups, self._offsets, strict=False)
        ]
        weights = scale.expand(-1, len(codes))
        if self._scaled:
            codes.append(torch.full_like(codes[0], self._offsets[-1]))
            weights = torch.cat([weights, ones], dim=1)
        of = torch.cat([ones, inside * scale], dim=1)
        parts = (torch.stack(codes, dim=1), weights, of)
        tiles = zip(*(torch.split(part, _COALITIONS) for part in parts), strict=True)
        return [
            _Tile(lines.flatten(), weights.flatten(), self._layers_of(of))
            for lines, weights, of in tiles
        ]

    def _measure(self, tiles: list[_Tile], score: Score, result: Tensor, workers: int) -> None:
        """Score one block of coalitions, some rows at a time."""

        def work(jobs: Iterator[int]) -> None:
            table = self._rows.new_empty(
                (self._offsets[-1] + self._scaled, self._widths[0], self._tile)
            )
            logits, *hidden = self._buffers(min(len(tiles), self._scored) * _COALITIONS)
            for job in jobs:
                self._tabulate(self._products(job), table)
                rows = slice(job * self._tile, min((job + 1) * self._tile, self._count))
                for start in range(0, len(tiles), self._scored):
                    these = tiles[start : start + self._scored]
                    for tile, scores in zip(these, torch.split(logits, _COALITIONS), strict=False):
                        self._forward(tile, table, [*hidden, scores])
                    into = result[start * _COALITIONS :][: len(these) * _COALITIONS]
                    by_row = logits[: len(into), :, : rows.stop - rows.start].transpose(1, 2)
                    into[:, rows] = score(by_row, rows).cpu()

        share(work, len(self._kept), workers)

    def _tabulate(self, products: Tensor, table: Tensor) -> None:
        """Add up each group's steps for all of its subsets; the base goes in with the first.

        A base that is not to be scaled with the steps gets a line of its own, the last.
        """
        base, steps = products[0], products[1:]
        for group, offset in zip(self._groups, self._offsets, strict=False):
            table[offset] = 0 if self._scaled or offset else base
            for done, step in enumerate(group):
                here, size = offset + 2**done, 2**done
                torch.add(table[offset:here], steps[step], out=table[here : here + size])
        if self._scaled:
            table[-1] = base

    def _forward(self, tile: _Tile, table: Tensor, out: list[Tensor]) -> None:
        """Run one tile of coalitions through every layer; the last of *out* gets the logits."""
        first = embedding_bag(
            tile.lines,
            table.flatten(1),
            self._bags,
            mode="sum",
            per_sample_weights=tile.weights if self._scaled else None,
        ).view(-1, *table.shape[1:])
        if not tile.layers:
            out[-1].copy_(first)
        values = [first, *out[:-1]]
        for (weights, biases), into, target in zip(tile.layers, values, out, strict=False):
            torch.baddbmm(biases, weights, into.clamp_min_(0), out=target)

    def _layers_of(self, tile: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Give weights and biases of each coalition's later layers."""
        parameters, layers = tile @ self._later, []
        for wide, narrow in self._layers:
            weights = parameters[:, : wide * narrow].view(-1, narrow, wide)
            biases = parameters[:, wide * narrow : (wide + 1) * narrow, None]
            parameters = parameters[:, (wide + 1) * narrow :]
            layers.append((weights, biases))
        return layers

    def _buffers(self, coalitions: int) -> list[Tensor]:
        """Give room for the logits of a block, then for a tile's later hidden layers."""
        shapes = [(coalitions, self._widths[-1])]
        shapes += [(_COALITIONS, width) for width in self._widths[1:-1]]
        return [self._rows.new_empty((*shape, self._tile)) for shape in shapes]

    def _products(self, job: int) -> Tensor:
        """Give what base and steps make of a tile of rows, ``(1 + steps, width, rows)``."""
        kept = self._kept[job]
        if kept is not None:
            return kept
        rows = self._rows[job * self._tile : (job + 1) * self._tile]
        made = (self._first @ rows.T).view(len(self._biases), -1, self._tile)
        products = made.add_(self._biases)
        if self._keeps:
            self._kept[job] = products
        return products


def _fitting(wanted: int, step: int, most: int) -> int:
    """Round down to a multiple of *step*, at least one and at most *most*."""
    return max(step, min(wanted, most) // step * step)
