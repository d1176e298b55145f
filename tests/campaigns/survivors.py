"""Mutants that no test can notice, each with the reason: the changed rule means the same."""

# ruff: noqa: E501  the names are whole lines of source

EQUIVALENT: dict[str, str] = {
    "differences: pairs = sorted(zip(items, new, strict=True), key=repr) [True → False]": "both are of the same length there",
    'contract: "utf-8", "surrogatepass" [\'utf-8\' → other]': "Python finds the codec whatever stands around its name",
    "failures: if status == 500 or status > 504: [Gt → GtE]": "504 is temporary and does not come so far",
    "matters: ids = (identifier.lstrip(\"#\").casefold() for identifier in _ID.findall(text)) ['#' → other]": "no id begins with a question mark",
    "routing: return False [returns None]": "who asks takes nothing for no",
    "routing: if not _kept or _kept[0][0] is not rules.triggers: [0 + 1] #2": "only spares work: the rules are taken apart again",
    "repeats: return _contact(message, best) if most > _demanded(message.text, here=here) else None [Gt → GtE]": "points are never exactly as many as are demanded",
    "proof: asked_facts, asked_words = (_facts(asked), _words(asked)) if asked and (reading.facts or reading.names) else _NONE [And → Or]": "only spares work: nothing is looked up in what was read",
    'proof: word = sentence.split(" ", 1)[0] [1 + 1]': "only the first part is taken",
    'proof: return "" if "{" in word else word [returns None]': "only spares work: every sentence is looked for under one word",
    "proof: return names is not None and all(each in people or each in _NAMED_BY_ALL for each in names) [returns None]": "only spares work: a courtesy that is judged in full passes too",
    "proof: return names is not None and all(each in people or each in _NAMED_BY_ALL for each in names) [Or → And]": "only spares work: a courtesy that is judged in full passes too",
    "proof: if heard.states or heard.promises or reading.facts or not (_asks(sentence) or polite(sentence)): [Or → And] #2": "only spares work: a courtesy that is judged in full passes too",
    "proof: return () if SIGN_OFF.search(sentence) else tuple(map(_bare, reading.names)) [returns None]": "only spares work: a courtesy that is judged in full passes too",
    "proof: if _kept and _kept[0][0] is rules.messages: [0 + 1] #2": "only spares work: the catalogue is made again",
    "proof: if not (sentence.startswith(begins) and sentence.endswith(ends)): [And → Or]": "only spares work: the pattern asks the same",
    "proof: continue [continue → pass] #3": "only spares work: the pattern asks the same",
    "proof: return False [returns None]": "who asks takes nothing for no",
    "proof: if (text.isascii() or not _ODD.search(text)) and deeds.plainly_name(text): [Or → And]": "only spares work: the text is read in full",
    "proof: if not _named or _named[0][0] is not rules.models: [0 + 1] #2": "only spares work: the names are made again",
    'proof: return ids is not None and all(reads_as(("id", each.lstrip("#").casefold()), each, low) for each in ids) [returns None]': "only spares work: the text is read in full",
    'proof: return ids is not None and all(reads_as(("id", each.lstrip("#").casefold()), each, low) for each in ids) [\'id\' → other]': "only spares work: the text is read in full",
    'proof: return ids is not None and all(reads_as(("id", each.lstrip("#").casefold()), each, low) for each in ids) [\'#\' → other]': "only spares work: the text is read in full",
    "reading: kind, text = match.lastgroup or \"word\", match[0] ['word' → other]": "every token has a named kind",
    'reading: return str(int(digits or "0") * 100 + int((cents + "00")[:2] or "0")) [\'0\' → other]': "two digits are always there",
    'stops: if last.endswith("y") and len(last) > 3 and last[-2] not in "aeiou": [\'aeiou\' → other]': "a question mark is never the letter before an ending",
}
