import { EMPTY } from "../src/lib/store";
import type { Camera, Incident, ResponseTargets, Snapshot } from "../src/lib/types";

/** An incident with what a test does not care about filled in. */
export function incident(change: Partial<Incident> & { id: string }): Incident {
  return {
    kind: "intrusion",
    state: "open",
    severity: "minor",
    confidence: 0.8,
    started: "2026-11-23T06:00:00.000Z",
    ended: null,
    last_event: "2026-11-23T06:00:30.000Z",
    updated: "2026-11-23T06:00:31.000Z",
    opened: "2026-11-23T06:00:00.000Z",
    location: { lat: -6.2, lon: 106.8, radius_m: 30 },
    sites: ["senen"],
    cameras: ["cam-1"],
    sources: 1,
    event_count: 1,
    delayed: false,
    zones: [],
    snapshot: null,
    previous: null,
    merged_into: null,
    revision: 1,
    allowed: ["acknowledged"],
    why: null,
    subjects: [],
    doubts: [],
    told: 0.8,
    witnesses: [],
    ...change,
  };
}

export function camera(change: Partial<Camera> & { id: string }): Camera {
  return {
    site: "senen",
    agent: "edge-1",
    name: "",
    state: "online",
    fps_in: 10,
    fps_analysed: 5,
    last_frame_age_s: 0.2,
    last_seen: "2026-11-23T06:00:00.000Z",
    reason: "",
    lat: -6.2,
    lon: 106.8,
    ...change,
  };
}

export const TARGETS: ResponseTargets = {
  acknowledge_s: { critical: 60, major: 180, minor: 900, info: 3600 },
  resolve_s: { critical: 1800, major: 3600, minor: 7200, info: 14_400 },
};

export function snapshot(change: Partial<Snapshot> = {}): Snapshot {
  return {
    incidents: [],
    cameras: [],
    silences: [],
    desk: EMPTY.desk,
    response: TARGETS,
    districts: {},
    map: EMPTY.map,
    time: "2026-11-23T06:00:00.000Z",
    broker: true,
    delay: { events: 0, delayed: 0, typical_s: null, worst_s: null },
    ...change,
  };
}
