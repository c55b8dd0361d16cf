// The tab with everybody who is known: rename, delete.

import { ApiError, change, latestJson, picture } from "./api.js";
import { announce, find, icon, isBusy, make, setBusy, showPicture, whenTyped } from "./dom.js";
import { plural, when } from "./words.js";

const PAGE = 200;
// From so many people on there is something to look for.
const FILTERED_FROM = 8;

export function peopleTab(panel, session) {
  const list = find("#people");
  const error = find("[data-error]", panel);
  const filter = find("#filter");
  const more = find("#people-more");
  const heading = find("h1", panel);
  heading.tabIndex = -1;
  let people = [];
  let total = 0;
  const getPeople = latestJson();
  // Pictures by people's ids; one is asked for when it comes into view, and once.
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
    try {
      const page = await getPeople(`/api/v1/people?${new URLSearchParams({ name: filter.value.trim(), limit: PAGE, offset })}`);
      if (page === null) return;
      people = offset ? [...people, ...page.people] : page.people;
      total = page.total;
      draw();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      error.textContent = problem.sentence;
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
    const portrait = await portraits.get(id);
    if (portrait === null) return;
    const image = make("img", { alt: "" });
    place.replaceChildren(image);
    showPicture(image, portrait);
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
      return { said: "Renamed" };
    });
    find("#new-name").select();
  }

  function remove(person) {
    find("#delete-title").textContent = `Delete ${person.name}?`;
    ask(find("#delete-dialog"), async () => {
      const done = await change("DELETE", `/api/v1/people/${person.person_id}`);
      portraits.delete(person.person_id);
      return { said: `${person.name} is deleted`, warning: done.warning && `${person.name}: ${done.warning}.` };
    });
  }

  /** Open a dialog; its submit does `work`, and closes it when that succeeded, unless it asks something else by then. */
  function ask(dialog, work) {
    const form = find("form", dialog);
    const wrong = find("[data-error]", dialog);
    const opener = document.activeElement;
    wrong.textContent = "";
    find("[data-cancel]", dialog).onclick = () => dialog.close();
    dialog.onclose = () => (opener?.isConnected ? opener : heading).focus();
    const submit = async (event) => {
      event.preventDefault();
      const button = find("[type=submit]", form);
      if (isBusy(button)) return;
      setBusy(button, true);
      try {
        const { said, warning } = await work();
        await load();
        if (form.onsubmit === submit) dialog.close();
        announce(said);
        if (warning) error.textContent = warning;
      } catch (problem) {
        if (!(problem instanceof ApiError)) throw problem;
        (dialog.open && form.onsubmit === submit ? wrong : error).textContent = problem.sentence;
      } finally {
        setBusy(button, false);
      }
    };
    form.onsubmit = submit;
    dialog.showModal();
  }

  const callOff = whenTyped(filter, () => load());
  more.onclick = () => load(people.length);
  return { show: () => load(), leave: callOff };
}
