/**
 * A MapLibre map that knows what its frames cost. With a graphics card it is one like any other. Without, a frame of a
 * city is drawn by the processor while the whole page waits for it, a tenth of a second or more; there, what comes piece by
 * piece (the tiles of one change) is gathered into one frame, and frames keep a distance. Who moves the map gets each frame.
 *
 * It opens unseen: for what no screen shows the page does not wait, and the first picture is the dearest, since WebGL's
 * programs are made in it.
 */
import * as maplibre from "maplibre-gl";

/** A frame that takes longer is slow. */
const SLOW_MS = 50;
const GATHER_MS = 60;
/** The rest after a frame, in frames. */
const REST = 2;
/** How long after a touch all that follows is taken for its effect. */
const TOUCHED_MS = 1000;
/** Of a page that nobody sees, no frame is drawn: what was measured so is none. */
const HIDDEN_MS = 2000;
/** How often it is asked whether a picture is done. */
const ASK_MS = 15;
/** A map that does not become whole is shown as it is: the letters of a base map's server may never come. */
const UNSEEN_MS = 10_000;

export class PacedMap extends maplibre.Map {
  // Not private to the class alone (#): the map's own constructor draws before these exist.
  /** Slow until the first frames say otherwise. */
  private frameTook = SLOW_MS + 1;
  private seen = false;
  private frames = 0;
  private timed = false;
  private drawnAt = -Infinity;
  private touchedAt = -Infinity;
  private due: ReturnType<typeof setTimeout> | undefined;

  constructor(options: maplibre.MapOptions) {
    super(options);
    this.getCanvas().style.visibility = "hidden";
    this.on("render", () => {
      this.frames += 1;
      this.time();
    });
    this.on("move", () => this.drawNow());
    for (const touch of ["pointerdown", "wheel", "keydown"]) {
      this.getCanvasContainer().addEventListener(touch, () => (this.touchedAt = performance.now()), { capture: true, passive: true });
    }
  }

  /** Milliseconds from a frame's commands to the page's next frame, lately. */
  get frameMs(): number {
    return this.frameTook;
  }

  /** Whether a slide would be none. */
  get slow(): boolean {
    return this.frameTook > SLOW_MS;
  }

  /** Shows the map once what it then draws is whole and drawn to its end, or has not become so in time. */
  async open(whole: () => boolean): Promise<void> {
    await Promise.race([this.drawn(whole), new Promise((late) => setTimeout(late, UNSEEN_MS))]);
    this.seen = true;
    this.getCanvas().style.visibility = "";
  }

  override triggerRepaint(): void {
    const now = performance.now();
    if (!this.slow || this.isMoving() || now - this.touchedAt < TOUCHED_MS) return this.drawNow();
    this.due ??= setTimeout(() => this.drawNow(), Math.max(GATHER_MS, this.drawnAt + REST * this.frameTook - now));
  }

  override remove(): void {
    clearTimeout(this.due);
    super.remove();
  }

  /** Resolves when a whole picture is drawn to its end and no other follows it, or the map is seen without. */
  private async drawn(whole: () => boolean): Promise<void> {
    let frames = 0;
    do {
      while (frames === this.frames || !whole()) {
        await this.once("render");
        if (this.seen) return;
      }
      frames = this.frames;
      await this.finished();
    } while (frames !== this.frames || this.due !== undefined);
  }

  /** Resolves when WebGL has done all that it was told. */
  private async finished(): Promise<void> {
    const gl = this.getCanvas().getContext("webgl2");
    const end = gl?.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0) ?? null;
    if (gl === null || end === null) return;
    gl.flush();
    // It is answered at once and stays the same during a task; a context that is lost has no status.
    while (gl.getSyncParameter(end, gl.SYNC_STATUS) === gl.UNSIGNALED) await new Promise((again) => setTimeout(again, ASK_MS));
    gl.deleteSync(end);
  }

  private drawNow(): void {
    clearTimeout(this.due);
    this.due = undefined;
    super.triggerRepaint();
  }

  private time(): void {
    if (this.timed || !this.seen) return;
    this.timed = true;
    const began = performance.now();
    requestAnimationFrame(() => {
      this.timed = false;
      this.drawnAt = performance.now();
      const took = this.drawnAt - began;
      if (took < HIDDEN_MS) this.frameTook += (took - this.frameTook) / 2;
    });
  }
}
