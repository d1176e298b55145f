"""Makes the fit of the default intents that comes with the package: `python -m app.models.built_in`.

It is to be made anew whenever the default examples or the code that fits them change; until then the old one is not found
(`kept.key`), and a first start fits for itself, which takes seconds.
"""

from __future__ import annotations

import sys

from app.models import kept, minilm
from app.models.fitting import fit
from app.models.pair import Pair
from config.load import load


def default_key() -> str:
    """What the built-in fit must have been made from."""
    return kept.key(default_examples(), (), strong=True)


def default_examples() -> dict[str, tuple[str, ...]]:
    """The examples of the default intents, without a team's own rules and reviewed tickets."""
    return {name: entry.examples for name, entry in load().intents.items() if entry.examples}


def fitted() -> Pair:
    """A fresh fit. Raises RuntimeError where the strong half does not load: half a fit is not to be shipped."""
    if why := minilm.available():
        raise RuntimeError(why)
    return fit(default_examples())[0]


def main() -> int:
    if kept.load(kept.BUILT_IN, default_key()) is not None:
        print("The built-in fit is that of the default intents already.")
        return 0
    kept.save(kept.BUILT_IN, default_key(), fitted(), newest=1)
    found = kept.load(kept.BUILT_IN, default_key()) is not None
    print("Made." if found else f"{kept.BUILT_IN} cannot be written to.")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
