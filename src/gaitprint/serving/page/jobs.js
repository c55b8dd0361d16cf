// A job from its upload to its result, with its progress shown.

import { getJson, upload } from "./api.js";
import { announce, make } from "./dom.js";

// The service answers at once when the job is over.
const WAITED_SECONDS = 0.5;

/** Post a form, watch the job, and return it when it is over. Progress is shown within `place`. */
export async function runJob(path, form, place) {
  const words = make("p", { id: "progress-words" }, "Uploading …");
  const bar = make("progress", { max: 1, "aria-labelledby": "progress-words" });
  place.replaceChildren(make("div", { class: "card working" }, words, bar));
  announce("Uploading");
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
      job = await getJson(`/api/v1/jobs/${job.job_id}?wait=${WAITED_SECONDS}`);
    }
    return job;
  } finally {
    place.replaceChildren();
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
