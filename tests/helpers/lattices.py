"""A lattice reduction in a few lines, for attacks on sums of few bits (Lenstra et al., 1982)."""

from __future__ import annotations

import numpy as np


def reduced(basis, *, delta=0.99):
    """Reduce a basis of integers, shape ``(vectors, entries)``.

    Floats only steer: the rows stay exact.
    """
    rows = np.array(basis, dtype=np.int64)
    count = len(rows)
    mu, norms = np.eye(count), np.zeros(count)
    orthogonal = np.zeros(rows.shape)

    def project(at):
        inner = orthogonal[:at] @ rows[at].astype(np.float64)
        mu[at, :at] = np.divide(inner, norms[:at], out=np.zeros(at), where=norms[:at] > 0)
        orthogonal[at] = rows[at] - mu[at, :at] @ orthogonal[:at]
        norms[at] = orthogonal[at] @ orthogonal[at]

    project(0)
    at = 1
    while at < count:
        for _ in range(3):  # long vectors need more than one look in floating point
            project(at)
            if (np.abs(mu[at, :at]) <= 0.51).all():
                break
            for before in reversed(range(at)):
                times = np.rint(mu[at, before])
                if times:
                    rows[at] -= np.int64(times) * rows[before]
                    mu[at, :before] -= times * mu[before, :before]
        project(at)
        if norms[at] >= (delta - mu[at, at - 1] ** 2) * norms[at - 1]:
            at += 1
        else:
            rows[[at - 1, at]] = rows[[at, at - 1]]
            project(at - 1)
            at = max(at - 1, 1)
    return rows
