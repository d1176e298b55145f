"""What the store asks of the rules about a proposal that a person changed."""

import pytest

from app.workflow.judge import RulesJudge
from store.contract import Claim, Evidence
from tests.workflow.given import action, proposal, rules

ORDER = Evidence(id="o1", kind="record", title="order HF-1", quote="Candle, €16.90, paid by card ••3821")


def reasons(said: str, refunded: int) -> list[str]:
    made = proposal(
        action("refund", refunded, description=f"Refund €{refunded / 100:.2f} for order HF-1", target="HF-1"),
        text=said,
        evidence=(ORDER,),
        claims=(Claim(text=said, evidence_ids=("o1",)),),
    )
    return [reason.text for reason in RulesJudge(rules()).gate(made, {}).reasons if reason.code == "unproven_claim"]


@pytest.mark.parametrize("said", ["We have refunded €16.90 for order HF-1.", "We refund €16.90 for order HF-1."])
def test_an_edited_amount_no_longer_carries_the_sentence_that_names_the_old_one(said: str) -> None:
    assert reasons(said, 1690) == []
    assert any("€16.90" in reason for reason in reasons(said, 1000))


def test_a_record_may_still_be_quoted_beside_another_refund() -> None:
    assert not any(
        "what the action does" in reason for reason in reasons("The candle of order HF-1 cost €16.90.", 1000)
    )
