/** The states of a function: their names, order and what they mean. */
import type { Standing, State } from "../report/standing.ts";
import { h, number } from "./dom.ts";

interface StateText {
  readonly label: string;
  readonly meaning: string;
}

/** In the order in which bars show them. */
export const STATES: readonly State[] = ["donePure", "doneBridged", "readyPure", "readyBridged", "legacy"];

export const STATE_TEXTS: Readonly<Record<State, StateText>> = {
  donePure: { label: "HPy", meaning: "HPy code today" },
  doneBridged: { label: "HPy, bridged", meaning: "HPy code today, with single calls of the C API" },
  readyPure: { label: "ready", meaning: "a step moves it to HPy" },
  readyBridged: { label: "ready, bridged", meaning: "a step moves it, with single calls of the C API" },
  legacy: { label: "legacy", meaning: "stays on the C API for now" },
};

export function doneOf(standing: Standing): number {
  return standing.donePure + standing.doneBridged;
}

export function movedOf(standing: Standing): number {
  return doneOf(standing) + standing.readyPure + standing.readyBridged;
}

/** Class name that gives an element the colour of a state. */
export function stateClass(state: State): string {
  return `state-${state}`;
}

/** A bar of the shares of a standing; what it shows stands beside it as text, so it is hidden from screen readers. */
export function standingBar(standing: Standing): HTMLElement {
  const bar = h("div", { class: "bar", "aria-hidden": "true" });
  for (const state of STATES) {
    if (standing[state] === 0) continue;
    const part = h("span", { class: stateClass(state), title: `${STATE_TEXTS[state].label}: ${standing[state]}` });
    part.style.flexGrow = String(standing[state]);
    bar.append(part);
  }
  return bar;
}

/** The states that occur, with their numbers. */
export function legend(standing: Standing): HTMLElement {
  const list = h("ul", { class: "legend" });
  for (const state of STATES) {
    if (standing[state] === 0 && state !== "donePure" && state !== "legacy") continue;
    list.append(
      h(
        "li",
        {},
        h("span", { class: `swatch ${stateClass(state)}`, "aria-hidden": "true" }),
        h("strong", {}, number(standing[state])),
        ` ${STATE_TEXTS[state].label}`,
        h("span", { class: "muted" }, ` ${STATE_TEXTS[state].meaning}`),
      ),
    );
  }
  return list;
}

/** The state of a function as a chip of colour and text. */
export function chip(state: State): HTMLElement {
  return h(
    "span",
    { class: "chip", title: STATE_TEXTS[state].meaning },
    h("span", { class: `swatch ${stateClass(state)}`, "aria-hidden": "true" }),
    STATE_TEXTS[state].label,
  );
}
