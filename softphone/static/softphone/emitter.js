/* Events of our own objects: plain values, no DOM. */

export class Emitter {
  #handlers = new Map();

  /** Hear an event; the returned function ends that. */
  on(name, handler) {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  emit(name, ...values) {
    for (const handler of [...(this.#handlers.get(name) ?? [])]) {
      try {
        handler(...values);
      } catch (error) {
        console.error(error); // one listener's mistake must not end a call
      }
    }
  }
}
