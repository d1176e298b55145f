"""Under which key an outside proposal is kept: its filer's own, so no other filer's and no customer message's."""

from __future__ import annotations

from urllib.parse import quote

from sqlmodel import Session

from store.contract import Proposal
from store.tables import ProposalRow

_MARK = "outside:"


def kept(session: Session, item: Proposal) -> Proposal:
    """The proposal under its key. One that this filer filed before there were such keys stays under its bare one."""
    bare = session.get(ProposalRow, item.request_id)
    if bare is not None and bare.how == "review" and _filer(bare) == item.source.system:
        return item
    return item.model_copy(update={"request_id": _key(item)})


def asked(item: Proposal) -> Proposal:
    """The proposal with the request id that its filer gave."""
    start = _key(item.model_copy(update={"request_id": ""}))
    return item.model_copy(update={"request_id": item.request_id.removeprefix(start)})


def message_key(key: str) -> str:
    """A message's key: never one of these."""
    return f"message:{key}" if key.startswith(_MARK) else key


def _key(item: Proposal) -> str:
    return f"{_MARK}{quote(item.source.system, safe='')}:{item.request_id}"


def _filer(row: ProposalRow) -> str:
    return Proposal.model_validate_json(row.body).source.system
