/* Words that belong to no language. */

/** A telephone number without its signs gets the one that says it is international; anything else stays. */
export function numberWords(text) {
  return /^\d{7,15}$/.test(text) ? `+${text}` : text;
}

/** The other side of a call as people read it. */
export function otherSide({ isIncoming, from, to, fromAlias, toAlias, fromShown }) {
  return isIncoming ? fromShown || numberWords(fromAlias || from) : numberWords(toAlias || to);
}

/** What the other side has called, as people read it; empty in a call that was placed here. */
export function calledNumber(call) {
  const shown = call.isIncoming ? call.toShown || numberWords(call.toAlias) : "";
  return shown === otherSide(call) ? "" : shown;
}
