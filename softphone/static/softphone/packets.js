/* The words of the wire protocol (docs/softphone-protocol.md). A packet is {service, body}. */

export const SERVICE = Object.freeze({
  PING: 1,
  LOGIN: 2,
  CALL: 26,
  DESCRIBE: 27, // and 29 from the server: session descriptions and candidates
  HANG_UP: 28,
  DESCRIBED: 29,
  ENDED: 30,
  STATE: 31, // and 32 from the server
  STATED: 32,
  INCOMING: 33,
  KEYS: 34,
  SEND_INFO: 36,
  INFO: 37,
  OTHER_DEVICE: 38,
  SEND_MESSAGE: 54,
  MESSAGE: 55,
  HOLD: 100,
  TRANSFER: 101,
  TOPIC: 102,
  DEVICES: 104,
  EXISTS: 205,
});

export const LOGIN = Object.freeze({ OK: 0, TOKEN_EXPIRED: 6, ELSEWHERE: 15 });
export const ANSWERED = 200;
export const BUSY = 486;

/* Why a call is over, in words of our own; `texts.js` says them as `ended.<why>`. */
const BY_CODE = new Map([
  [404, "no_number"],
  [408, "no_answer"],
  [480, "unreachable"],
  [486, "busy"],
  [487, "cancelled"],
  [503, "congestion"],
  [603, "declined"],
]);

/** Why a call ended that the server ended with this code; without one somebody hung up. */
export function whyOf(code) {
  if (!Number.isInteger(code) || code < 400) return "remote";
  return BY_CODE.get(code) ?? "failed";
}

/** An id such as `web-2f0c…`, also where the page has no secure context. */
export function newId(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${prefix}-${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}
