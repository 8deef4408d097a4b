/* How the page comes to its token: made for an agent by our server, pasted, or in the address's fragment. */

import { ask, csrf } from "../page.js";

const KEPT = "softphone.access"; // in the tab, so that loading the page again needs no second choice
const RENEW_BEFORE_MS = 60_000;
const AGAIN_MS = 15_000;

/** Shape: {userId} for an agent of ours, {token} otherwise. */
export function keptAccess() {
  const fragment = new URLSearchParams(location.hash.slice(1)).get("token");
  if (fragment) {
    history.replaceState(null, "", location.pathname + location.search); // it is nobody's business on the screen
    keepAccess({ token: fragment });
  }
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

export function keepAccess(access) {
  if (access) sessionStorage.setItem(KEPT, JSON.stringify(access));
  else sessionStorage.removeItem(KEPT);
}

/** Gets tokens, and renews those of our server before they end. */
export class Access {
  #timer = 0;

  constructor(access, address) {
    this.access = access;
    this.address = address;
    this.onRenewed = () => {};
  }

  get canRenew() {
    return Boolean(this.access.userId);
  }

  async token() {
    if (!this.canRenew) return this.access.token;
    const { token, expires } = await ask(this.address, { method: "POST", headers: csrf(), body: { userId: this.access.userId } });
    this.#renewIn(expires * 1000 - Date.now() - RENEW_BEFORE_MS);
    return token;
  }

  #renewIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        this.onRenewed(await this.token());
      } catch {
        this.#renewIn(AGAIN_MS); // the server is away, or the user is signed out: the old token still serves
      }
    }, Math.max(AGAIN_MS, ms));
  }

  end() {
    clearTimeout(this.#timer);
  }
}

/** Who a token is for, unchecked: for the names of locks and of what is kept in the browser. */
export function nameOf(token) {
  try {
    const claims = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    return `${claims.iss}:${claims.userId}`;
  } catch {
    return "unknown";
  }
}
