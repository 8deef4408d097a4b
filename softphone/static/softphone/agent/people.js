/* Who else is in the call: third persons whom the agent adds and removes, and supervisors who have joined or whisper. */

import { announce, byId, draw, icon, say } from "../page.js";
import { Picker } from "./lists.js";

const SIGNS = { third: "person", agent: "support_agent", supervisor: "shield_person" };
const WAYS = { agent: ["add"], queue: [], phone: ["add"] };

export class People {
  #act;
  #drawn = "[]";
  #names = new Map(); // by leg, with what they do: to tell what has changed

  /** `done` is told when somebody has been asked for. */
  constructor(act, done) {
    this.#act = act;
    this.picker = new Picker(byId("people-search"), byId("people-list"), act, WAYS, async (type, to) => {
      const isAsked = await act("addPerson", type, to);
      byId("people-problem").hidden = Boolean(isAsked);
      if (isAsked) done();
    });
  }

  /** Show what the server knows of the call; nothing when there is none. */
  draw(known) {
    const people = known?.people ?? [];
    if (!known) this.#names.clear(); // of an earlier call: nothing to tell of it
    byId("whispered").hidden = !known?.whispered;
    const text = JSON.stringify(people);
    if (text === this.#drawn) return;
    this.#drawn = text;
    byId("people").hidden = people.length === 0;
    byId("people").replaceChildren(...people.map((each) => this.#line(each)));
    this.#tell(people);
  }

  #line(person) {
    const { leg, name, kind, state, canRemove } = person;
    const label = say("people.remove", { name });
    const remove = () => this.#act("removePerson", leg);
    const button = draw("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: remove }, icon("person_remove"));
    const does = draw("span", { class: state === "rings" ? "state is-ringing" : "state is-free" }, say(stateOf(person)));
    return draw("li", {}, draw("div", {}, draw("strong", {}, icon(SIGNS[kind]), " ", name), does), canRemove ? button : "");
  }

  /** Screen readers hear who has come, answered or gone. */
  #tell(people) {
    const now = new Map(people.map((each) => [each.leg, { name: each.name, text: stateOf(each) }]));
    const news = [];
    for (const [leg, { name, text }] of now) {
      if (this.#names.get(leg)?.text !== text) news.push(`${name}: ${say(text)}`);
    }
    for (const [leg, { name }] of this.#names) {
      if (!now.has(leg)) news.push(say("people.gone", { name }));
    }
    this.#names = now;
    if (news.length) announce(news.join(". "));
  }
}

function stateOf({ kind, state }) {
  return kind === "third" ? `people.${state}` : `people.${kind}`;
}
