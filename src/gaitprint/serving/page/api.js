// Requests to the service. The token lives in this tab's session storage, and travels in a header alone.

const KEY = "gaitprint-token";

/** Why a request was not answered: the HTTP status, 0 where the service cannot be reached, null after signing out. */
export class ApiError extends Error {
  constructor(status, detail, retryAfter = null) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

let onExpired = () => {};

/** Call a function when the service no longer accepts the token. */
export function whenExpired(handler) {
  onExpired = handler;
}

// What was asked and shown since somebody signed in.
let session = new AbortController();
const addresses = new Set();

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  /** Forget the token, and every answer that is still on its way: the next one who signs in shall not see it. */
  forget: () => {
    sessionStorage.removeItem(KEY);
    session.abort();
    session = new AbortController();
    for (const address of addresses) URL.revokeObjectURL(address);
    addresses.clear();
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

export function change(method, path, value) {
  const options = { method };
  if (value !== undefined) {
    options.body = JSON.stringify(value);
    options.headers = { "Content-Type": "application/json" };
  }
  return send(path, (response) => (response.status === 204 ? null : response.json()), options);
}

/** Return an address within the page for a picture that needs the token; it holds until the token is forgotten. */
export async function picture(path) {
  const address = URL.createObjectURL(await send(path, (response) => response.blob()));
  addresses.add(address);
  return address;
}

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
    session.signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
