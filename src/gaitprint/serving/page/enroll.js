// The tab where somebody is enrolled.

import { ApiError } from "./api.js";
import { chooserIn } from "./chooser.js";
import { announce, find, isBusy, make, setBusy } from "./dom.js";
import { runJob } from "./jobs.js";
import { peopleCards, verdict } from "./results.js";
import { plural, sentence } from "./words.js";

export function enrollTab(panel, session) {
  const form = find("form", panel);
  const error = find("[data-error]", panel);
  const outcome = find("[data-outcome]", panel);
  const name = find("#name");
  const consent = find("#consent");
  const button = find("button[type=submit]", form);
  const chooser = chooserIn(panel, session.limits);

  function problem() {
    if (!name.value.trim()) return [name, "Give a name."];
    const chosen = chooser.problem();
    if (chosen) return [chooser.input, chosen];
    if (!consent.checked) return [consent, "Enroll only people who agreed to it."];
    return null;
  }

  form.onsubmit = async (event) => {
    event.preventDefault();
    if (isBusy(button)) return;
    const wrong = problem();
    error.textContent = wrong?.[1] ?? "";
    if (wrong) {
      wrong[0].focus();
      return;
    }
    const body = new FormData();
    body.append("name", name.value.trim());
    body.append("consent", "yes");
    for (const file of chooser.files) body.append("video", file, "video");
    setBusy(button, true);
    try {
      show(await runJob("/api/v1/people", body, outcome));
    } catch (refused) {
      if (!(refused instanceof ApiError)) throw refused;
      error.textContent = refused.sentence;
    } finally {
      setBusy(button, false);
    }
  };

  function show(job) {
    const title = job.enrolled
      ? verdict("known", "known", `Enrolled: ${job.enrolled.name}`, `${plural(job.enrolled.templates, "template is", "templates are")} kept.`)
      : verdict("refused", "refused", "Not enrolled", sentence(job.problem.detail));
    outcome.replaceChildren(make("div", { class: "card" }, title), ...peopleCards(job));
    announce(find("h2", outcome).textContent);
    if (job.enrolled) {
      chooser.clear();
      name.value = "";
      consent.checked = false;
    }
    find("h2", outcome).focus();
  }

  return { show: () => {}, leave: () => chooser.stop() };
}
