// Requests to the service. The token lives in this tab's session storage, and travels in a header alone.

import { sentence } from "./words.js";

const KEY = "gaitprint-token";

/** Why a request was not answered: the HTTP status, 0 where the service cannot be reached, null after signing out. */
export class ApiError extends Error {
  constructor(status, detail, retryAfter = null) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The reason as a sentence of its own. */
  get sentence() {
    return sentence(this.message) + (this.retryAfter ? ` Try again in ${this.retryAfter} seconds.` : "");
  }
}

let onExpired = () => {};

/** Call a function when the service no longer accepts the token. */
export function whenExpired(handler) {
  onExpired = handler;
}

// What was asked since somebody signed in.
let session = new AbortController();

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  /** Forget the token, and every answer that is still on its way: the next one who signs in shall not see it. */
  forget: () => {
    sessionStorage.removeItem(KEY);
    session.abort();
    session = new AbortController();
  },
};

function headers() {
  const shown = token.get();
  return shown ? { Authorization: `Bearer ${shown}` } : {};
}

async function refuse(response) {
  let detail = response.statusText || "the service gave no reason";
  try {
    detail = (await response.json()).detail ?? detail;
  } catch {
    // Not a problem of this service's own making, for example a proxy's page.
  }
  if (response.status === 401) onExpired(detail);
  throw new ApiError(response.status, detail, Number(response.headers.get("Retry-After")) || null);
}

async function send(path, read, options = {}) {
  const { signal } = session;
  try {
    const response = await fetch(path, { ...options, signal, headers: { ...headers(), ...options.headers } });
    if (!response.ok) await refuse(response);
    return await read(response);
  } catch (problem) {
    if (problem instanceof ApiError) throw problem;
    throw signal.aborted ? new ApiError(null, "signed out") : new ApiError(0, "the service cannot be reached");
  }
}

export const getJson = (path) => send(path, (response) => response.json());

/** Return a `getJson` for questions of which the latest alone counts: what earlier ones come to, answer or error, is null. */
export function latestJson() {
  let questions = 0;
  return async (path) => {
    questions += 1;
    const question = questions;
    try {
      const answer = await getJson(path);
      return question === questions ? answer : null;
    } catch (problem) {
      if (question === questions) throw problem;
      return null;
    }
  };
}

export function change(method, path, value) {
  const options = { method };
  if (value !== undefined) {
    options.body = JSON.stringify(value);
    options.headers = { "Content-Type": "application/json" };
  }
  return send(path, (response) => (response.status === 204 ? null : response.json()), options);
}

/** Return a picture, which needs the token, as a Blob. */
export const picture = (path) => send(path, (response) => response.blob());

/** Post a form; XMLHttpRequest, since fetch does not tell how much was sent. */
export function upload(path, form, onSent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(new ApiError(0, "the upload broke off")));
    request.addEventListener("abort", () => reject(new ApiError(null, "signed out")));
    request.addEventListener("load", () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // Told by the status alone.
      }
      if (answer?.job_id) {
        resolve(answer);
        return;
      }
      const detail = answer?.detail ?? `the service answered ${request.status}`;
      if (request.status === 401) onExpired(detail);
      reject(new ApiError(request.status, detail, Number(request.getResponseHeader("Retry-After")) || null));
    });
    const { signal } = session;
    const abort = () => request.abort();
    signal.addEventListener("abort", abort);
    // Or the videos would be held for as long as somebody is signed in.
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    request.send(form);
  });
}
