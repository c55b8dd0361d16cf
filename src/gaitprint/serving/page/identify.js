// The tab where somebody is identified, or a claim is checked.

import { ApiError, getJson } from "./api.js";
import { chooserIn } from "./chooser.js";
import { announce, find, isBusy, make, setBusy } from "./dom.js";
import { runJob } from "./jobs.js";
import { candidateList, identifiedVerdict, peopleCards, verdict, verifiedVerdict } from "./results.js";

// Names that are offered at once; among more, one is looked for. Milliseconds without a keystroke after which it is.
const OFFERED = 200;
const TYPED = 200;

export function identifyTab(panel, session) {
  const form = find("form", panel);
  const error = find("[data-error]", panel);
  const outcome = find("[data-outcome]", panel);
  const claim = find("#claim");
  const sought = find("#claim-filter");
  let questions = 0;
  let typing = null;
  const onePerson = find("#one-person");
  const button = find("button[type=submit]", form);
  const chooser = chooserIn(panel, session.limits);
  const canVerify = session.rights.includes("verify") && session.rights.includes("list");
  const canIdentify = session.rights.includes("identify");

  async function listClaims() {
    if (!canVerify) return;
    questions += 1;
    const question = questions;
    const name = sought.value.trim();
    try {
      const { people, total } = await getJson(`/api/v1/people?${new URLSearchParams({ name, limit: OFFERED })}`);
      if (question !== questions) return;
      const chosen = claim.value;
      const open = canIdentify ? [make("option", { value: "" }, "Who is this?")] : [];
      const offered = people.map((one) => make("option", { value: one.person_id }, `Is this ${one.name}?`));
      claim.replaceChildren(...open, ...offered);
      // Who is looked for is meant, where there is just one; else what was chosen before, if it is still there.
      if (name && people.length === 1) claim.value = people[0].person_id;
      else if ([...claim.options].some((option) => option.value === chosen)) claim.value = chosen;
      find("#claim-field").hidden = total === 0 && !name;
      find("#claim-search").hidden = total <= OFFERED && !name;
      find("#claim-more").textContent = claimHint(total, name);
      claim.onchange();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      find("#claim-field").hidden = true;
    }
  }

  sought.oninput = () => {
    clearTimeout(typing);
    typing = setTimeout(listClaims, TYPED);
  };

  claim.onchange = () => {
    // A claim is of one person anyway.
    find("#one-person-field").hidden = claim.value !== "";
    button.textContent = claim.value ? "Check" : "Identify";
  };
  claim.onchange();

  form.onsubmit = async (event) => {
    event.preventDefault();
    if (isBusy(button)) return;
    error.textContent = chooser.problem() ?? "";
    if (error.textContent) {
      chooser.input.focus();
      return;
    }
    const personId = find("#claim-field").hidden ? "" : claim.value;
    if (!personId && !canIdentify) {
      error.textContent = "Choose who is claimed.";
      sought.focus();
      return;
    }
    const name = claim.selectedOptions[0]?.textContent.replace(/^Is this (.*)\?$/s, "$1");
    const body = new FormData();
    if (personId) body.append("person_id", personId);
    else if (onePerson.checked) body.append("one_person", "yes");
    body.append("video", chooser.files[0], "video");
    setBusy(button, true);
    try {
      const job = await runJob(personId ? "/api/v1/verify" : "/api/v1/identify", body, outcome);
      show(job, name);
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      error.textContent = sentence(problem);
    } finally {
      setBusy(button, false);
    }
  };

  function show(job, name) {
    const verdicts = new Map();
    for (const one of job.identified ?? []) {
      const some = one.candidates.length ? [make("h3", {}, "Candidates"), candidateList(one.candidates)] : [];
      verdicts.set(one.number, [identifiedVerdict(one), ...some]);
    }
    if (job.verified) verdicts.set(null, [verifiedVerdict(job.verified, name)]);
    const cards = peopleCards(job, (number) => verdicts.get(number) ?? [], verdicts.has(null));
    if (verdicts.has(null)) cards.unshift(make("div", { class: "card" }, ...verdicts.get(null)));
    if (job.problem) cards.unshift(make("div", { class: "card" }, verdict("refused", "refused", "No answer", sentence(new ApiError(job.problem.status, job.problem.detail)))));
    outcome.replaceChildren(...cards);
    announce([...outcome.querySelectorAll("h2")].map((one) => one.textContent).join(". "));
    find("h2", outcome)?.focus();
  }

  function leave() {
    clearTimeout(typing);
    chooser.stop();
  }

  return { show: listClaims, leave };
}

/** Say what is not offered. */
function claimHint(total, name) {
  if (name && !total) return "Nobody has a name like this.";
  return total > OFFERED ? `The first ${OFFERED} of ${total} names.` : "";
}

/** A reason as a sentence of its own. */
export function sentence(problem) {
  const text = problem.message.charAt(0).toUpperCase() + problem.message.slice(1);
  const wait = problem.retryAfter ? ` Try again in ${problem.retryAfter} seconds.` : "";
  return `${/[.!?]$/.test(text) ? text : `${text}.`}${wait}`;
}
