// The tab with the audit log.

import { ApiError, latestJson } from "./api.js";
import { find, make } from "./dom.js";
import { when } from "./words.js";

const LINES = 100;

export function auditTab(panel) {
  const lines = find("#audit-lines");
  const error = find("[data-error]", panel);
  const more = find("#audit-more");
  const getLines = latestJson();
  let last = null;

  async function load(before = null) {
    error.textContent = "";
    try {
      const page = await getLines(`/api/v1/audit?limit=${LINES}${before ? `&before=${before}` : ""}`);
      if (page === null) return;
      const { entries } = page;
      const rows = entries.map((entry) => make(
        "tr", {},
        make("td", {}, when(entry.at)),
        make("td", {}, make("code", {}, entry.token_id)),
        make("td", {}, entry.action),
        make("td", {}, entry.outcome),
        make("td", {}, entry.person_id ? make("code", { title: entry.person_id }, entry.person_id.slice(0, 12)) : "–"),
      ));
      if (before) lines.append(...rows);
      else lines.replaceChildren(...rows);
      last = entries.at(-1)?.number ?? null;
      more.hidden = entries.length < LINES;
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      error.textContent = problem.sentence;
    }
  }

  more.onclick = () => load(last);
  return { show: () => load(), leave: () => {} };
}
