// The page: signing in, and the tabs that a token's rights allow.

import { ApiError, getJson, token, whenExpired } from "./api.js";
import { auditTab } from "./audit.js";
import { announce, find, isBusy, setBusy } from "./dom.js";
import { enrollTab } from "./enroll.js";
import { identifyTab } from "./identify.js";
import { peopleTab } from "./people.js";

const TABS = {
  identify: { make: identifyTab, allowed: (rights) => rights.includes("identify") || (rights.includes("verify") && rights.includes("list")) },
  enroll: { make: enrollTab, allowed: (rights) => rights.includes("enroll") },
  people: { make: peopleTab, allowed: (rights) => rights.includes("list") },
  audit: { make: auditTab, allowed: (rights) => rights.includes("audit") },
};
// Where there are names, results, chosen videos and errors.
const HOLDS = "[data-outcome], [data-chooser], [data-error], #claim, #claim-more, #people, #people-count, #audit-lines, #announcer, #delete-title";
let tabs = {};
let shown = null;

/** Nothing that somebody saw, chose or typed stays for the next one. */
function clear() {
  for (const form of document.forms) form.reset();
  for (const place of document.querySelectorAll(HOLDS)) place.replaceChildren();
  find("#filter").value = "";
  find("#claim-field").hidden = true;
  find("#claim-search").hidden = true;
}

function showSignIn(message = "") {
  if (shown) tabs[shown].leave();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  shown = null;
  find("#app").hidden = true;
  find("#account").hidden = true;
  find("#sign-in").hidden = false;
  find("#sign-in-message").textContent = message;
  clear();
  find("#token").focus();
}

function showApp(session) {
  clear();
  find("#sign-in").hidden = true;
  find("#app").hidden = false;
  find("#account").hidden = token.get() === null;
  find("#account-label").textContent = session.label;
  tabs = {};
  for (const [name, { make, allowed }] of Object.entries(TABS)) {
    const can = allowed(session.rights);
    find(`#tab-${name}`).hidden = !can;
    if (can) tabs[name] = make(find(`#panel-${name}`), session);
  }
  const first = Object.keys(tabs)[0];
  if (first) {
    select(first);
    return;
  }
  token.forget();
  showSignIn("This token has no right that this page could use.");
}

function select(name, focus = false) {
  if (shown && shown !== name) tabs[shown]?.leave();
  shown = name;
  for (const other of Object.keys(TABS)) {
    const tab = find(`#tab-${other}`);
    tab.setAttribute("aria-selected", String(other === name));
    tab.tabIndex = other === name ? 0 : -1;
    find(`#panel-${other}`).hidden = other !== name;
  }
  if (focus) find(`#tab-${name}`).focus();
  tabs[name].show();
}

function moveAlongTabs(event) {
  const names = Object.keys(tabs);
  const place = names.indexOf(shown);
  const moves = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: names.length - 1 };
  if (!(event.key in moves)) return;
  event.preventDefault();
  select(names.at(moves[event.key] % names.length), true);
}

whenExpired((detail) => {
  // Whether the token was any good is for signing in to say.
  if (shown === null) return;
  token.forget();
  showSignIn(`Please sign in again: ${detail}.`);
});

find("#sign-in-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = find("#sign-in-form [type=submit]");
  if (isBusy(button)) return;
  const given = find("#token").value.trim();
  if (!/^[\x21-\x7e]+$/.test(given)) {
    find("#sign-in-message").textContent = "A token is a word of letters and digits that begins with gp_.";
    return;
  }
  token.set(given);
  setBusy(button, true);
  try {
    showApp(await getJson("/api/v1/session"));
    if (shown) {
      announce("Signed in");
      find(`#tab-${shown}`).focus();
    }
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    token.forget();
    showSignIn(problem.status === 401 ? "This token is not valid here, or no longer." : problem.sentence);
  } finally {
    setBusy(button, false);
  }
});
find("#sign-out").addEventListener("click", () => {
  token.forget();
  showSignIn();
});
for (const name of Object.keys(TABS)) find(`#tab-${name}`).addEventListener("click", () => select(name));
find("#tabs").addEventListener("keydown", moveAlongTabs);
// Beside the place for it, a dropped file would replace the page.
for (const event of ["dragover", "drop"]) {
  document.addEventListener(event, (drag) => {
    if (drag.dataTransfer.types.includes("Files")) drag.preventDefault();
  });
}

async function begin() {
  try {
    // A token that this tab still has, or a service that needs none.
    if (token.get() || !(await getJson("/api/health")).needs_token) showApp(await getJson("/api/v1/session"));
    else showSignIn();
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    if (problem.status === 401) {
      token.forget();
      showSignIn("Please sign in again: the token is no longer valid.");
    } else {
      // The token may be good all the same, and is shown to nobody again.
      showSignIn(token.get() ? `${problem.sentence} Reload the page to try again.` : problem.sentence);
    }
  }
}

begin();
