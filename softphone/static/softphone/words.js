/* Words that belong to no language. */

/** A telephone number without its signs gets the one that says it is international; anything else stays. */
export function numberWords(text) {
  return /^\d{7,15}$/.test(text) ? `+${text}` : text;
}
