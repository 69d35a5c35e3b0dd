/** A made-up city for working on the page without an aggregator: cameras, incidents and pictures, from a seeded generator. */

export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SITES = [
  ["manggarai", "Manggarai", -6.2099, 106.8502],
  ["tanah-abang", "Tanah Abang", -6.1862, 106.8113],
  ["kota-tua", "Kota Tua", -6.1352, 106.8133],
  ["senen", "Senen", -6.1748, 106.8451],
];
const SPOTS = ["Gerbang utara", "Peron selatan", "Jembatan", "Parkir timur", "Simpang", "Pasar"];
const KINDS = {
  intrusion: ["minor", "dwell", "s", 4, "pagar"],
  loitering: ["minor", "dwell", "s", 60, "lobi"],
  crowd: ["minor", "count", "people", 12, "alun-alun"],
  brawl: ["critical", "score", "", 0.7, "jalan"],
  line_crossing: ["info", "crossings", "", 1, "garis-henti"],
  abandoned_object: ["major", "dwell", "s", 90, "peron"],
  stopped_vehicle: ["minor", "dwell", "s", 45, "bahu-jalan"],
  crowd_rush: ["major", "speed", "m/s", 3, "peron"],
  smoke_fire: ["critical", "score", "", 0.6, "gudang"],
  camera_lost: ["minor", "silence", "s", 30, null],
};
export const ALLOWED = {
  suspected: ["open", "acknowledged", "resolved", "false_alarm"],
  open: ["acknowledged", "dispatched", "resolved", "false_alarm"],
  acknowledged: ["dispatched", "resolved", "false_alarm"],
  dispatched: ["resolved", "false_alarm"],
  resolved: [],
  false_alarm: [],
};

const hex = (next, n) => Array.from({ length: n }, () => Math.floor(next() * 16).toString(16)).join("");
const pick = (next, list) => list[Math.floor(next() * list.length)];
const iso = (ms) => new Date(ms).toISOString();

