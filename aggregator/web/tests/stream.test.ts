import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LOST_MS, linkPhase, type LinkFacts } from "../src/lib/link";
import { openStream } from "../src/lib/stream";

/** What the page opens; the test says what happens to it. */
class Source {
  static readonly CLOSED = 2;
  static opened: Source[] = [];
  readonly listeners = new Map<string, (message: { data: string; lastEventId: string }) => void>();
  onopen: () => void = () => undefined;
  onerror: () => void = () => undefined;
  readyState = 1;

  constructor(readonly url: string) {
    Source.opened.push(this);
  }

  addEventListener(name: string, take: (message: { data: string; lastEventId: string }) => void): void {
    this.listeners.set(name, take);
  }

  close(): void {
    this.readyState = Source.CLOSED;
  }

  say(name: string, id = ""): void {
    this.listeners.get(name)?.({ data: '{"incidents":[]}', lastEventId: id });
  }
}

describe("the live stream", () => {
  let facts: LinkFacts;
  let close: () => void;
  const nothing = (): void => undefined;
  const current = (): Source => Source.opened.at(-1)!;

  beforeEach(() => {
    Source.opened = [];
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", Source);
    close = openStream("/stream", { snapshot: nothing, delta: nothing, beat: nothing, resumed: nothing, evidence: nothing, refused: nothing, link: (told) => (facts = told) });
  });

  afterEach(() => {
    close();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("takes no opened connection for something heard", () => {
    current().onopen();
    expect(facts.heardAt).toBeNull();
    current().say("heartbeat");
    const heard = facts.heardAt;
    expect(heard).not.toBeNull();
    vi.advanceTimersByTime(12_000);
    current().onerror();
    current().onopen();
    expect(facts.heardAt).toBe(heard);
    expect(facts.downSince).toBeNull();
  });

  it("says that it is live only once there is news after a long gap", () => {
    current().say("snapshot", "a-1");
    vi.advanceTimersByTime(1000);
    current().onerror();
    vi.advanceTimersByTime(LOST_MS);
    current().onopen();
    expect(linkPhase(facts, performance.now())).toBe("lost");
    current().say("resumed");
    expect(linkPhase(facts, performance.now())).toBe("live");
  });

  it("gives a connection that was just opened its time before it opens another", () => {
    current().say("snapshot", "a-1");
    current().onerror();
    vi.advanceTimersByTime(LOST_MS * 2);
    current().onopen();
    vi.advanceTimersByTime(LOST_MS - 6000);
    expect(Source.opened).toHaveLength(1);
    vi.advanceTimersByTime(12_000);
    expect(Source.opened).toHaveLength(2);
    expect(current().url).toBe("/stream?after=a-1");
  });
});
