// The tab with everybody who is known: rename, delete.

import { ApiError, change, getJson, picture } from "./api.js";
import { announce, find, icon, isBusy, make, plural, setBusy, when } from "./dom.js";
import { sentence } from "./identify.js";

const PAGE = 200;
// From so many people on there is something to look for.
const FILTERED_FROM = 8;
// Milliseconds without a keystroke after which a name is looked for.
const TYPED = 200;

export function peopleTab(panel, session) {
  const list = find("#people");
  const error = find("[data-error]", panel);
  const filter = find("#filter");
  const more = find("#people-more");
  const heading = find("h1", panel);
  heading.tabIndex = -1;
  let people = [];
  let total = 0;
  // How often people were asked for: an answer to anything but the latest question is not shown.
  let questions = 0;
  let typing = null;
  // Addresses of pictures by people's ids; one is asked for when it comes into view, and once.
  const portraits = new Map();
  const viewed = new IntersectionObserver((places) => {
    for (const { isIntersecting, target } of places) {
      if (!isIntersecting) continue;
      viewed.unobserve(target);
      showPortrait(target);
    }
  });

  async function load(offset = 0) {
    error.textContent = "";
    questions += 1;
    const question = questions;
    try {
      const page = await getJson(`/api/v1/people?${new URLSearchParams({ name: filter.value.trim(), limit: PAGE, offset })}`);
      if (question !== questions) return;
      people = offset ? [...people, ...page.people] : page.people;
      total = page.total;
      draw();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      error.textContent = sentence(problem);
    }
  }

  function draw() {
    const sought = filter.value.trim() !== "";
    find("#people-count").textContent = total ? plural(total, "person", "people") : "";
    find("#filter-field").hidden = !sought && total < FILTERED_FROM;
    viewed.disconnect();
    list.replaceChildren(...people.map(item));
    if (!people.length) list.append(make("p", { class: "empty" }, sought ? "Nobody has a name like this." : "Nobody is enrolled yet."));
    more.hidden = people.length >= total;
  }

  async function showPortrait(place) {
    const id = place.dataset.person;
    if (!portraits.has(id)) {
      portraits.set(id, picture(`/api/v1/people/${id}/picture`).catch(() => {
        portraits.delete(id); // Not everybody has one.
        return null;
      }));
    }
    const address = await portraits.get(id);
    if (address) place.replaceChildren(make("img", { src: address, alt: "" }));
  }

  function item(person) {
    const portrait = make("span", { class: "portrait", "data-person": person.person_id }, icon("person"));
    viewed.observe(portrait);
    const actions = make("span", { class: "actions" });
    if (session.rights.includes("enroll")) {
      actions.append(make("button", { type: "button", "aria-label": `Rename ${person.name}`, on: { click: () => rename(person) } }, "Rename"));
    }
    if (session.rights.includes("delete")) {
      actions.append(make("button", { type: "button", "aria-label": `Delete ${person.name}`, on: { click: () => remove(person) } }, "Delete"));
    }
    const what = `${plural(person.templates, "template", "templates")}, last ${when(person.last_enrolled_at)}`;
    return make("li", {}, portrait, make("div", {}, make("p", { class: "who" }, person.name), make("p", { class: "what" }, what)), actions);
  }

  function rename(person) {
    find("#new-name").value = person.name;
    ask(find("#rename-dialog"), async () => {
      await change("PATCH", `/api/v1/people/${person.person_id}`, { name: find("#new-name").value.trim() });
      return "Renamed";
    });
    find("#new-name").select();
  }

  function remove(person) {
    find("#delete-title").textContent = `Delete ${person.name}?`;
    ask(find("#delete-dialog"), async () => {
      const done = await change("DELETE", `/api/v1/people/${person.person_id}`);
      return done.warning ? `${person.name}: ${done.warning}` : `${person.name} is deleted`;
    });
  }

  /** Open a dialog; its submit does `work`, and closes it when that succeeded. */
  function ask(dialog, work) {
    const form = find("form", dialog);
    const wrong = find("[data-error]", dialog);
    const opener = document.activeElement;
    wrong.textContent = "";
    find("[data-cancel]", dialog).onclick = () => dialog.close();
    dialog.onclose = () => (opener?.isConnected ? opener : heading).focus();
    form.onsubmit = async (event) => {
      event.preventDefault();
      const button = find("[type=submit]", form);
      if (isBusy(button)) return;
      setBusy(button, true);
      try {
        const said = await work();
        await load();
        dialog.close();
        announce(said);
      } catch (problem) {
        if (!(problem instanceof ApiError)) throw problem;
        wrong.textContent = sentence(problem);
      } finally {
        setBusy(button, false);
      }
    };
    dialog.showModal();
  }

  filter.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(() => load(), TYPED);
  };
  more.onclick = () => load(people.length);
  return { show: () => load(), leave: () => clearTimeout(typing) };
}
