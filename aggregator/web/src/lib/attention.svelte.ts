/** What presses now, and the sounds that say so. One instance a page. */
import { desk } from "./desk.svelte";
import { arrivalSound, pressing, reminder, SETTLED_MS, SILENT, unsettled, type Heard, type Pressing, type Rhythm } from "./escalation";
import { sound } from "./sound.svelte";
import { rings } from "./store";
import type { Incident, Severity } from "./types";

class Attention {
  readonly #incidents = $derived(desk.incidents);
  readonly #waiting = $derived(desk.world.desk);
  readonly #targets = $derived(desk.world.response);
  /** What must not be missed, the most urgent first, whatever the queue's filter shows. */
  readonly pressing = $derived<Pressing[]>(pressing(this.#incidents.values(), this.#waiting, this.#targets, desk.now));
  #heard: Heard | null = null;
  #rhythm: Rhythm = SILENT;
  /** Not heard yet: by their ids, when they came. */
  #unsettled = new Map<string, number>();

  /** Returns what ends it. */
  start(): () => void {
    const silence = sound.start();
    desk.onArrivals = (fresh) => this.#arrived(fresh);
    return () => {
      desk.onArrivals = () => undefined;
      silence();
    };
  }

  /** The next of what presses; after the last one the first again. */
  jump(): void {
    const ids = this.pressing.map((one) => one.incident.id);
    const next = ids[(ids.indexOf(desk.selectedId ?? "") + 1) % Math.max(1, ids.length)];
    if (next === undefined) return;
    desk.select(next);
    desk.comeBack();
    desk.showOnMap();
  }

  /** Called with each tick of the clock. */
  remind(): void {
    this.#settle();
    const { severity, rhythm } = reminder(this.pressing, this.#rhythm, desk.now);
    this.#rhythm = rhythm;
    if (severity !== null) this.#ring(severity);
  }

  #arrived(fresh: readonly Incident[]): void {
    const later = unsettled(fresh, desk.world.desk);
    for (const incident of later) this.#unsettled.set(incident.id, desk.now);
    this.#sound(fresh.filter((incident) => !later.includes(incident)));
  }

  /** What has a line of its own, now that the server has had its time to say so, and still waits. */
  #settle(): void {
    const due = [...this.#unsettled].filter(([, at]) => desk.now - at >= SETTLED_MS).map(([id]) => id);
    for (const id of due) this.#unsettled.delete(id);
    this.#sound(due.flatMap((id) => desk.incidents.get(id) ?? []).filter(rings));
  }

  #sound(fresh: readonly Incident[]): void {
    const severity = arrivalSound(fresh, desk.world.desk, this.#heard, desk.now);
    if (severity !== null) this.#ring(severity);
  }

  #ring(severity: Severity): void {
    if (sound.play(severity)) this.#heard = { severity, at: desk.now };
  }
}

export const attention = new Attention();

/** The page's sign for the tab, with a mark where something waits: yellow, red and larger where it presses. */
export function tabIcon(waiting: number, presses: boolean): string {
  const mark = presses ? "<circle cx='23' cy='9' r='9' fill='%23c4161c' stroke='%23fff' stroke-width='2'/>" : "<circle cx='25' cy='7' r='6' fill='%23f2d24b'/>";
  return (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='%2310202e'/>" +
    "<path d='M4 16c3.2-5.6 7.3-8.4 12-8.4S24.8 10.4 28 16c-3.2 5.6-7.3 8.4-12 8.4S7.2 21.6 4 16z' fill='none' stroke='%235cc8ff' stroke-width='2.4'/>" +
    `<circle cx='16' cy='16' r='4.4' fill='%235cc8ff'/>${waiting > 0 ? mark : ""}</svg>`
  );
}
