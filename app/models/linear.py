"""Fits a linear head over given features: one label a text (softmax) or several (1-vs-rest), and its temperature."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

Loss = Literal["softmax", "sigmoid"]

# Read when numpy is first imported. These matrices are small, workers share the cores, and one thread always adds in the
# same order.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class Rows(Protocol):
    """A matrix of n texts by d features that can be multiplied from both sides: dense or sparse."""

    shape: tuple[int, ...]

    def __matmul__(self, weights: Floats, /) -> Floats: ...

    @property
    def T(self) -> Any: ...


@dataclass(frozen=True)
class Head:
    """Weights (d x labels) and biases of one fitted head. Scores are natural-log odds before any temperature."""

    weights: Floats
    bias: Floats

    def scores(self, rows: Any) -> Floats:
        """n x labels."""
        result: Floats = rows @ self.weights + self.bias
        return result


def fit_head(rows: Rows, targets: Floats, *, loss: Loss = "softmax", l2: float, steps: int = 60) -> Head:
    """The head that minimises mean cross-entropy + l2/2 * |weights|^2 by L-BFGS from zero: no seed, no randomness.

    rows: n x d. targets: n x labels, 0 or 1; for softmax each row sums to one.
    """
    import numpy as np

    d, labels = rows.shape[1], targets.shape[1]
    n = float(rows.shape[0])

    def objective(flat: Floats) -> tuple[float, Floats]:
        weights, bias = flat[: d * labels].reshape(d, labels), flat[d * labels :]
        scores = rows @ weights + bias
        if loss == "softmax":
            top = scores.max(axis=1, keepdims=True)
            log_total = top + np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
            value = -(targets * (scores - log_total)).sum() / n
            slope = (np.exp(scores - log_total) - targets) / n
        else:
            value = (np.logaddexp(0.0, scores) - targets * scores).sum() / n
            slope = (sigmoid(scores) - targets) / n
        gradient = rows.T @ slope + l2 * weights
        value += 0.5 * l2 * float((weights * weights).sum())
        return float(value), np.concatenate([gradient.ravel(), slope.sum(axis=0)])

    flat = minimise(objective, np.zeros(d * labels + labels), steps)
    return Head(flat[: d * labels].reshape(d, labels), flat[d * labels :])


def minimise(objective: Callable[[Floats], tuple[float, Floats]], start: Floats, steps: int) -> Floats:
    """L-BFGS (Nocedal & Wright, algorithm 7.5) with ten pairs and a halving line search."""
    import numpy as np

    x, (value, gradient) = start, objective(start)
    pairs: deque[tuple[Floats, Floats, float]] = deque(maxlen=10)
    for _ in range(steps):
        direction = -_two_loop(gradient, pairs)
        slope = float(gradient @ direction)
        step = 1.0 if pairs else min(1.0, 1.0 / (float(np.abs(gradient).sum()) + 1e-12))
        for _ in range(20):
            candidate = x + step * direction
            new_value, new_gradient = objective(candidate)
            if new_value <= value + 1e-4 * step * slope:
                break
            step *= 0.5
        else:
            return x
        moved, turned = candidate - x, new_gradient - gradient
        curvature = float(moved @ turned)
        if curvature > 1e-12:
            pairs.append((moved, turned, 1.0 / curvature))
        improved = value - new_value
        x, value, gradient = candidate, new_value, new_gradient
        if improved < 1e-6 * max(1.0, abs(value)):
            break
    return x


def _two_loop(gradient: Floats, pairs: deque[tuple[Floats, Floats, float]]) -> Floats:
    result = gradient.copy()
    kept: list[float] = []
    for moved, turned, rho in reversed(pairs):
        alpha = rho * float(moved @ result)
        kept.append(alpha)
        result -= alpha * turned
    if pairs:
        moved, turned, rho = pairs[-1]
        result *= 1.0 / (rho * float(turned @ turned))
    for (moved, turned, rho), alpha in zip(pairs, reversed(kept), strict=True):
        result += (alpha - rho * float(turned @ result)) * moved
    return result


def temperature(scores: Floats, targets: Floats, loss: Loss = "softmax") -> float:
    """The factor > 0 that scores are multiplied by so that probabilities fit `targets` best, found on held-out scores.

    One number keeps the order of labels (Guo et al. 2017, "On calibration of modern neural networks").
    """
    import numpy as np

    def cost(factor: float) -> float:
        return cross_entropy(scores * factor, targets, loss)

    low, high = np.log(0.05), np.log(50.0)
    golden = (np.sqrt(5.0) - 1) / 2
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if cost(float(np.exp(left))) < cost(float(np.exp(right))):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def blend(cheap: Floats, strong: Floats, targets: Floats, loss: Loss = "softmax") -> tuple[float, float]:
    """The factors for two models' scores whose weighted sum fits held-out `targets` best (a log-linear pool): the less a
    shop's examples teach one of them, the less it counts."""
    import numpy as np

    best, factors = np.inf, (0.5, 0.5)
    for share in np.linspace(0.0, 1.0, 21):
        scores = share * cheap + (1 - share) * strong
        factor = temperature(scores, targets, loss)
        cost = cross_entropy(scores * factor, targets, loss)
        if cost < best:
            best, factors = cost, (float(share * factor), float((1 - share) * factor))
    return factors


def cross_entropy(scores: Floats, targets: Floats, loss: Loss) -> float:
    """Mean loss of scores against targets, in nats."""
    import numpy as np

    if loss == "softmax":
        return float(-np.log(np.clip((softmax(scores) * targets).sum(axis=1), 1e-12, 1)).mean())
    return float((np.logaddexp(0.0, scores) - targets * scores).mean())


def softmax(scores: Floats) -> Floats:
    """Rows that sum to one."""
    import numpy as np

    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = raised / raised.sum(axis=1, keepdims=True)
    return result


def sigmoid(scores: Floats) -> Floats:
    import numpy as np

    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * scores))
    return result


def logsumexp(scores: Floats) -> Floats:
    """The energy of each row: high where some label fits, low where none does."""
    import numpy as np

    top = scores.max(axis=1)
    result: Floats = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return result
