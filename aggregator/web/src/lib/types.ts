/** What the aggregator's API sends. Times are RFC 3339 UTC text, lengths metres, durations seconds. */
import type { Sentence } from "./catalogue";

export const SEVERITIES = ["critical", "major", "minor", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

export const STATES = ["suspected", "open", "acknowledged", "dispatched", "resolved", "false_alarm"] as const;
export type State = (typeof STATES)[number];

export const CAMERA_STATES = [
  "failed",
  "offline",
  "stalled",
  "reconnecting",
  "unknown",
  "suspended",
  "starting",
  "idle",
  "online",
] as const;
export type CameraState = (typeof CAMERA_STATES)[number];

export interface Location {
  lat: number;
  lon: number;
  radius_m: number;
}

export interface Waypoint {
  lat: number;
  lon: number;
  time: string;
}

export interface Measure {
  name: string;
  value: number;
  threshold?: number | null;
  unit?: string;
}

export interface Why {
  rule: string;
  measures: Measure[];
  model: string;
  config_hash: string;
}

/** Boxes are [x1, y1, x2, y2], 0..1 of the frame. */
export interface Subject {
  class: string;
  count: number;
  boxes?: [number, number, number, number][];
}

export const ACTS = ["state", "take", "assign", "release", "note", "severity", "kind", "merge", "split", "split_from", "handover", "undo"] as const;
/** What somebody did: "state" is a step of the lifecycle, "split_from" stands on the incident that was split off. */
export type ActName = (typeof ACTS)[number];

/** to: the state it led to. detail: a name, a state, a severity, a kind or another incident; of an undo, the action or state undone. */
export interface Act {
  number: number;
  action: ActName;
  actor: string;
  time: string;
  to: State;
  detail: string;
  /** Until when who did it can take it back; null where it cannot be. */
  undo_until: string | null;
}

export interface Incident {
  id: string;
  kind: string;
  state: State;
  severity: Severity;
  confidence: number;
  started: string;
  ended: string | null;
  last_event: string;
  updated: string;
  /** When it was first shown as more than suspected: response targets count from here. */
  opened: string | null;
  location: Location | null;
  sites: string[];
  cameras: string[];
  sources: number;
  event_count: number;
  delayed: boolean;
  zones: string[];
  snapshot: string | null;
  previous: string | null;
  /** The incident that absorbed this one; then nothing is allowed any more. */
  merged_into: string | null;
  /** Where it was seen, in the order of time, where it moved. */
  path?: Waypoint[];
  /** Counts this incident's changes: the larger is the newer. */
  revision: number;
  allowed: State[];
  why: Why | null;
  subjects: Subject[];
  /** Why it stays suspected although its sources' own word would open it: "verdicts", "unconfirmed:per hour". */
  doubts: string[];
  /** The confidence without verdicts. */
  told: number;
  witnesses: Witness[];
  /** What makes it graver than its events, as "what:how much"; "operator:severity" where a person's word stands instead. */
  raised: string[];
  /** Who has it in hand. */
  owner: string | null;
  /** Who gave it to the owner, until he does something with it. */
  handed_by: string | null;
  /** How many steps people made on it: what an action says it has seen. */
  acted: number;
  last_act: Act | null;
  split_from: string | null;
  /** What its cameras say where a person's word stands instead. */
  told_kind: string | null;
  told_severity: Severity | null;
}

/** What a source said (0..1), what of it counts, and how often verdicts have found it right. */
export interface Witness {
  site: string;
  camera: string;
  kind: string | null;
  told: number;
  counts: number;
  precision: number | null;
  verdicts: number;
}

export interface Evidence {
  sha256: string;
  kind: "snapshot" | "clip";
  time: string;
}

export interface WireEvent {
  id: string;
  source: string;
  type: string;
  time: string;
  sequence: string;
  data: {
    camera: string;
    site: string;
    kind: string;
    phase: "begin" | "update" | "end";
    episode: string;
    started: string;
    ended?: string | null;
    confidence: number;
    severity: Severity;
    zone?: string | null;
    location?: Location | null;
    subjects?: Subject[];
    why: Why;
    evidence?: Evidence[];
    clock: { offset_ms: number; synchronised: boolean };
    delayed?: boolean;
  };
}

export interface LinkedEvent {
  event: WireEvent;
  link: { score: number; reasons: Record<string, unknown> & { refused?: [string, string][] } } | null;
  /** Of the event's clip, where it was asked for and has come. */
  clip?: string | null;
}

export interface Change {
  time: string;
  actor: string;
  from: State | null;
  to: State;
  reason: string;
  action: ActName;
  detail: string;
  number: number;
  undone: boolean;
}

export const RELATIONS = ["previous", "next", "merged", "split_from", "split_off", "near"] as const;

/** An incident that another one comes from or led to, or that lies near it. */
export interface Related {
  id: string;
  relation: (typeof RELATIONS)[number];
  kind: string;
  state: State;
  severity: Severity;
  started: string;
  owner: string | null;
  distance_m: number | null;
  gap_s: number | null;
  alike: boolean;
}

/** A camera near an incident, with its latest picture. */
export interface NearCamera {
  site: string;
  camera: string;
  name: string;
  state: CameraState;
  distance_m: number;
  snapshot: string | null;
  received: string | null;
}

export interface Around {
  incidents: Related[];
  cameras: NearCamera[];
}

export interface Assignee {
  name: string;
  role: Role;
}

export interface IncidentDetail extends Incident {
  events: LinkedEvent[];
  changes: Change[];
  /** How many events it kept quiet as their cause, by reason. */
  suppressed: Record<string, number>;
}

/** One line for incidents of one place and kind. alarm: open ones that the load put there, else suspected ones. */
export interface Summary {
  site: string;
  kind: string;
  alarm: boolean;
  incidents: string[];
}

export interface Load {
  opened: number;
  per_operator: number;
  budget: number;
  over: boolean;
}

export interface DeskState {
  load: Load;
  summaries: Summary[];
}

export interface Silence {
  id: string;
  actor: string;
  reason: string;
  maintenance: boolean;
  site: string | null;
  camera: string | null;
  kind: string | null;
  zone: string | null;
  rule: string | null;
  starts: string;
  expires: string;
  ended: string | null;
}

/** Incidents that this user may not see any more, or that are past their time: id to the revision then. */
export interface Gone {
  incidents: Record<string, number>;
}

export interface SilenceWish {
  site: string;
  camera?: string;
  rule?: string;
  kind?: string;
  reason: string;
  expires: string;
}

/** What verdicts say of a camera's rule ("": not known any more); drift: recent minus before, where it is sure. */
export interface Precision {
  site: string;
  camera: string;
  kind: string;
  rule: string;
  precision: number;
  low: number;
  high: number;
  right: number;
  wrong: number;
  drift: number | null;
}

export interface Suppressed {
  event: string;
  reason: string;
  site: string;
  camera: string;
  kind: string;
  time: string;
}

export interface Camera {
  id: string;
  site: string;
  agent: string | null;
  name: string;
  state: CameraState;
  fps_in: number | null;
  fps_analysed: number | null;
  last_frame_age_s: number | null;
  last_seen: string | null;
  reason: string;
  why?: Sentence | null;
  lat: number | null;
  lon: number | null;
  /** How far around its place it may stand or see. */
  radius_m?: number | null;
  /** Where it looks: clockwise from north, and how far; null where nobody knows. */
  view?: CameraView | null;
}

export interface CameraView {
  heading_deg: number;
  fov_deg: number;
  range_m: number;
}

/** How soon somebody has to act, in seconds from `opened`. */
export interface ResponseTargets {
  acknowledge_s: Record<Severity, number>;
  resolve_s: Record<Severity, number>;
}

/** How late events arrived in the last minute. delayed: those that an agent had kept while it was cut off. */
export interface Delay {
  events: number;
  delayed: number;
  typical_s: number | null;
  worst_s: number | null;
}

/** What the server says of itself with each heartbeat. broker: whether it hears the cameras' agents. */
export interface Beat {
  time: string;
  broker: boolean;
  delay: Delay;
}

/** What lies under the map: nothing, a style of its own, or tiles of pictures. */
export interface BaseMap {
  style: string | null;
  tiles: string[];
  /** The address of an archive with the tiles of a region. */
  pmtiles: string | null;
  attribution: string;
  max_zoom: number;
}

export interface Snapshot extends Beat {
  incidents: Incident[];
  cameras: Camera[];
  silences: Silence[];
  desk: DeskState;
  response: ResponseTargets;
  districts: Record<string, string[]>;
  map: BaseMap;
}

export const ROLES = ["viewer", "operator", "supervisor", "engineer", "administrator", "auditor"] as const;
export type Role = (typeof ROLES)[number];

export interface SessionUser {
  name: string;
  role: Role;
  /** None means the whole city. */
  districts: string[];
  permissions: string[];
  expires: string | null;
  csrf: string;
}

/** `accounts`: whether anybody has to log in. `sign_on`: whether OpenID Connect is offered. */
export interface Session {
  accounts: boolean;
  sign_on: boolean;
  zone: { name: string; label: string };
  user: SessionUser | null;
}

export interface Account {
  name: string;
  role: Role;
  districts: string[];
  disabled: boolean;
  sign_on: boolean;
  created: string;
}

export interface Roster {
  items: Account[];
  districts: string[];
}
