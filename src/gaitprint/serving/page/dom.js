// Small helpers around the document. Text from the service becomes text nodes, never markup.

export const find = (selector, within = document) => within.querySelector(selector);

/** Make an element: make("p", { class: "hint" }, "text", otherElement). Handlers are given as on: { click }. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (value === true) {
      element.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(key, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Let screen readers say something that sighted people see happen. */
export function announce(text) {
  find("#announcer").textContent = text;
}

/** Buttons that work on something stay in the tab order, and do nothing. */
export const isBusy = (button) => button.getAttribute("aria-disabled") === "true";
export const setBusy = (button, busy) => button.setAttribute("aria-disabled", String(busy));

export const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** A probability in per cent, never as certain as 0 or 100. */
export function percentage(probability) {
  if (probability === null) return "–";
  if (probability < 0.001) return "< 0.1 %";
  if (probability > 0.999) return "> 99.9 %";
  return `${(100 * probability).toFixed(1)} %`;
}

export function when(stamp) {
  const moment = new Date(stamp);
  return Number.isNaN(moment.getTime()) ? "" : moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
