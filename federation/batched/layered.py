"""Linear layers with ReLU between them, for very many models on the same rows.

What a first layer of weights ``base + scale * (the sum of steps)`` makes of fixed rows is the
same sum of what it makes of base and steps. Those products are needed once; with them a
coalition's first layer costs a sum over its members instead of a pass over the rows' columns.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import torch
from torch.nn.functional import pad

from fedmerit.federation.batched.gathered import Gathered
from fedmerit.federation.batched.protocols import Block
from fedmerit.federation.batched.subsets import Subsets
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.batched.tiles import padded, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from fedmerit.federation.batched.fused import Fused
    from fedmerit.federation.batched.protocols import Entrance, Score

#: Coalitions whose later layers are worked out by one call of torch.
_COALITIONS: Final = 32
#: Floats of a tile's widest layer, for a chunk of coalitions; measured: half an L2 cache.
_CHUNK_FLOATS: Final = 5 * 2**15
#: Floats of activations in a tile of torch's; measured: an L2 cache's worth.
_TILE_FLOATS: Final = 2**18
#: Rows in a tile of torch's, at least and at most, in steps of the least.
_ROWS: Final = (16, 128)
#: Coalitions that are measured by the same tables, at most.
_BLOCK: Final = 4096
#: Floats of later layers that those may take.
_LATER_FLOATS: Final = 2**24
#: A GPU's tiles are larger, having no small cache to stay in.
_GPU: Final = 64


class Layered:
    """A chain of linear layers with ReLU between them.

    Args:
        stacked: Parameters of base and steps, base first, shape ``(1 + steps, parameters)``,
            each layer's weights before its biases.
        rows: Features, shape ``(rows, columns)``.
        widths: Columns, the widths of the hidden layers, classes.
        memory_bytes: Products that may be kept; above that, each call makes them again.

    """

    def __init__(
        self, stacked: Tensor, rows: Tensor, widths: Sequence[int], *, memory_bytes: int
    ) -> None:
        self._layers = tuple(pairwise(widths[1:]))
        larger = 1 if rows.device.type == "cpu" else _GPU
        fused = _fused() if self._layers and rows.device.type == "cpu" else None
        if fused is None:
            self._entrance: Callable[[Block, Subsets], Entrance] = Gathered
            self._depth, self._units = 0, 1
            most = _fitting(_TILE_FLOATS * larger // (_COALITIONS * max(widths[1:])), *_ROWS)
            tiles = -(-len(rows) // most)
            self._tile = -(-len(rows) // (tiles * _ROWS[0])) * _ROWS[0]
        else:
            self._entrance, self._depth = fused, 1
            self._tile, self._units = fused.TILE, fused.UNITS
        self._first, self._biases, self._later = self._apart(stacked, *widths[:2])
        self._subsets, self._count = Subsets(len(stacked) - 1), len(rows)
        self._rows = padded(rows, self._tile)
        self._block = _fitting(_LATER_FLOATS // max(1, self._later.shape[1]), _COALITIONS, _BLOCK)
        widest = max(widths[1 + self._depth :])
        self._chunk = _fitting(_CHUNK_FLOATS * larger // (self._tile * widest), _COALITIONS, _BLOCK)
        self._kept: list[Tensor | None] = [None] * (len(self._rows) // self._tile)
        floats = self._biases.numel() * len(self._rows)
        self._keeps = floats * self._rows.element_size() <= memory_bytes

    def measure(self, mask: Tensor, scale: Tensor, score: Score, /) -> Tensor:
        """Score the model of each coalition, as :class:`~.protocols.Evaluation` says."""
        workers = torch.get_num_threads()
        result = torch.empty((len(mask), self._count), dtype=torch.float64)
        with single_thread():
            for start in range(0, len(mask), self._block):
                part = slice(start, start + self._block)
                block = self._prepared(mask[part], scale[part], workers)
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
        return torch.cat(parts, dim=3)[0, ..., : self._count]

    def _apart(self, stacked: Tensor, columns: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
        """Give the first layer's weights and biases, and all of the later layers' parameters.

        The first layer gets units that are always off, up to a whole number of units at a time.
        """
        off = -width % self._units
        after = self._layers[0][1] if self._layers else 0
        sizes = [columns * width, width, width * after]
        weights, biases, entering, later = torch.split(
            stacked, [*sizes, stacked.shape[1] - sum(sizes)], dim=1
        )
        weights = pad(weights.reshape(len(stacked), width, columns), (0, 0, 0, off))
        entering = pad(entering.reshape(len(stacked), after, width), (0, off))
        later = torch.cat([entering.flatten(1), later], dim=1)
        if self._layers:
            self._layers = ((width + off, after), *self._layers[1:])
        return weights.flatten(0, 1), pad(biases, (0, off))[:, :, None], later

    def _prepared(self, mask: Tensor, scale: Tensor, workers: int) -> Block:
        """Work out what does not depend on rows, for coalitions rounded up to whole calls."""
        lines = self._subsets.of(mask)
        mask, lines, scale = (
            padded(whole, _COALITIONS).to(self._rows.device)
            for whole in (mask, lines, scale.to(self._rows.dtype))
        )
        of = torch.cat([torch.ones_like(scale)[:, None], mask * scale[:, None]], dim=1)
        layers: list[tuple[Tensor, Tensor]] = []
        for wide, narrow in self._layers:
            units = wide if layers or not self._depth else self._units
            weights = of.new_empty((wide // units, len(of), narrow, units))
            layers.append((weights, of.new_empty((len(of), narrow, 1))))

        def work(jobs: Iterator[int]) -> None:
            for job in jobs:
                part = slice(job * _COALITIONS, (job + 1) * _COALITIONS)
                parameters = of[part] @ self._later
                for weights, biases in layers:
                    blocks, _, narrow, units = weights.shape
                    sizes = [blocks * narrow * units, narrow]
                    own, shift, parameters = torch.split(
                        parameters, [*sizes, parameters.shape[1] - sum(sizes)], dim=1
                    )
                    own = own.view(-1, narrow, blocks, units)
                    weights[:, part] = own.permute(2, 0, 1, 3)
                    biases[part] = shift[:, :, None]

        if layers:
            share(work, len(of) // _COALITIONS, workers)
        return Block(lines, scale, layers)

    def _measure(self, block: Block, score: Score, result: Tensor, workers: int) -> None:
        """Score one block of coalitions, some rows at a time."""

        def work(jobs: Iterator[int]) -> None:
            entrance = self._entrance(block, self._subsets)
            for job in jobs:
                entrance.start(self._products(job))
                rows = slice(job * self._tile, min((job + 1) * self._tile, self._count))
                for start in range(0, len(block.lines), self._chunk):
                    part = slice(start, min(start + self._chunk, len(block.lines)))
                    logits = self._rest(block, part, entrance.enter(part))
                    into = result[part, rows]
                    into.copy_(entrance.judge(logits[: len(into)], score, rows))

        share(work, len(self._kept), workers)

    def _rest(self, block: Block, part: slice, values: Tensor) -> Tensor:
        """Take some coalitions through the layers that are left."""
        for weights, biases in block.layers[self._depth :]:
            made = values.new_empty((len(values), weights.shape[2], values.shape[2]))
            each = (biases[part], weights[0, part], values.clamp_min_(0), made)
            for shift, own, before, after in zip(
                *(torch.split(whole, _COALITIONS) for whole in each), strict=True
            ):
                torch.baddbmm(shift, own, before, out=after)
            values = made
        return values

    def _products(self, job: int) -> Tensor:
        """Give what base and steps make of a tile, as :class:`~.protocols.Entrance` takes it."""
        products = self._kept[job]
        if products is not None:
            return products
        rows = self._rows[job * self._tile : (job + 1) * self._tile]
        made = (self._first @ rows.T).view(len(self._biases), -1, self._tile)
        units = self._units if self._depth else made.shape[1]
        blocks = made.add_(self._biases).view(len(made), -1, units, self._tile)
        products = blocks.transpose(0, 1).contiguous()
        if self._keeps:
            self._kept[job] = products
        return products


def _fused() -> type[Fused]:
    # Numba takes half a second to import, and nothing else needs it.
    from fedmerit.federation.batched.fused import Fused  # noqa: PLC0415

    return Fused


def _fitting(wanted: int, step: int, most: int) -> int:
    """Round down to a multiple of *step*, at least one and at most *most*."""
    return max(step, min(wanted, most) // step * step)
