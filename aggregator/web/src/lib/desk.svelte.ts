/** The operator's desk: the live world, what is selected, and what is being done to it. One instance a page. */
import { ApiError, fetchIncident, STREAM_URL } from "./api";
import { clips } from "./clips.svelte";
import { dataAge, linkPhase, retryDelay, type LinkFacts } from "./link";
import { arrangeLines, type Line } from "./lines";
import { formatAddress, parseAddress, viewOf, type Address, type View } from "./address";
import { arrange, PLAIN, type Filter } from "./filter";
import { missed, type Missed } from "./missed";
import { who } from "./session.svelte";
import { applyDeltas, arrivals, EMPTY, fromSnapshot, holds, isWatching, rings, type Delta, type World } from "./store";
import { survey } from "./survey";
import { openStream } from "./stream";
import { searchable } from "./search.svelte";
import { missedText, named, t } from "./text.svelte";
import type { Beat, Incident, IncidentDetail } from "./types";
import { neighbour } from "./windowing";

/** A burst of deltas becomes one drawing; where drawing takes long, it is done the less often. */
const BATCH_MS = 60;
const LONGEST_BATCH_MS = 250;
/** What comes in one piece with something urgent is still drawn at once with it. */
const URGENT_MS = 10;
const DRAWING_SHARE = 3;
/** Moving quickly through the list looks at no picture on the way: every look is in the audit log. */
const DETAIL_DELAY_MS = 200;
/** Below this the difference between the clocks is the way of the message. */
const SKEW_MS = 2000;

class Desk {
  world = $state.raw<World>(EMPTY);
  filter = $state.raw<Filter>(PLAIN);
  /** Beside it the desk goes on, with its page, its selection and its filter. */
  view = $state<View>("desk");
  page = $state<Address["page"]>("desk");
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
  /** What the server last said of itself. */
  beat = $state.raw<Beat | null>(null);
  /** What happened while the page was not connected, until the operator has read it. */
  missed = $state.raw<Missed | null>(null);
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
  readonly #districts = $derived(this.world.districts);
  readonly queue = $derived(
    arrange(this.incidents.values(), this.filter, { me: who.me, districts: this.#districts, words: searchable(this.#cameraMap) }),
  );
  /** What waits is summed up; other views show everything. */
  readonly lines = $derived.by((): Line[] =>
    this.filter.view === "action"
      ? arrangeLines(this.queue.rows, this.#waiting, this.expanded, this.selectedId)
      : this.queue.rows.map((incident) => ({ id: incident.id, incident, within: false })),
  );
  /** The incidents that have a line now, in its order: where the keys move. */
  readonly ids = $derived(this.lines.filter((line) => "incident" in line).map((line) => line.id));
  readonly silences = $derived([...this.world.silences.values()].filter((silence) => holds(silence, this.now)).sort((a, b) => (a.expires < b.expires ? -1 : 1)));
  /** Of everything, whatever the filter. */
  readonly counts = $derived(survey(this.incidents.values()));
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
  /** Called with what rings and is new. */
  onArrivals: (fresh: readonly Incident[]) => void = () => undefined;
  #queue: Delta[] = [];
  #batchMs = BATCH_MS;
  /** Something urgent is in the queue. */
  #hurries = false;
  /** What was known when the connection broke, and when that was. */
  #left: { world: World; at: number } | null = null;
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
      snapshot: (value) => {
        this.#replace(fromSnapshot(value));
        this.#sayMissed(true);
      },
      delta: (value) => this.#enqueue(value),
      evidence: (news) => clips.tell(news),
      beat: (value) => {
        this.beat = value;
        this.#setTime(Date.parse(value.time));
      },
      resumed: () => {
        this.#flush();
        this.#sayMissed(false);
      },
      link: (facts) => {
        this.facts = facts;
        if (facts.downSince !== null) this.#left ??= { world: this.world, at: facts.downSince };
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
    if (!this.#hurries && delta.type === "incident" && this.#isUrgent(delta.value)) {
      this.#hurries = true;
      clearTimeout(this.#flushTimer);
      this.#flushTimer = setTimeout(() => this.#flush(), URGENT_MS);
    }
    this.#flushTimer ??= setTimeout(() => this.#flush(), this.#batchMs);
  }

  /** What is critical and new waits for no batch, however much there is to draw. */
  #isUrgent(incident: Incident): boolean {
    return incident.severity === "critical" && rings(incident) && !this.incidents.has(incident.id);
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    this.#hurries = false;
    const deltas = this.#queue;
    this.#queue = [];
    if (deltas.length === 0) return;
    const began = performance.now();
    const ids = deltas.flatMap((delta) => (delta.type === "incident" ? [delta.value.id] : []));
    this.#show(applyDeltas(this.world, deltas), true, new Set(ids));
    requestAnimationFrame(() =>
      setTimeout(() => {
        const took = performance.now() - began;
        this.#batchMs = Math.min(LONGEST_BATCH_MS, Math.max(BATCH_MS, took * DRAWING_SHARE));
      }),
    );
  }

  #show(world: World, announce: boolean, ids?: ReadonlySet<string>): void {
    const before = this.world;
    this.#keepCursor();
    this.world = world;
    if (announce) this.#announce(arrivals(before, world, ids));
    const id = this.selectedId;
    if (id !== null && before.incidents.get(id)?.revision !== world.incidents.get(id)?.revision) this.#loadDetail(300);
  }

  #sayMissed(anew: boolean): void {
    const left = this.#left;
    this.#left = null;
    if (left === null) return;
    const found = missed(left.world, this.world, performance.now() - left.at, anew);
    if (found === null) return;
    this.missed = found;
    this.announcement = missedText(found);
  }

  #announce(fresh: readonly Incident[]): void {
    const [first] = fresh;
    if (first === undefined) return;
    this.onArrivals(fresh);
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
    this.#writeAddress();
  }

