// Small helpers around the document. Text from the service becomes text nodes, never markup.

// Milliseconds without a keystroke after which what was typed counts.
const TYPED = 200;

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

/** Call something once nobody has typed into a field for a moment; returns what calls it off. */
export function whenTyped(field, work) {
  let waiting = null;
  field.oninput = () => {
    clearTimeout(waiting);
    waiting = setTimeout(work, TYPED);
  };
  return () => clearTimeout(waiting);
}

/** Show a picture from memory, which is let go of with the image. */
export function showPicture(image, blob) {
  const address = URL.createObjectURL(blob);
  for (const event of ["load", "error"]) image.addEventListener(event, () => URL.revokeObjectURL(address), { once: true });
  image.src = address;
}
