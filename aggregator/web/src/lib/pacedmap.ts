/**
 * A MapLibre map that knows what its frames cost. With a graphics card it is one like any other. Without, a frame of a
 * city is drawn by the processor while the whole page waits for it, a tenth of a second or more; there, what comes piece by
 * piece (the tiles of one change) is gathered into one frame, and frames keep a distance. Who moves the map gets each frame.
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

export class PacedMap extends maplibre.Map {
  // Not private to the class alone (#): the map's own constructor draws before these exist.
  /** Slow until the first frames say otherwise. */
  private frameTook = SLOW_MS + 1;
  private timed = false;
  private drawnAt = -Infinity;
  private touchedAt = -Infinity;
  private due: ReturnType<typeof setTimeout> | undefined;

  constructor(options: maplibre.MapOptions) {
    super(options);
    this.on("render", () => this.time());
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

  override triggerRepaint(): void {
    const now = performance.now();
    if (!this.slow || this.isMoving() || now - this.touchedAt < TOUCHED_MS) return this.drawNow();
    this.due ??= setTimeout(() => this.drawNow(), Math.max(GATHER_MS, this.drawnAt + REST * this.frameTook - now));
  }

  override remove(): void {
    clearTimeout(this.due);
    super.remove();
  }

  private drawNow(): void {
    clearTimeout(this.due);
    this.due = undefined;
    super.triggerRepaint();
  }

  private time(): void {
    if (this.timed) return;
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
