// Choosing videos: a file, several, dropped ones, or a recording by the camera.

import { announce, find, icon, make } from "./dom.js";
import { duration, size } from "./words.js";

// H.264 first: on a busy machine, Chromium's VP8 encoder was seen to drop nine frames in ten.
const KINDS = ["video/mp4", "video/webm;codecs=h264", "video/webm;codecs=vp8", "video/webm"];

/** Why this browser cannot record here; null where it can. */
function cannotRecord() {
  if (!window.isSecureContext) return "Recording needs a page that comes over HTTPS or from localhost.";
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return "This browser cannot record video.";
  return null;
}

export class Chooser {
  /** Fill `root`; `limits` are those of the session. */
  constructor(root, limits) {
    this.root = root;
    this.many = "many" in root.dataset;
    this.limits = limits;
    this.files = [];
    this.stream = null;
    this.asked = null;
    this.recorder = null;
    this.#build();
  }

  get recording() {
    return this.recorder !== null;
  }

  /** Say what is wrong with the choice, or null. */
  problem() {
    if (this.recording) return "Stop the recording first.";
    if (this.files.length === 0) return "Choose a video, or record one.";
    const bytes = this.files.reduce((sum, file) => sum + file.size, 0);
    if (bytes > this.limits.upload_bytes) {
      return `${size(bytes)} are too much; ${size(this.limits.upload_bytes)} are allowed.`;
    }
    if (this.many && this.files.length > this.limits.enroll_videos) {
      return `${this.files.length} videos are too many; ${this.limits.enroll_videos} are allowed.`;
    }
    return null;
  }

  clear() {
    this.files = [];
    this.input.value = "";
    this.#list();
  }

  /** Let go of the camera, and of what it records. */
  stop() {
    this.#closeCamera();
  }

  #build() {
    const name = `${this.root.dataset.chooser}-file`;
    this.input = make("input", {
      type: "file", id: name, accept: "video/*,.avi,.mkv,.gif", multiple: this.many,
      "aria-label": this.many ? "Choose videos" : "Choose a video",
      on: { change: () => this.#take([...this.input.files]) },
    });
    const label = make("label", { class: "button", for: name }, icon("file"), this.many ? "Choose videos" : "Choose a video");
    const reason = cannotRecord();
    this.record = make("button", { type: "button", on: { click: () => this.#openCamera() } }, icon("camera"), "Record");
    this.record.hidden = reason !== null;
    this.drop = make(
      "div", { class: "drop" },
      make("div", { class: "ways" }, this.input, label, this.record),
      make("p", { class: "hint" }, make("span", { class: "by-dropping" }, `or drop ${this.many ? "them" : "it"} here. `), `Up to ${size(this.limits.upload_bytes)} and ${duration(this.limits.video_seconds)}${this.many ? " each" : ""}.`),
      reason === null ? null : make("p", { class: "hint" }, reason),
    );
    this.list = make("ul", { class: "files", "aria-label": "Chosen videos" });
    this.camera = make("div", { class: "recorder", hidden: true });
    this.root.replaceChildren(this.drop, this.camera, this.list);
    for (const event of ["dragenter", "dragover"]) {
      this.drop.addEventListener(event, (drag) => {
        drag.preventDefault();
        this.drop.classList.add("over");
      });
    }
    for (const event of ["dragleave", "drop"]) this.drop.addEventListener(event, () => this.drop.classList.remove("over"));
    this.drop.addEventListener("drop", (drag) => {
      drag.preventDefault();
      this.#take([...drag.dataTransfer.files]);
    });
    this.#list();
  }

  #take(files) {
    if (files.length === 0) return;
    this.files = this.many ? [...this.files, ...files] : files.slice(0, 1);
    this.input.value = "";
    this.#list();
    announce(`${files.length === 1 ? files[0].name : `${files.length} videos`} chosen`);
  }

  #list() {
    this.list.hidden = this.files.length === 0;
    this.list.replaceChildren(...this.files.map((file, place) => make(
      "li", {},
      make("span", {}, `${file.name} `, make("small", {}, size(file.size))),
      make("button", {
        type: "button", class: "quiet", "aria-label": `Remove ${file.name}`,
        on: { click: () => {
          this.files.splice(place, 1);
          this.#list();
          this.input.focus();
        } },
      }, "Remove"),
    )));
  }

  async #openCamera() {
    const status = make("p", { class: "time", role: "status" }, "Asking for the camera …");
    this.camera.hidden = false;
    this.camera.replaceChildren(status);
    this.record.disabled = true;
    const asked = Symbol("asked");
    this.asked = asked;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: "environment" },
      });
    } catch (error) {
      if (this.asked !== asked) return;
      const reasons = { NotAllowedError: "The camera may not be used.", NotFoundError: "There is no camera.", NotReadableError: "The camera is in use elsewhere." };
      this.camera.replaceChildren(make("p", { class: "error", role: "alert" }, reasons[error.name] ?? "The camera cannot be used."));
      this.record.disabled = false;
      return;
    }
    if (this.asked !== asked) {
      // Whoever asked has left meanwhile.
      for (const one of stream.getTracks()) one.stop();
      return;
    }
    this.stream = stream;
    const preview = make("video", { muted: true, playsinline: true, autoplay: true, "aria-label": "What the camera sees" });
    preview.muted = true;
    preview.srcObject = this.stream;
    this.start = make("button", { type: "button", class: "primary", on: { click: () => this.#startStop() } }, "Start recording");
    this.time = make("p", { class: "time", role: "status" }, "Ready");
    const close = make("button", { type: "button", on: { click: () => this.#closeCamera(true) } }, "Close");
    this.camera.replaceChildren(
      preview, this.time,
      make("p", { class: "hint" }, "Put the camera down, walk through the picture from one side to the other, then stop."),
      make("div", { class: "buttons" }, close, this.start),
    );
    this.start.focus();
  }

  #startStop() {
    if (this.recorder) {
      this.recorder.stop();
      return;
    }
    const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one));
    const chunks = [];
    const { stream } = this;
    const recorder = new MediaRecorder(stream, { mimeType: kind, videoBitsPerSecond: 4e6 });
    const began = performance.now();
    this.recorder = recorder;
    const clock = setInterval(() => {
      const seconds = (performance.now() - began) / 1000;
      this.time.textContent = `Recording ${Math.floor(seconds)} s`;
      if (seconds > this.limits.video_seconds - 1) recorder.stop();
    }, 250);
    recorder.addEventListener("dataavailable", (event) => {
      if (event.data.size) chunks.push(event.data);
    });
    recorder.addEventListener("stop", () => {
      clearInterval(clock);
      if (this.stream !== stream) return; // The camera was closed, and may be open again by now.
      const type = (recorder.mimeType || kind || "video/webm").split(";")[0];
      const stamp = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
      this.recorder = null;
      this.#closeCamera();
      if (chunks.length) this.#take([new File(chunks, `recording-${stamp}.${type.endsWith("mp4") ? "mp4" : "webm"}`, { type })]);
      this.record.focus();
    });
    recorder.start(1000);
    this.time.classList.add("on");
    this.time.removeAttribute("role");
    this.start.textContent = "Stop recording";
    announce("Recording");
  }

  #closeCamera(focus = false) {
    for (const one of this.stream?.getTracks() ?? []) one.stop();
    this.stream = null;
    this.asked = null;
    this.recorder?.stop();
    this.recorder = null;
    this.camera.hidden = true;
    this.camera.replaceChildren();
    this.record.disabled = false;
    if (focus) this.record.focus();
  }
}

export const chooserIn = (panel, limits) => new Chooser(find("[data-chooser]", panel), limits);
