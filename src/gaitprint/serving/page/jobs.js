// A job from its upload to its result, with its progress shown.

import { getJson, upload } from "./api.js";
import { announce, make } from "./dom.js";

// The service answers at once when the job is over.
const WAITED_SECONDS = 0.5;
// A connection that breaks off, or too many requests, while the service works on: asked again so often, seconds apart.
const PASSING = [0, 429, 502, 503, 504];
const MOST_FAILURES = 5;

/** Post a form, watch the job, and return it when it is over. Progress is shown within `place`. */
export async function runJob(path, form, place) {
  const words = make("p", {}, "Uploading …");
  const bar = make("progress", { max: 1, "aria-label": "Progress" });
  place.replaceChildren(make("div", { class: "card working" }, words, bar));
  announce("Uploading");
  // Whoever leaves the page ends an upload, and sees no result. A function for each job: two may run at once.
  const askToStay = (event) => event.preventDefault();
  window.addEventListener("beforeunload", askToStay);
  try {
    let job = await upload(path, form, (share) => {
      words.textContent = share < 1 ? `Uploading: ${Math.round(100 * share)} %` : "Uploaded";
      bar.value = share;
    });
    let said = "";
    while (job.state === "queued" || job.state === "running") {
      const stage = show(job, words, bar);
      if (stage !== said) announce(stage);
      said = stage;
      job = await look(job.job_id);
    }
    return job;
  } finally {
    window.removeEventListener("beforeunload", askToStay);
    place.replaceChildren();
  }
}

async function look(jobId) {
  for (let failures = 1; ; failures += 1) {
    try {
      return await getJson(`/api/v1/jobs/${jobId}?wait=${WAITED_SECONDS}`);
    } catch (problem) {
      if (!PASSING.includes(problem.status) || failures > MOST_FAILURES) throw problem;
      await new Promise((resolve) => setTimeout(resolve, 1000 * (problem.retryAfter ?? failures)));
    }
  }
}

/** Show how far a job is; returns the stage in words that do not change with every frame. */
function show(job, words, bar) {
  if (job.state === "queued") {
    bar.removeAttribute("value");
    words.textContent = "Waiting for another video …";
    return "Waiting";
  }
  const { video, videos, frames, total } = job.progress;
  const which = videos > 1 ? `video ${video} of ${videos}` : "the video";
  if (total === null) {
    bar.removeAttribute("value");
    words.textContent = `Opening ${which} …`;
  } else if (frames < total) {
    bar.value = Math.min(frames / total, 1);
    words.textContent = `Looking at ${which}: frame ${frames} of ${total}`;
  } else {
    bar.removeAttribute("value");
    words.textContent = "Comparing …";
  }
  return `Looking at ${which}`;
}