export function uuid7(ms, next) {
  const time = Math.floor(ms).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(next, 3)}-8${hex(next, 3)}-${hex(next, 12)}`;
}

export function cameras(next, now, sites = SITES.length) {
  const list = [];
  for (const [site, name, lat, lon] of SITES.slice(0, sites)) {
    for (const [n, spot] of SPOTS.entries()) {
      const roll = next();
      const state = roll > 0.94 ? "offline" : roll > 0.88 ? "stalled" : roll > 0.6 ? "idle" : "online";
      const well = state === "online" || state === "idle";
      list.push({
        id: `cam-${n + 1}`, site, agent: `edge-${site}`, name: `${name} · ${spot}`, state,
        fps_in: well ? 10 : 0, fps_analysed: state === "online" ? 4.6 + next() : state === "idle" ? 0.4 : 0,
        last_frame_age_s: well ? next() * 0.4 : 30 + next() * 400, last_seen: iso(now - next() * 8000),
        reason: well ? "" : state === "offline" ? "last_will" : "no picture for 34.2 s",
        why: well ? null : state === "offline" ? { key: "camera.last_will", values: {} } : { key: "camera.no_picture", values: { silent_s: 34.2 } },
        lat: lat + (next() - 0.5) * 0.006, lon: lon + (next() - 0.5) * 0.006,
      });
    }
  }
  return list;
}

/** Where the people of a picture stand, in its 640 × 360 pixels: x, y, height. */
function crowd(sha) {
  const next = random(parseInt(sha.slice(0, 8), 16));
  const count = 3 + Math.floor(next() * 4);
  return Array.from({ length: count }, (_, n) => [50 + ((n + next() * 0.7) * 540) / count, 168 + next() * 84, 78 + next() * 22]);
}

function boxes(sha) {
  return crowd(sha).map(([x, y, h]) => [x / 640 - 0.006, y / 360, (x + h * 0.26) / 640 + 0.006, (y + h) / 360].map((value) => Math.round(value * 1000) / 1000));
}

export function incident(next, world, now, ageS) {
  const kind = pick(next, Object.keys(KINDS));
  const [severity, measure, unit, threshold, zone] = KINDS[kind];
  const camera = pick(next, world.filter((candidate) => candidate.lat !== null));
  const others = world.filter((other) => other.site === camera.site && other !== camera).slice(0, next() > 0.7 ? 2 : 0);
  const roll = next();
  const state = ageS < 1500 ? (roll > 0.75 ? "acknowledged" : roll > 0.62 ? "dispatched" : roll > 0.4 ? "open" : "suspected")
    : roll > 0.78 ? "false_alarm" : roll > 0.2 ? "resolved" : "acknowledged";
  const started = now - ageS * 1000;
  const length = 20 + next() * 240;
  const ongoing = ageS < 240 && next() > 0.3;
  const snapshot = kind === "camera_lost" ? null : hex(next, 64);
  const count = snapshot === null ? 0 : crowd(snapshot).length;
  const cls = kind === "stopped_vehicle" ? "car" : kind === "abandoned_object" ? "backpack" : "person";
  return {
    id: uuid7(started, next), kind, state, severity, confidence: 0.55 + next() * 0.44,
    started: iso(started), ended: ongoing ? null : iso(Math.min(now, started + length * 1000)),
    last_event: iso(Math.min(now, started + length * 1000)), updated: iso(now - next() * 1000),
    location: { lat: camera.lat, lon: camera.lon, radius_m: 25 + next() * 60 },
    sites: [camera.site], cameras: [camera.id, ...others.map((other) => other.id)], sources: 1 + others.length,
    event_count: 2 + Math.floor(next() * 5), delayed: next() > 0.95, zones: zone ? [zone] : [],
    snapshot, opened: state === "suspected" ? null : iso(started), previous: null, merged_into: null, revision: 1, allowed: ALLOWED[state], doubts: [], told: 0.8, witnesses: [],
    raised: [], owner: null, handed_by: null, acted: 0, last_act: null, split_from: null, told_kind: null, told_severity: null,
    why: {
      rule: `${kind.replaceAll("_", "-")}-${zone ?? "kamera"}`, model: kind === "camera_lost" ? "" : "yolov8n@640 openvino",
      config_hash: "5f2c91ab07de44aa",
      measures: [
        { name: measure, value: Math.round(threshold * (1.05 + next()) * 100) / 100, threshold, unit },
        { name: "confidence", value: 0.4 + next() * 0.5, threshold: 0.4, unit: "" },
      ],
    },
    subjects: kind === "camera_lost" ? [] : [{ class: cls, count, boxes: boxes(snapshot) }],
  };
}

export function detail(value, next) {
  const start = Date.parse(value.started);
  const step = (Date.parse(value.last_event) - start) / Math.max(1, value.event_count - 1);
  const events = Array.from({ length: value.event_count }, (_, n) => {
    const last = n === value.event_count - 1;
    const camera = value.cameras[n % value.cameras.length];
    const phase = n < value.cameras.length ? "begin" : last && value.ended ? "end" : "update";
    const time = iso(start + n * step);
    return {
      event: {
        id: uuid7(start + n * step, next), source: `/${value.sites[0]}/edge-${value.sites[0]}/${camera}`, specversion: "1.0",
        type: `jaga.${value.kind}.${phase}`, time, sequence: String(4100 + n).padStart(20, "0"), datacontenttype: "application/json",
        data: {
          camera, site: value.sites[0], kind: value.kind, phase, episode: value.id, started: value.started,
          ended: phase === "end" ? time : null, confidence: value.confidence, severity: value.severity, zone: value.zones[0] ?? null,
          location: value.location, subjects: value.subjects, why: value.why,
          evidence: value.snapshot && n < 2 ? [{ sha256: n === 0 ? value.snapshot : hex(next, 64), kind: "snapshot", time }] : [],
          clock: { offset_ms: 12, synchronised: true }, delayed: value.delayed,
        },
      },
      link: n === 0 ? { score: 1, reasons: { kind: "first" } }
        : n < value.cameras.length
          ? { score: 0.6 + next() * 0.39, reasons: { kind: "same", place: "distance", time_s: step / 1000, distance_m: 40 + next() * 80, other: `${value.sites[0]}/${value.cameras[0]}` } }
          : { score: 1, reasons: { kind: "episode" } },
    };
  });
  return { ...value, events, changes: [{ time: value.started, actor: "system", from: null, to: "suspected", reason: "first_event", action: "state", detail: "", number: 0, undone: false }] };
}

/** A painted street, blurred: no picture of anybody. */
export function picture(seedText) {
  const next = random(parseInt(seedText.slice(0, 8), 16));
  const hue = 190 + next() * 40;
  const houses = Array.from({ length: 9 }, (_, n) => {
    const height = 120 + next() * 150;
    return `<rect x="${n * 72 - 4}" y="${250 - height}" width="74" height="${height}" fill="hsl(${hue - 160 + next() * 40} 14% ${26 + next() * 18}%)"/>`;
  }).join("");
  const people = crowd(seedText).map(([x, y, h]) => {
    return `<g filter="url(#b)"><rect x="${x}" y="${y + h * 0.2}" width="${h * 0.26}" height="${h * 0.8}" rx="8" fill="hsl(${next() * 360} 32% 44%)"/><circle cx="${x + h * 0.13}" cy="${y + h * 0.12}" r="${h * 0.1}" fill="#b08d74"/></g>`;
  }).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360" width="640" height="360"><defs><filter id="b"><feGaussianBlur stdDeviation="2"/></filter><linearGradient id="s" x2="0" y2="1"><stop stop-color="hsl(${hue} 30% 58%)"/><stop offset="1" stop-color="hsl(${hue} 24% 76%)"/></linearGradient></defs><rect width="640" height="260" fill="url(#s)"/>${houses}<rect y="246" width="640" height="114" fill="#5b5e62"/><path d="M0 246h640v14H0z" fill="#8b8d8e"/><path d="M20 322h80m60 0h80m60 0h80m60 0h80m60 0h80" stroke="#d9d6c4" stroke-width="5"/>${people}</svg>`;
}
