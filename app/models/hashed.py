"""The cheap model's eyes: words, word pairs and character n-grams hashed into a fixed number of buckets (numpy only)."""

from __future__ import annotations

import html
import re
import unicodedata
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.models.linear import Head, fit_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from app.models.linear import Floats, Loss

BUCKETS = 1 << 14
"""77 labels x 16,384 buckets of one byte are 1.3 MB."""

MOST_TEXT = 8000
"""Characters that are read; a ticket's wishes stand in its first pages."""

_MASKS = (
    (re.compile(r"<[^<>]{1,400}>"), " "),  # what is left of an HTML mail
    (re.compile(r"\[[/@!]?[a-z][^\[\]]{0,80}\]|\[/?\]", re.I), " "),  # markup, names of attachments
    (re.compile(r"https?://\S+|www\.\S+", re.I), " link "),
    (re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{1,255}"), " mail "),
    (re.compile(r"\{[^{}]{0,400}\}"), " option "),
    (re.compile(r"\b(?:paypal|credit_card|gift_card)_\d+\b", re.I), lambda m: m[0].rsplit("_", 1)[0].replace("_", " ")),
    (re.compile(r"#?\b[A-Za-z]{0,4}[-_]?\d[\w-]*"), " 0 "),
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[?!]")


def plain_words(text: str) -> str:
    """The text in lower case with what names one case only taken out: links, addresses, ids, numbers, option lists."""
    text = unicodedata.normalize("NFKC", html.unescape(text[:MOST_TEXT])).replace("’", "'")
    for pattern, put in _MASKS:
        text = pattern.sub(put, text)
    return " ".join(text.lower().split())


@dataclass(frozen=True)
class Sparse:
    """A matrix of texts by buckets: entry k has row `rows[k]`, bucket `buckets[k]`, weight `values[k]`; rows in order."""

    rows: NDArray[np.int64]
    buckets: NDArray[np.int64]
    values: Floats
    shape: tuple[int, int]

    def __matmul__(self, weights: Floats) -> Floats:
        return _sum_by(self.rows, weights[self.buckets] * self.values[:, None], self.shape[0])

    @property
    def T(self) -> Sparse:
        import numpy as np

        order = np.argsort(self.buckets, kind="stable")
        return Sparse(self.buckets[order], self.rows[order], self.values[order], (self.shape[1], self.shape[0]))

    def dense(self) -> Floats:
        import numpy as np

        result = np.zeros(self.shape)
        result[self.rows, self.buckets] = self.values
        return result


def features(texts: Sequence[str]) -> Sparse:
    """Hashed features of each text, rows of length one, so that a dot product is a similarity of 0..1."""
    import numpy as np

    made = [_row(text) for text in texts]
    return Sparse(
        np.repeat(np.arange(len(made), dtype=np.int64), [len(buckets) for buckets, _ in made]),
        np.concatenate([np.zeros(0, dtype=np.int64), *(buckets for buckets, _ in made)]),
        np.concatenate([np.zeros(0, dtype=np.float64), *(values for _, values in made)]),
        (len(texts), BUCKETS),
    )


@lru_cache(maxsize=1024)
def _row(text: str) -> tuple[NDArray[np.int64], Floats]:
    """The buckets of a text and what each counts. A ticket is classified, read wish by wish and drafted from the same
    clauses, so each is taken apart once."""
    import numpy as np

    found = _buckets(text)
    scale = 1.0 / (sum(v * v for v in found.values()) ** 0.5 or 1.0)
    return np.array([*found], dtype=np.int64), np.array([v * scale for v in found.values()], dtype=np.float64)


def fit_hashed(rows: Sparse, targets: Floats, *, loss: Loss = "softmax", l2: float, kernel_up_to: int = 3000) -> Head:
    """A head over buckets. With few texts it is fitted in their own span, n x n numbers: the same optimum."""
    if rows.shape[0] > kernel_up_to:
        return fit_head(_Pair(rows), targets, loss=loss, l2=l2, steps=40)
    shares, bias = fit_in_span(similarity_table(rows), targets, loss=loss, l2=l2)
    return Head(rows.T @ shares, bias)


def fit_in_span(table: Floats, targets: Floats, *, loss: Loss = "softmax", l2: float) -> tuple[Floats, Floats]:
    """Each text's share in each label's weights, and the biases; `table` holds the texts' dot products.

    The optimum of an l2-regularised linear head is a combination of its rows (representer theorem), so with
    K = X X' = L L' a head w fitted on L gives the shares (L')^-1 w.
    """
    import numpy as np

    root = np.linalg.cholesky(table + 1e-6 * np.eye(len(table)))
    head = fit_head(root, targets, loss=loss, l2=l2)
    return np.linalg.solve(root.T, head.weights), head.bias


def similarity_table(rows: Sparse) -> Floats:
    """n x n dot products, summed over slices of the buckets so that no wide dense matrix is ever held."""
    import numpy as np

    n, width = rows.shape[0], 2048
    table = np.zeros((n, n))
    for start in range(0, BUCKETS, width):
        inside = (rows.buckets >= start) & (rows.buckets < start + width)
        block = np.zeros((n, width))
        block[rows.rows[inside], rows.buckets[inside] - start] = rows.values[inside]
        table += block @ block.T
    return table


@dataclass(frozen=True)
class Packed:
    """A head with one signed byte a weight and one scale a label."""

    bytes_: NDArray[np.int8]
    scale: Floats
    bias: Floats

    @classmethod
    def of(cls, head: Head) -> Packed:
        import numpy as np

        scale = np.abs(head.weights).max(axis=0) / 127.0 + 1e-12
        return cls(np.round(head.weights / scale).astype(np.int8), scale, head.bias)

    def scores(self, rows: Sparse) -> Floats:
        """n x labels."""
        picked = self.bytes_[rows.buckets].astype("float32") * rows.values[:, None]
        result: Floats = _sum_by(rows.rows, picked, rows.shape[0]) * self.scale + self.bias
        return result


class _Pair:
    """A sparse matrix with its transpose kept, since every step of a fit needs both."""

    def __init__(self, rows: Sparse) -> None:
        self._rows, self.T = rows, rows.T
        self.shape: tuple[int, ...] = rows.shape

    def __matmul__(self, weights: Floats) -> Floats:
        return self._rows @ weights


def _sum_by(rows: NDArray[np.int64], parts: Floats, count: int) -> Floats:
    """Sum the parts of each row; `rows` is sorted."""
    import numpy as np

    result = np.zeros((count, parts.shape[1]), dtype=parts.dtype)
    if len(rows):
        starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
        result[rows[starts]] = np.add.reduceat(parts, starts, axis=0)
    return result


def _buckets(text: str) -> dict[int, float]:
    words = _WORD.findall(plain_words(text)[:4000])
    found: dict[int, float] = {}
    for word in words:
        for bucket, weight in _of_word(word):
            found[bucket] = found.get(bucket, 0.0) + weight
    for left, right in zip(["^", *words], [*words, "$"], strict=True):
        bucket = _hash(f"{left} {right}")
        found[bucket] = found.get(bucket, 0.0) + 0.8
    return {bucket: weight**0.5 for bucket, weight in found.items()}


@lru_cache(maxsize=20_000)
def _of_word(word: str) -> tuple[tuple[int, float], ...]:
    """The word itself, and its character 3- to 5-grams at half weight: they forgive typos and endings."""
    framed = f"<{word}>"
    grams = {framed[i : i + n] for n in (3, 4, 5) for i in range(len(framed) - n + 1)} - {framed}
    share = 0.5 / max(1.0, len(grams) ** 0.5)
    return ((_hash(word), 1.0), *((_hash("~" + gram), share) for gram in sorted(grams)))


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) & (BUCKETS - 1)


def similarities(text: str, options: Sequence[str]) -> list[float]:
    """0..1 for each option: the cosine of the hashed features."""
    if not options:
        return []
    rows: Any = features([text, *options]).dense()
    return [float(min(1.0, max(0.0, value))) for value in rows[1:] @ rows[0]]
