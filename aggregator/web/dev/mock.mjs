/**
 * A stand-in for the aggregator's API, for working on the page: `npm run mock`, then open the printed address.
 *
 * Environment: PORT (8000), INCIDENTS (5), LIVE_S (a new incident every so many seconds; 0 for none), SITES (4),
 * REFUSE (1 answers every transition with 409). Serves ../static as the aggregator does.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { ALLOWED, cameras, detail, incident, picture, random } from "./city.mjs";

const setting = (name, fallback) => Number(process.env[name] ?? fallback);
const next = random(7);
const folder = join(import.meta.dirname, "../../static");
const world = cameras(next, Date.now(), setting("SITES", 4));
const incidents = new Map();
const clients = new Set();
const RESPONSE = {
  acknowledge_s: { critical: 60, major: 180, minor: 900, info: 3600 },
  resolve_s: { critical: 1800, major: 3600, minor: 7200, info: 14400 },
};
const DESK = { load: { opened: 0, per_operator: 0, budget: 1, over: false }, summaries: [] };
const MAP = { style: null, tiles: [], pmtiles: null, attribution: "", max_zoom: 19 };
let serial = 0;

const total = setting("INCIDENTS", 5);
for (let n = 0; n < total; n++) {
  const made = incident(next, world, Date.now(), 20 + (n * n * 5400) / Math.max(1, total * total) + n * 7);
  incidents.set(made.id, made);
}

function send(event, value) {
  const text = `id: mock-${++serial}\nevent: ${event}\ndata: ${JSON.stringify(value)}\n\n`;
  for (const client of clients) client.write(text);
}

function beat() {
  return { time: new Date().toISOString(), broker: true, delay: { events: 0, delayed: 0, typical_s: null, worst_s: null } };
}

function stream(request, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const snapshot = { incidents: [...incidents.values()], cameras: world, silences: [], desk: DESK, response: RESPONSE, districts: {}, map: MAP, ...beat() };
  response.write(`id: mock-${serial}\nevent: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`);
  clients.add(response);
  request.on("close", () => clients.delete(response));
}

function json(response, status, value) {
  response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(value));
}

function move(response, held, body) {
  const { to } = JSON.parse(body);
  if (process.env.REFUSE === "1" || !held.allowed.includes(to)) {
    return json(response, 409, { type: "about:blank", title: "Conflict", detail: `${held.state} -> ${to}`, allowed: held.allowed });
  }
  const moved = { ...held, state: to, allowed: ALLOWED[to], updated: new Date().toISOString(), revision: held.revision + 1 };
  incidents.set(moved.id, moved);
  send("incident", moved);
  json(response, 200, moved);
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

function file(response, path) {
  const full = join(folder, normalize(path === "/" ? "/index.html" : path));
  if (!full.startsWith(folder) || !existsSync(full)) return json(response, 404, { title: "Not Found" });
  response.writeHead(200, { "content-type": TYPES[extname(full)] ?? "application/octet-stream" });
  createReadStream(full).pipe(response);
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const [, id, verb] = /^\/api\/v1\/incidents\/([^/]+)(\/transition)?$/.exec(pathname) ?? [];
  if (pathname === "/api/v1/session") return json(response, 200, { accounts: false, sign_on: false, zone: { name: "Asia/Jakarta", label: "WIB" }, user: null });
  if (pathname === "/api/v1/stream") return stream(request, response);
  if (pathname.startsWith("/api/v1/evidence/")) {
    const sha = pathname.split("/").at(-1);
    if (sha.startsWith("f")) return json(response, 404, { title: "Not Found" });
    response.writeHead(200, { "content-type": "image/svg+xml" });
    return response.end(picture(sha));
  }
  if (id !== undefined) {
    const held = incidents.get(id);
    if (held === undefined) return json(response, 404, { title: "Not Found", detail: "no such incident" });
    if (verb === undefined) return json(response, 200, detail(held, next));
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    return request.on("end", () => move(response, held, body));
  }
  return file(response, pathname);
});

setInterval(() => send("heartbeat", beat()), 10_000);
const every = setting("LIVE_S", 0);
if (every > 0) {
  setInterval(() => {
    const made = { ...incident(next, world, Date.now(), 1), state: "open", allowed: ALLOWED.open, delayed: false };
    incidents.set(made.id, made);
    send("incident", made);
  }, every * 1000);
}
server.listen(setting("PORT", 8000), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
