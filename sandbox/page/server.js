// What the page asks of the sandbox's server (its contract: sandbox/page_api.py) and what it hears from it.

const ROOT = "/sandbox/api";
const RECONNECT_MILLISECONDS = 1000;

/** The server said no; the message is its plain English reason. */
export class ServerError extends Error {}

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok || body.ok === false) throw new ServerError(body.error ?? `${response.status} ${response.statusText}`);
  return body;
}

async function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return answer(await fetch(`${ROOT}${path}?${new URLSearchParams(given)}`, { cache: "no-store" }));
}

async function post(path, body) {
  return answer(await fetch(`${ROOT}${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));
}

export const world = () => get("/world");
export const chats = (person) => get("/chats", { as: person });
export const messages = (person, chat, { before, limit } = {}) => get("/messages", { as: person, chat, before, limit });
export const act = (person, chat, deed, fields = {}) => post("/act", { as: person, chat, do: deed, ...fields });
export const moveClock = (change) => post("/clock", change);
/** Makes a group, or changes the one with this `id`. */
export const saveGroup = (group) => post("/groups", group);

/** Sends files as one message or, when there are several, as an album. `fields` as the contract's `upload`. */
export async function upload(person, chat, files, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ as: person, chat, do: "upload", ...fields })) {
    if (value !== undefined && value !== null) form.append(name, value);
  }
  for (const file of files) form.append("file", file, file.name);
  return answer(await fetch(`${ROOT}/act`, { method: "POST", body: form }));
}

/**
 * Listens to the server's events for as long as the page lives. Nothing is replayed, so `onconnect` must ask for
 * everything anew; it is called each time the stream opens. `onlost` is called when the stream breaks.
 */
export function listen({ onevent, onconnect, onlost }) {
  const source = new EventSource(`${ROOT}/events`);
  source.addEventListener("open", onconnect);
  source.addEventListener("message", (event) => onevent(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    onlost();
    // The browser tries again by itself unless the answer was an error; then it gives up and we begin anew.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen({ onevent, onconnect, onlost }), RECONNECT_MILLISECONDS);
  });
}
