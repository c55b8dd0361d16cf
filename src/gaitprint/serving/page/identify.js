// The tab where somebody is identified, or a claim is checked.

import { ApiError, latestJson } from "./api.js";
import { chooserIn } from "./chooser.js";
import { announce, find, isBusy, make, setBusy, whenTyped } from "./dom.js";
import { runJob } from "./jobs.js";
import { candidateList, identifiedVerdict, peopleCards, verdict, verifiedVerdict } from "./results.js";
import { sentence } from "./words.js";

// Names that are offered at once; among more, one is looked for.
const OFFERED = 200;

export function identifyTab(panel, session) {
  const form = find("form", panel);
  const error = find("[data-error]", panel);
  const outcome = find("[data-outcome]", panel);
  const claim = find("#claim");
  const sought = find("#claim-filter");
  const getPeople = latestJson();
  // Who is offered, by their ids; else why nobody is.
  let names = new Map();
  let unlisted = "";
  const onePerson = find("#one-person");
  const button = find("button[type=submit]", form);
  const chooser = chooserIn(panel, session.limits);
  const canVerify = session.rights.includes("verify") && session.rights.includes("list");
  const canIdentify = session.rights.includes("identify");

  async function listClaims() {
    if (!canVerify) return;
    const name = sought.value.trim();
    try {
      const page = await getPeople(`/api/v1/people?${new URLSearchParams({ name, limit: OFFERED })}`);
      if (page === null) return;
      const { people, total } = page;
      if (error.textContent === unlisted) error.textContent = "";
      unlisted = "";
      names = new Map(people.map((one) => [one.person_id, one.name]));
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
      unlisted = problem.sentence;
      error.textContent = unlisted;
    }
  }

  const callOff = whenTyped(sought, listClaims);
  sought.onkeydown = (event) => {
    // Looks for the name at once; it does not ask about the video yet.
    if (event.key !== "Enter") return;
    event.preventDefault();
    callOff();
    listClaims();
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
    const personId = claim.value;
    if (!personId && !canIdentify) {
      error.textContent = unlisted || "There is nobody whose walk this could be compared with.";
      (find("#claim-search").hidden ? chooser.input : sought).focus();
      return;
    }
    const name = names.get(personId);
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
      error.textContent = problem.sentence;
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
    if (job.problem) cards.unshift(make("div", { class: "card" }, verdict("refused", "refused", "No answer", sentence(job.problem.detail))));
    outcome.replaceChildren(...cards);
    announce([...outcome.querySelectorAll("h2")].map((one) => one.textContent).join(". "));
    find("h2", outcome)?.focus();
  }

  function leave() {
    callOff();
    chooser.stop();
  }

  return { show: listClaims, leave };
}

/** Say what is not offered. */
function claimHint(total, name) {
  if (name && !total) return "Nobody has a name like this.";
  return total > OFFERED ? `The first ${OFFERED} of ${total} names.` : "";
}
