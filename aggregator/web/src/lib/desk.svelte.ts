/** The operator's desk: the live world, what is selected, and what is being done to it. One instance a page. */
import { ApiError, fetchIncident, STREAM_URL } from "./api";
import { dataAge, linkPhase, type LinkFacts } from "./link";
import { arrangeLines, type Line } from "./lines";
import { arrange, countViews, type Filter } from "./order";
import { who } from "./session.svelte";
import { applyDeltas, arrivals, EMPTY, fromSnapshot, holds, isWatching, type Delta, type World } from "./store";
import { openStream } from "./stream";
import { named, t } from "./text.svelte";
import type { Incident, IncidentDetail } from "./types";
import { neighbour } from "./windowing";

/** A burst of deltas becomes one drawing. */
const BATCH_MS = 60;
/** Moving quickly through the list looks at no picture on the way: every look is in the audit log. */
const DETAIL_DELAY_MS = 200;
/** Below this the difference between the clocks is the way of the message. */
const SKEW_MS = 2000;

class Desk {
  world = $state.raw<World>(EMPTY);
  filter = $state.raw<Filter>({ view: "action", kind: "" });
  /** Ids of summary lines that are open. */
  expanded = $state.raw<ReadonlySet<string>>(new Set());
  selectedId = $state<string | null>(null);
  detail = $state.raw<IncidentDetail | null>(null);
  detailMissing = $state(false);
  help = $state(false);
  account = $state(false);
  announcement = $state("");
  /** Counts the wishes to see the selection close up on the map. */
  mapWishes = $state(0);
  facts = $state.raw<LinkFacts>({ startedAt: performance.now(), heardAt: null, downSince: null });
  /** Server time, milliseconds; ticks once a second. */
  now = $state(Date.now());
  #tick = $state(performance.now());
  #skew = 0;
  #cursor = 0;

  /** The same objects as long as no delta concerns them: what is derived from one does not follow the other. */
  readonly incidents = $derived(this.world.incidents);
  readonly #cameraMap = $derived(this.world.cameras);
  readonly #waiting = $derived(this.world.desk);
  readonly #arranged = $derived(arrange(this.incidents.values(), this.filter));
  /** What waits is summed up; other views show everything. */
  readonly lines = $derived.by((): Line[] =>
    this.filter.view === "action"
      ? arrangeLines(this.#arranged, this.#waiting, this.expanded, this.selectedId)
      : this.#arranged.map((incident) => ({ id: incident.id, incident, within: false })),
  );
  /** The incidents that have a line now, in its order: where the keys move. */
  readonly ids = $derived(this.lines.filter((line) => "incident" in line).map((line) => line.id));
  readonly silences = $derived([...this.world.silences.values()].filter((silence) => holds(silence, this.now)).sort((a, b) => (a.expires < b.expires ? -1 : 1)));
  readonly counts = $derived(countViews(this.incidents.values()));
  readonly kinds = $derived([...new Set([...this.incidents.values()].map((incident) => incident.kind))].sort());
  readonly cameras = $derived([...this.#cameraMap.values()]);
  readonly watching = $derived(this.cameras.filter(isWatching).length);
  readonly phase = $derived(linkPhase(this.facts, this.#tick));
  readonly dataAge = $derived(dataAge(this.facts, this.#tick));
  /** The list's newest word on the selected incident; the detail's where the list no longer holds it. */
  readonly selected = $derived.by((): Incident | null => {
    if (this.selectedId === null) return null;
    const held = this.incidents.get(this.selectedId);
    return held ?? (this.detail?.id === this.selectedId ? this.detail : null);
  });

  /** Called before another incident is shown. */
  onSelect: (id: string | null) => void = () => undefined;
  #queue: Delta[] = [];
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #detailTimer: ReturnType<typeof setTimeout> | undefined;
  #detailRequest: AbortController | undefined;

  /** Starts the clock and the stream; returns what ends both. */
  start(): () => void {
    const clock = setInterval(() => {
      this.now = Date.now() + this.#skew;
      this.#tick = performance.now();
    }, 1000);
    const close = openStream(STREAM_URL, {
      snapshot: (value) => this.#replace(fromSnapshot(value)),
      delta: (value) => this.#enqueue(value),
      time: (value) => this.#setTime(Date.parse(value)),
      link: (facts) => {
        this.facts = facts;
        this.#tick = performance.now();
      },
      // A server that answers, but not with a stream: perhaps the session has ended.
      refused: () => void who.ask(),
    });
    return () => {
      clearInterval(clock);
      close();
    };
  }

  #setTime(server: number): void {
    const skew = server - Date.now();
    this.#skew = Math.abs(skew) > SKEW_MS ? skew : 0;
    this.now = Date.now() + this.#skew;
  }

  #replace(world: World): void {
    this.#queue = [];
    const first = !this.world.loaded;
    this.#show(world, !first);
  }

  #enqueue(delta: Delta): void {
    this.#queue.push(delta);
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      const deltas = this.#queue;
      this.#queue = [];
      this.#show(applyDeltas(this.world, deltas), true);
    }, BATCH_MS);
  }

  #show(world: World, announce: boolean): void {
    const before = this.world;
    this.#keepCursor();
    this.world = world;
    if (announce) this.#announce(arrivals(before, world));
    const id = this.selectedId;
    if (id !== null && before.incidents.get(id)?.revision !== world.incidents.get(id)?.revision) this.#loadDetail(300);
  }

  #announce(fresh: readonly Incident[]): void {
    const [first] = fresh;
    if (first === undefined) return;
    this.announcement =
      fresh.length === 1
        ? t("web.live.new_one", { kind: named("kind", first.kind), severity: t(`web.severity.${first.severity}`) })
        : t("web.live.new_many", { n: fresh.length });
  }

