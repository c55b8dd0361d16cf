// Requests to the service. The token lives in this tab's session storage, and travels in a header alone.

const KEY = "gaitprint-token";

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

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
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

async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  } catch {
    throw new ApiError(0, "the service cannot be reached");
  }
  if (!response.ok) await refuse(response);
  return response;
}

export async function getJson(path) {
  return (await send(path)).json();
}

export async function change(method, path, value) {
  const options = { method };
  if (value !== undefined) {
    options.body = JSON.stringify(value);
    options.headers = { "Content-Type": "application/json" };
  }
  const response = await send(path, options);
  return response.status === 204 ? null : response.json();
}

/** Return an address within the page for a picture that needs the token. Release it with URL.revokeObjectURL. */
export async function picture(path) {
  return URL.createObjectURL(await (await send(path)).blob());
}

/** Post a form; XMLHttpRequest, since fetch does not tell how much was sent. */
export function upload(path, form, onSent, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(new ApiError(0, "the upload broke off")));
    request.addEventListener("abort", () => reject(new ApiError(0, "stopped")));
    request.addEventListener("load", () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // Told by the status alone.
      }
      if (request.status >= 200 && request.status < 300) {
        resolve(answer);
        return;
      }
      const detail = answer.detail ?? `the service answered ${request.status}`;
      if (request.status === 401) onExpired(detail);
      reject(new ApiError(request.status, detail, Number(request.getResponseHeader("Retry-After")) || null));
    });
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
