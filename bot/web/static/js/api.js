/** The room's HTTP requests, each with one clear error when it fails. */

/** A refusal or a failure, with words for people in `message` and a stable `code`. */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {number} status
   * @param {Record<string, any>} [details]
   */
  constructor(code, message, status, details = {}) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** @param {string} path @param {RequestInit} init @returns {Promise<any>} */
async function request(path, init) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...init });
  } catch {
    throw new ApiError("unreachable", "Kith can't be reached just now. Is it still running?", 0);
  }
  /** @type {any} */
  let body = null;
  try {
    body = await response.json();
  } catch {
    body = null;
  }
  if (response.ok && body !== null) return body;
  const message = body?.message ?? `Kith answered something unexpected (${response.status}).`;
  const error = new ApiError(body?.error ?? "unexpected", message, response.status, body ?? {});
  if (response.status === 401) window.dispatchEvent(new CustomEvent("kith:signed-out", { detail: error }));
  throw error;
}

/**
 * @param {string} path
 * @param {Record<string, string>} [query]
 */
export function get(path, query = {}) {
  const search = new URLSearchParams(query).toString();
  return request(search ? `${path}?${search}` : path, { method: "GET" });
}

/** A key by which a request is known again that is sent once more since its answer was lost. */
export function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}

/**
 * @param {string} path
 * @param {Record<string, any>} body
 */
export function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}