  select(id: string | null): void {
    if (id === this.selectedId) return;
    this.selectedId = id;
    this.#keepCursor();
    this.detail = null;
    this.detailMissing = false;
    this.onSelect(id);
    this.#loadDetail(DETAIL_DELAY_MS);
    history.replaceState(null, "", id === null ? location.pathname : `#/incident/${id}`);
  }

  move(step: number): void {
    this.select(neighbour(this.ids, this.selectedId, step, this.#cursor));
  }

  showOnMap(): void {
    this.mapWishes += 1;
  }

  /** Where the selection is in the list, so that it has neighbours even after it has left the list. */
  #keepCursor(): void {
    const at = this.selectedId === null ? -1 : this.ids.indexOf(this.selectedId);
    if (at >= 0) this.#cursor = at;
  }

  #loadDetail(delay: number): void {
    clearTimeout(this.#detailTimer);
    this.#detailRequest?.abort();
    const id = this.selectedId;
    if (id === null) return;
    this.#detailTimer = setTimeout(() => void this.#fetchDetail(id), delay);
  }

  async #fetchDetail(id: string): Promise<void> {
    const request = new AbortController();
    this.#detailRequest = request;
    try {
      const detail = await fetchIncident(id, request.signal);
      if (this.selectedId !== id) return;
      this.detail = detail;
      this.detailMissing = false;
    } catch (error) {
      if (!request.signal.aborted && this.selectedId === id) {
        this.detailMissing = error instanceof ApiError && error.status === 404;
        if (error instanceof ApiError && error.status === 401) void who.ask();
      }
    }
  }

  /** What is expected of the server, shown until it answers. */
  foresee(incident: Incident): void {
    this.#enqueue({ type: "incident", value: incident });
  }

  /** The server's answer to something that was done here: it may be faster than the stream. */
  take(incident: Incident): void {
    this.#enqueue({ type: "incident", value: incident });
    if (this.selectedId === incident.id) this.#loadDetail(0);
  }

  toggle(summary: string): void {
    const without = [...this.expanded].filter((id) => id !== summary);
    this.expanded = new Set(this.expanded.has(summary) ? without : [...without, summary]);
  }

  /** Opens every summary line; where all are open, closes them. */
  toggleAll(): void {
    const sums = this.lines.flatMap((line) => ("summary" in line ? [line.summary] : []));
    this.expanded = sums.every((sum) => sum.expanded) ? new Set() : new Set(sums.map((sum) => sum.id));
  }

  setFilter(change: Partial<Filter>): void {
    this.filter = { ...this.filter, ...change };
  }
}

export const desk = new Desk();
