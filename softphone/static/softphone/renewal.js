/* What to do when the sound was there and is lost: make it anew, again and again for a while, and then give up. */

const CLOSES_BY_ITSELF_MS = 2000; // a gap in a wireless net
const TRY_AGAIN_MS = 6000; // an offer without sound by then was lost on its way
const GIVE_UP_MS = 25000; // engines keep a browser of which they hear nothing for thirty seconds

export class Renewal {
  #renew;
  #giveUp;
  #since = 0;
  #timer = 0;

  constructor({ renew, giveUp }) {
    this.#renew = renew;
    this.#giveUp = giveUp;
  }

  get isOn() {
    return this.#since > 0;
  }

  begin() {
    if (this.isOn) return;
    this.#since = performance.now();
    this.#timer = setTimeout(() => this.#try(), CLOSES_BY_ITSELF_MS);
  }

  /** There is a way again: do not wait for a timer. */
  hurry() {
    if (this.isOn) this.#try();
  }

  end() {
    clearTimeout(this.#timer);
    this.#since = 0;
  }

  #try() {
    clearTimeout(this.#timer);
    if (performance.now() - this.#since > GIVE_UP_MS) {
      this.end();
      this.#giveUp();
      return;
    }
    this.#timer = setTimeout(() => this.#try(), TRY_AGAIN_MS);
    this.#renew();
  }
}
