/**
 * The live stream: server-sent events with their resumption by Last-Event-ID, which the browser does by itself as long as the
 * connection breaks; what it does not do (a refused answer, a connection that is open but silent) is done here.
 */
import type { Sentence } from "./catalogue";
import type { ClipNews } from "./clips.svelte";
import { LOST_MS, retryDelay, type LinkFacts } from "./link";
import type { Delta } from "./store";
import type { Beat, Camera, DeskState, Gone, Incident, Silence, Snapshot } from "./types";

export interface StreamHandlers {
  snapshot(value: Snapshot): void;
  delta(value: Delta): void;
  /** What the server says of itself; comes with the snapshot too. */
  beat(value: Beat): void;
  /** All that was missed while the connection was down has come as deltas. */
  resumed(): void;
  /** What has come of a clip, or of another picture. */
  evidence(news: ClipNews): void;
  link(facts: LinkFacts): void;
  /** The server answered, and not with a stream. It is tried again all the same. */
  refused(): void;
}

/** Opens at once. Returns what ends it. Handlers are called from the browser's event loop, in the stream's order. */
export function openStream(url: string, handlers: StreamHandlers): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  /** Where a stream that is opened anew goes on; the browser knows it for its own attempts. */
  let place = "";
  const facts: LinkFacts = { startedAt: performance.now(), heardAt: null, downSince: null };

  /** When the connection was last opened, or tried to be. */
  let triedAt = facts.startedAt;

  /** A connection that is open and has said nothing yet is up, and the picture as old as before. */
  function up(): void {
    triedAt = performance.now();
    facts.downSince = null;
    attempt = 0;
    handlers.link({ ...facts });
  }

  function heard(): void {
    facts.heardAt = performance.now();
    up();
  }

  function down(since: number): void {
    facts.downSince ??= since;
    handlers.link({ ...facts });
  }

  function on(name: string, take: (value: unknown) => void): void {
    source?.addEventListener(name, (message) => {
      heard();
      const { data, lastEventId } = message as MessageEvent<string>;
      place = lastEventId;
      take(JSON.parse(data));
    });
  }

  function connect(): void {
    source?.close();
    triedAt = performance.now();
    source = new EventSource(place === "" ? url : `${url}?after=${encodeURIComponent(place)}`);
    on("snapshot", (value) => {
      const snapshot = value as Snapshot;
      handlers.beat(snapshot);
      handlers.snapshot(snapshot);
    });
    on("incident", (value) => handlers.delta({ type: "incident", value: value as Incident }));
    on("gone", (value) => handlers.delta({ type: "gone", value: value as Gone }));
    on("desk", (value) => handlers.delta({ type: "desk", value: value as DeskState }));
    on("silence", (value) => handlers.delta({ type: "silence", value: value as Silence }));
    on("camera", (value) => handlers.delta({ type: "camera", value: value as Camera }));
    on("evidence", (value) => handlers.evidence({ type: "evidence", ...(value as { event: string; sha256: string; media: string }) }));
    on("clip", (value) => handlers.evidence({ type: "clip", ...(value as { event: string; error: string; why: Sentence | null }) }));
    on("heartbeat", (value) => handlers.beat(value as Beat));
    on("resumed", (value) => {
      handlers.beat(value as Beat);
      handlers.resumed();
    });
    source.onopen = up;
    source.onerror = () => {
      down(performance.now());
      if (source?.readyState !== EventSource.CLOSED) return;
      handlers.refused();
      reconnectLater();
    };
  }

  function reconnectLater(): void {
    clearTimeout(timer);
    timer = setTimeout(connect, retryDelay(attempt++, Math.random()));
  }

  /** A cable pulled on the way leaves the connection open and silent for minutes. */
  const watchdog = setInterval(() => {
    const heardAt = facts.heardAt ?? facts.startedAt;
    if (facts.downSince === null && performance.now() - Math.max(heardAt, triedAt) > LOST_MS) {
      down(heardAt);
      connect();
    }
  }, 5000);

  connect();
  return () => {
    clearInterval(watchdog);
    clearTimeout(timer);
    source?.close();
  };
}
