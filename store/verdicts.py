"""What a person's verdicts make of a proposal: which actions run, with which arguments, and what the customer reads."""

from __future__ import annotations

from dataclasses import dataclass

from store.contract import DECISIONS, REPLY, Action, Approve, Edit, Proposal, Reject, Respond, Verdict
from store.judge import Judge
from store.queue import Invalid


@dataclass(frozen=True)
class Chosen:
    """The proposal as the person wants it. `changed`: other values than shown; `overrides`: not approved as it was."""

    proposal: Proposal
    effect: str
    changed: bool
    overrides: bool

    @property
    def lets_go(self) -> bool:
        return bool(self.proposal.actions) or self.proposal.customer_reply is not None


def choose(judge: Judge, proposal: Proposal, verdicts: tuple[Verdict, ...], *, partial: bool = False) -> Chosen:
    """Applies the verdicts. Raises `Invalid` unless every id is answered exactly once (`partial`: at most once).

    A `respond` on an action is told to the customer in place of the drafted reply, unless the reply was edited by hand:
    then it follows the edited text.
    """
    given = _by_id(proposal, verdicts, partial)
    actions, told, words = [], [], []
    for action in proposal.actions:
        verdict = given.get(action.action_id, Approve(action_id=action.action_id))
        _taken(action, verdict)
        kept = _act(judge, action, verdict)
        if kept is not None:
            actions.append(kept)
            words.append(kept.description or kept.kind)
        if isinstance(verdict, Respond):
            told.append(verdict.message)
    reply = _reply(proposal, given.get(REPLY), told)
    if reply is not None:
        words.append("reply")
    chosen = proposal.model_copy(update={"actions": tuple(actions), "customer_reply": reply})
    return Chosen(
        proposal=chosen,
        effect=", ".join(words) or "rejected",
        changed=chosen.actions != proposal.actions or reply != proposal.customer_reply,
        overrides=any(not isinstance(verdict, Approve) for verdict in verdicts),
    )


def _taken(action: Action, verdict: Verdict) -> None:
    """Raises `Invalid` for a decision that the sender of an outside action does not take."""
    takes = action.args_schema.get(DECISIONS)
    if isinstance(takes, list) and verdict.type not in takes:
        raise Invalid(f"The sender of {action.kind} takes no {verdict.type}: {', '.join(map(str, takes))}.")


def _by_id(proposal: Proposal, verdicts: tuple[Verdict, ...], partial: bool) -> dict[str, Verdict]:
    wanted = proposal.to_decide()
    ids = [verdict.action_id for verdict in verdicts]
    unknown = [one for one in ids if one not in wanted]
    if unknown:
        raise Invalid(f"There is no {unknown[0]!r} to decide here; there are: {', '.join(wanted)}.")
    if len(set(ids)) != len(ids) or (len(ids) != len(wanted) and not partial):
        raise Invalid(f"Each of {', '.join(wanted)} must be decided exactly once; {len(ids)} verdicts came.")
    return {verdict.action_id: verdict for verdict in verdicts}


def _act(judge: Judge, action: Action, verdict: Verdict) -> Action | None:
    if isinstance(verdict, Approve):
        return action
    if isinstance(verdict, Edit):
        return action if verdict.args == action.args else judge.edited(action, verdict.args)
    return None


def _reply(proposal: Proposal, verdict: Verdict | None, told: list[str]) -> str | None:
    if isinstance(verdict, Edit):
        text = verdict.args.get("text")
        if set(verdict.args) != {"text"} or not isinstance(text, str) or not text.strip():
            raise Invalid("reply: an edited reply is {text: …} and is not empty.")
        return "\n\n".join([text, *told])
    if isinstance(verdict, Respond):
        return "\n\n".join([verdict.message, *told])
    if told:
        return "\n\n".join(told)
    if isinstance(verdict, Reject):
        return None
    if isinstance(verdict, Approve) and proposal.customer_reply is None:
        raise Invalid("Nothing is proposed here to approve: write the reply, reject, or send it round again.")
    return proposal.customer_reply
