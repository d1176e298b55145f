"""Asks every operation of the HTTP contract what nobody thought of (schemathesis): no 5xx, no answer that is not documented.

python -m tests.campaigns.contract                  300 examples an operation
python -m tests.campaigns.contract --examples 20    a short run
python -m tests.campaigns.contract --break status   a contract that forgets a status: must fail
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import content_type_conformance, not_a_server_error, response_schema_conformance
from schemathesis.checks import status_code_conformance as documented

from app.server.application import contract
from tests.server.conftest import Team

CHECKS = [not_a_server_error, documented, content_type_conformance, response_schema_conformance]
ENDLESS = {"/v1/events"}
"""Never ends when it is good: its refusals are asked for in tests of their own."""
ROLES = {"/v1/messages": "producer", "/v1/proposals": "producer"}


def operations(told: dict[str, Any]) -> list[Any]:
    schema = schemathesis.openapi.from_dict(told)
    return [found.ok() for found in schema.get_all_operations() if found.ok().path not in ENDLESS]


def asked(team: Team, operation: Any, examples: int) -> int:
    """Asks one operation; returns how often. Raises what a check found."""
    role = ROLES.get(operation.path, "lead")
    headers = {"authorization": f"Bearer {team.served.token(f'the-{role}', role)}"}
    count = 0

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        nonlocal count
        count += 1
        case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        case.call_and_validate(base_url=team.served.url, headers=headers, checks=CHECKS, timeout=30)

    ask()
    return count


def prepared(team: Team) -> dict[str, Any]:
    """The contract of this server, with what may end the asker's own token left out."""
    told = contract(team.served.app)
    for path in ("/v1/tokens/rotate", "/v1/tokens/{token_id}/revoke", "/v1/users/{name}/revoke"):
        del told["paths"][path]
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--break", dest="broken", choices=("status",), default="")
    given_words = parser.parse_args()
    began, found, total = time.monotonic(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        team = Team(Path(folder))
        team.waiting()
        told = prepared(team)
        if given_words.broken:
            for method in told["paths"]["/v1/reviews/{review_id}"].values():
                del method["responses"]["404"]
        for operation in operations(told):
            try:
                total += asked(team, operation, given_words.examples)
            except Exception as failure:
                found.append(f"{operation.method.upper()} {operation.path}: {str(failure)[:600]}")
        well = team.ask("GET", "/v1/health").status_code == 200
        team.close()
    told_words = {"campaign": "contract", "broken": given_words.broken or None, "asked": total, "well_after": well}
    print(json.dumps(told_words | {"seconds": round(time.monotonic() - began), "failures": found}))
    return int(bool(found) or not well)


if __name__ == "__main__":
    sys.exit(main())
