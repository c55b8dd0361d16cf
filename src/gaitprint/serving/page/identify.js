// The tab where somebody is identified, or a claim is checked.

import { ApiError, getJson } from "./api.js";
import { chooserIn } from "./chooser.js";
import { announce, find, isBusy, make, setBusy } from "./dom.js";
import { runJob } from "./jobs.js";
import { candidateList, identifiedVerdict, peopleCards, verdict, verifiedVerdict } from "./results.js";

export function identifyTab(panel, session) {
  const form = find("form", panel);
  const error = find("[data-error]", panel);
  const outcome = find("[data-outcome]", panel);
  const claim = find("#claim");
  const onePerson = find("#one-person");
  const button = find("button[type=submit]", form);
  const chooser = chooserIn(panel, session.limits);
  const canVerify = session.rights.includes("verify") && session.rights.includes("list");
  const canIdentify = session.rights.includes("identify");

  async function listClaims() {
    if (!canVerify) return;
    try {
      const { people } = await getJson("/api/v1/people?limit=1000");
      const chosen = claim.value;
      const open = canIdentify ? [make("option", { value: "" }, "Who is this?")] : [];
      claim.replaceChildren(...open, ...people.map((one) => make("option", { value: one.person_id }, `Is this ${one.name}?`)));
      if ([...claim.options].some((option) => option.value === chosen)) claim.value = chosen;
      find("#claim-field").hidden = people.length === 0;
      claim.onchange();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      find("#claim-field").hidden = true;
    }
  }

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

  return { show: listClaims, leave: () => chooser.stop() };
}

/** A reason as a sentence of its own. */
export function sentence(problem) {
  const text = problem.message.charAt(0).toUpperCase() + problem.message.slice(1);
  const wait = problem.retryAfter ? ` Try again in ${problem.retryAfter} seconds.` : "";
  return `${/[.!?]$/.test(text) ? text : `${text}.`}${wait}`;
}
