"""The sentence above a case: who has it open, what state it is in, whose draft waits. Pure."""

from __future__ import annotations

from textual.content import Content

from app.desk import deciding, keys, people
from app.desk.figures import clock
from app.desk.words import line, lines, short, words
from store.contract import Review

NOTE_CAP = 200


def first(review: Review, me: str) -> Content:
    """What to know before anything is done with it; empty when there is nothing."""
    if review.state != "open":
        return words(deciding.settled(review, None, None, ""), "$warning")
    if review.claimed_by and review.claimed_by != me:
        until = f" until {clock(review.claimed_until)}" if review.claimed_until else ""
        return held(f"{review.claimed_by} has it open{until}.")
    return lines([part for part in (stale(review), spoken_to(review, me), draft(review)) if part])


def stale(review: Review) -> Content:
    """That a fact is another by now; empty when none is known to be."""
    found = deciding.outdated(review)
    if not found:
        return Content("")
    said = f"No longer so: {short('; '.join(found), NOTE_CAP)}. What rests on it would be refused. "
    return line(("✗ ", "bold $error"), (said, "$error"), *key("retry", "sends it round again"))


def held(said: str) -> Content:
    """That another has it, in a sentence, and where to go on."""
    return line(("◆ ", "bold $warning"), (f"{said} You can read it; ", "$warning"), *key("next", "takes the next one"))


def lost(said: str, *, kept: bool, sending: bool) -> Content:
    """That the claim is gone, in the store's sentence, and how to take the case again. `sending`: a decision was made."""
    then = key("edit", "goes on with your edits") if kept else key("open", "takes it again")
    return line(("✗ ", "bold $error"), (f"{'Not sent. ' if sending else ''}{said} ", "$error"), *then)


def unreached(said: str) -> Content:
    """That the store took nothing."""
    return line(("✗ ", "bold $error"), (f"Not sent. {said} Nothing is queued.", "$error"))


def key(key_id: str, does: str, style: str = "") -> tuple[tuple[str, str], ...]:
    """A key and what it does, as the end of a sentence; nothing where no key is set."""
    shown = keys.shown(key_id)
    return ((shown, "bold $primary"), (f" {does}.", style)) if shown else ()


def nothing_to_approve() -> Content:
    """What to do instead, where neither a reply nor an action is proposed."""
    write, end = keys.shown("respond"), keys.shown("reject")
    said = (
        f"Nothing is proposed that could be approved: {write} writes the customer a reply, {end} ends it without one."
    )
    return words(said, "$warning")


def spoken_to(review: Review, me: str) -> Content:
    """The newest note that mentions me; empty when none does."""
    notes = people.mentioned(review.notes, me)
    if not notes:
        return Content("")
    told = short(notes[-1].text.replace("\n", " "), NOTE_CAP)
    return line(("✎ ", "bold $accent"), (f"{notes[-1].actor}, {clock(notes[-1].at)}: {told}", "$accent"))


def draft(review: Review) -> Content:
    """That edits were kept."""
    if review.draft is None:
        return Content("")
    said = f"{review.draft.actor} left a draft at {clock(review.draft.at)}: {keys.shown('edit')} goes on with it."
    return line(("✎ ", "bold $accent"), (said, "$accent"))
