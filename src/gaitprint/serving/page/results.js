// What was found: decisions, candidates, and everybody who was seen.

import { picture } from "./api.js";
import { icon, make, showPicture } from "./dom.js";
import { percentage, plural, rate, sentence } from "./words.js";

export function verdict(kind, symbol, title, text) {
  return make("div", { class: `verdict ${kind}` }, icon(symbol), make("div", {}, make("h2", { tabindex: -1 }, title), text ? make("p", {}, text) : null));
}

export function identifiedVerdict(one) {
  const risk = `At most ${rate(one.fpir)} of strangers are taken for somebody.`;
  if (one.decision === "known") return verdict("known", "known", `Known: ${one.candidates[0].name}`, risk);
  if (one.decision === "unknown") {
    const text = one.candidates.length ? `Nobody who is enrolled walks like this. ${risk}` : "Nobody is enrolled whom this walk could be compared with.";
    return verdict("unknown", "unknown", "Unknown", text);
  }
  return verdict("open", "open", "Not decided", sentence(one.reason));
}

export function verifiedVerdict(one, name) {
  const risk = `At most ${rate(one.fmr)} of strangers pass. Probability ${percentage(one.probability)}.`;
  if (one.accepted === true) return verdict("known", "known", `Yes, this is ${name}`, risk);
  if (one.accepted === false) return verdict("unknown", "refused", `No, this is not ${name}`, risk);
  return verdict("open", "open", "Not decided", sentence(one.reason));
}

export function candidateList(candidates) {
  return make("ol", { class: "candidates" }, ...candidates.map((one) => {
    const fill = make("i");
    fill.style.width = `${100 * (one.probability ?? 0)}%`;
    return make(
      "li", {},
      make("span", { class: "who" }, one.name),
      make("span", { class: "share" }, make("span", { class: "visually-hidden" }, "probability "), percentage(one.probability)),
      make("span", { class: "track", "aria-hidden": "true" }, fill),
    );
  }));
}

function passageItem(passage) {
  const { frames, cycles, height_px: height } = passage.figures;
  const direction = passage.direction === "in place" ? "In place" : `Walks ${passage.direction}`;
  const begins = `${passage.start_seconds.toFixed(1)} s`;
  const figures = `From ${begins} for ${passage.seconds.toFixed(1)} s, ${plural(Math.round(frames), "frame", "frames")}, ${cycles.toFixed(1)} gait cycles, ${Math.round(height)} pixels high`;
  const about = make(
    "div", { class: "about" },
    make("p", {}, direction),
    passage.usable ? null : make("p", { class: "refused-reason" }, icon("refused"), make("span", {}, `Not used: ${passage.refused}`)),
    make("p", { class: "figures" }, figures),
    passage.usable ? make("p", { class: "figures" }, `Quality ${Math.round(100 * passage.score)} of 100`) : null,
  );
  return make("li", {}, passage.animation ? movingPicture(passage, direction) : make("span"), about);
}

/** Return the first frame of an animation. */
async function firstFrame(animation) {
  const frame = await createImageBitmap(animation);
  const canvas = make("canvas", { width: frame.width, height: frame.height });
  canvas.getContext("2d").drawImage(frame, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve));
}

/** The passage as it was and as a silhouette, which can be stopped. */
function movingPicture(passage, direction) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const image = make("img", { alt: `${direction}: the person with outline and joints, and the silhouette that was cut out`, width: 288, height: 144 });
  const toggle = make("button", { type: "button", class: "quiet" });
  const animation = picture(passage.animation);
  let frozen = null;
  let moving = !still.matches;
  const show = async () => {
    toggle.textContent = moving ? "Pause" : "Play";
    if (!moving) frozen ??= animation.then(firstFrame);
    const wanted = moving;
    let shown;
    try {
      shown = await (wanted ? animation : frozen);
    } catch (problem) {
      image.alt = problem.status === 404 ? "The picture was dropped already." : `No picture: ${problem.message}.`;
      return;
    }
    if (wanted === moving) showPicture(image, shown);
  };
  toggle.addEventListener("click", () => {
    moving = !moving;
    show();
  });
  show();
  return make("figure", {}, image, make("figcaption", {}, make("span", {}, "As filmed, and as seen"), toggle));
}

export function passageList(passages) {
  return make("ul", { class: "passages" }, ...passages.map(passageItem));
}

/** Cards for everybody in a job's videos; `verdictOf(number)` gives what stands above a person, or nothing; `together`: all
 *  of them were taken for one person. */
export function peopleCards(job, verdictOf = () => [], together = false) {
  const cards = [];
  for (const [place, video] of job.videos.entries()) {
    for (const person of video.people) {
      const which = job.videos.length > 1 ? `Video ${place + 1}, person ${person.number}` : `Person ${person.number}`;
      const several = job.videos.length > 1 || video.people.length > 1;
      const verdicts = verdictOf(person.number);
      const usable = person.passages.filter((passage) => passage.usable).length;
      const unused = !usable && !together && job.action !== "enroll" ? verdict("refused", "refused", "Not recognised", "No walk of this person will do.") : null;
      cards.push(make(
        "article", { class: "card" },
        several ? make("h3", { class: "first" }, which) : null,
        ...verdicts, verdicts.length ? null : unused,
        make("h3", { class: several || verdicts.length || unused ? null : "first" }, `${plural(person.passages.length, "passage", "passages")}, ${usable} used`),
        passageList(person.passages),
      ));
    }
    for (const warning of video.warnings) cards.push(make("p", { class: "notice" }, sentence(warning)));
  }
  return cards;
}