  /** Takes over what the address says: at the start, and where somebody changed it. */
  follow(hash: string): void {
    this.view = viewOf(hash);
    const address = parseAddress(hash);
    if (address === null) return;
    this.page = address.page;
    this.filter = address.filter;
    if (address.incident !== this.selectedId) this.select(address.incident);
  }

  show(page: Address["page"]): void {
    this.page = page;
    this.#writeAddress();
  }

  /** Brings the queue and the selection back from another page. */
  comeBack(): void {
    if (parseAddress(location.hash) === null) location.hash = this.#address() || "#/";
  }

  #address(): string {
    return formatAddress({ page: this.page, incident: this.page === "wall" ? null : this.selectedId, filter: this.filter });
  }

  /** The address of another incident, in the queue as it is. */
  linkTo(incident: string): string {
    return formatAddress({ page: "desk", incident, filter: this.filter });
  }

  #writeAddress(): void {
    if (parseAddress(location.hash) === null) return;
    const hash = this.#address();
    history.replaceState(null, "", hash === "" ? location.pathname : hash);
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

  /** failed: how often it was asked for in vain. */
  #loadDetail(delay: number, failed = 0): void {
    clearTimeout(this.#detailTimer);
    this.#detailRequest?.abort();
    const id = this.selectedId;
    if (id === null) return;
    this.#detailTimer = setTimeout(() => void this.#fetchDetail(id, failed), delay);
  }

  async #fetchDetail(id: string, failed: number): Promise<void> {
    const request = new AbortController();
    this.#detailRequest = request;
    try {
      const detail = await fetchIncident(id, request.signal);
      if (this.selectedId !== id) return;
      this.detail = detail;
      this.detailMissing = false;
    } catch (error) {
      if (request.signal.aborted || this.selectedId !== id) return;
      const { status, waitS } = ApiError.of(error);
      this.detailMissing = status === 404;
      if (this.detailMissing) this.detail = null;
      if (status === 401) void who.ask();
      // The connection or the server was away for a moment: without its detail the incident stands there without picture and reasons.
      if (status <= 0 || status >= 500 || status === 429) this.#loadDetail(retryDelay(failed, Math.random(), waitS), failed + 1);
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
    this.#writeAddress();
  }
}

export const desk = new Desk();
