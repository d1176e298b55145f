"""Keeps fitted pairs, so that the same examples are fitted once: in the user's folder, and for the default intents in the
package itself. A file is named by all that it was fitted to, so one that does not fit is never found."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.models import minilm
from app.models.hashed import Packed
from app.models.linear import Head
from app.models.pair import Half, Mix, Pair, Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CODE = ("linear.py", "hashed.py", "minilm.py", "pair.py", "fitting.py", "clauses.py")
"""What a fit depends on besides the examples."""
BUILT_IN = Path(__file__).with_name("fits")
"""Holds the fit of the default intents; `python -m app.models.built_in` makes it."""
NEWEST = 5
"""Fits that a folder keeps: rules that are tried out and taken back need no new one."""


def key(examples: Mapping[str, Sequence[str]], reviewed: Iterable[tuple[str, str]], strong: bool) -> str:
    """Hash of the examples, the reviewed tickets, the code that fits, and whether the strong half is there."""
    digest = hashlib.sha256(json.dumps([examples, list(reviewed), strong], sort_keys=True).encode())
    for name in CODE:
        digest.update(Path(__file__).with_name(name).read_bytes())
    digest.update(minilm.MODEL_SHA256.encode())
    return digest.hexdigest()[:24]


def load(folder: Path, name: str) -> Pair | None:
    """The pair kept under this key, or None where there is none that can be read."""
    import numpy as np

    try:
        with np.load(folder / f"pair-{name}.npz", allow_pickle=False) as kept:
            facts = json.loads(str(kept["facts"]))
            return Pair(
                tuple(facts["labels"]),
                _half("cheap", kept, facts),
                _half("strong", kept, facts) if facts["strong"] else None,
                facts["alone"],
                Mix(tuple(facts["mix"]["one"]), tuple(facts["mix"]["many"])),
                Thresholds(**facts["thresholds"]),
                Thresholds(**facts["alone_thresholds"]),
            )
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def save(folder: Path, name: str, pair: Pair, newest: int = NEWEST) -> None:
    """Write it whole or not at all, and remove all but the newest. A folder that cannot be written to costs a fit at
    each start."""
    import numpy as np

    arrays: dict[str, Any] = {}
    for half in (pair.cheap, pair.strong):
        if half is None:
            continue
        for part in ("one", "many"):
            head: Any = getattr(half, part)
            for slot in _slots(half.which):
                arrays[f"{half.which}_{part}_{slot}"] = getattr(head, slot)
    facts = {
        "labels": pair.labels,
        "strong": pair.strong is not None,
        "alone": pair.alone,
        "mix": asdict(pair.mix),
        "thresholds": asdict(pair.thresholds),
        "alone_thresholds": asdict(pair.alone_thresholds),
        "factors": {h.which: [h.one_factor, h.many_factor] for h in (pair.cheap, pair.strong) if h is not None},
    }
    target = folder / f"pair-{name}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, path = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, facts=np.array(json.dumps(facts)), **arrays)
        Path(path).replace(target)
        others = [old for old in folder.glob("pair-*.npz") if old != target]
        for old in sorted(others, key=lambda file: file.stat().st_mtime, reverse=True)[newest - 1 :]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _half(which: Any, kept: Any, facts: Any) -> Half:
    heads: list[Any] = []
    for part in ("one", "many"):
        found = {slot: kept[f"{which}_{part}_{slot}"] for slot in _slots(which)}
        heads.append(Packed(**found) if which == "cheap" else Head(**found))
    one, many = facts["factors"][which]
    return Half(which, heads[0], heads[1], one, many)


def _slots(which: str) -> tuple[str, ...]:
    return ("bytes_", "scale", "bias") if which == "cheap" else ("weights", "bias")
