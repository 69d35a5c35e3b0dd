/**
 * The map: MapLibre GL without a tile, a glyph server or a sprite. Labels are drawn from the page's own font, signs from
 * lib/shapes, and the worker is a file of this build, so that it runs under `script-src 'self'` without internet.
 */
import * as maplibre from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { GeoJSON } from "geojson";
import { gridStep, pixelsAtZoom0, type Bounds } from "./geo";
import { ForeignLayers, openBase, type Base } from "./base";
import { OWN_SOURCES, overBase, ownStyle, SIGN, type PaintedLayer, type Palette } from "./mapstyle";
import { PacedMap } from "./pacedmap";
import { alikeCameras, alikeIncidents, alikePaths, cameraAreas, cameraPoints, drawnAlike, gridLines, incidentPaths, incidentPoints, pathEnds, sitePoints, type Placed } from "./scene";
import { CAMERA_SHAPES, SHAPES } from "./shapes";
import { SEVERITIES, type BaseMap, type Camera, type Incident } from "./types";

maplibre.setWorkerUrl(workerUrl);

/** lost: it does not answer, or with something else; foreign: vector tiles of another schema. */
export type Baseless = "lost" | "foreign";

export interface MapEvents {
  select(id: string): void;
  /** site/id of a camera that was chosen. */
  selectCamera(key: string): void;
  /** Whether the configured base map is had; the map goes on without it. null: it is. */
  baseless(why: Baseless | null): void;
  /** After each move: the grid's mesh in metres. */
  moved(gridM: number): void;
}

/** After a change the map rests this many times as long as a frame of it takes to draw, within bounds. */
const REST = 8;
const [SHORTEST_REST_MS, LONGEST_REST_MS] = [100, 1000];
/** Without any tile for so long, the base map is not there. */
const BASE_WAIT_MS = 10_000;
const RANKED = [...SEVERITIES].reverse();

interface Shown {
  cameras: readonly (Camera & Placed)[];
  incidents: readonly Incident[];
  /** Those that moved. */
  paths: readonly Incident[];
}

const NOTHING: Shown = { cameras: [], incidents: [], paths: [] };

export class MapView {
  readonly #map: PacedMap;
  readonly #events: MapEvents;
  readonly #base: Base | null;
  #palette: Palette;
  #originLat = 0;
  #ready = false;
  /** Whether the map is seen; until then it draws what it was given first. */
  #open = false;
  #gone = false;
  #pending: (() => void)[] = [];
  readonly #scale: number;
  /** What is on the map now, and what shall be. */
  #drawn: Shown = NOTHING;
  #wanted: Shown = NOTHING;
  #drawnAt = -Infinity;
  #redraw: ReturnType<typeof setTimeout> | undefined;
  /** What sources still have to be handed. */
  readonly #tasks = new Map<string, () => GeoJSON>();
  #working: ReturnType<typeof setTimeout> | undefined;
  #baseWait: ReturnType<typeof setTimeout> | undefined;

  /**
   * The base map is fetched first. wall: the scale of signs on a screen that nobody touches; null for the desk. Raises
   * where the browser gives no WebGL: the caller then draws the plain map.
   */
  static async open(container: HTMLElement, palette: Palette, events: MapEvents, base: BaseMap, wall: number | null = null): Promise<MapView> {
    let under: Base | null = null;
    try {
      under = await openBase(base);
    } catch (error) {
      events.baseless(error instanceof ForeignLayers ? "foreign" : "lost");
    }
    return new MapView(container, palette, events, under, wall);
  }

  private constructor(container: HTMLElement, palette: Palette, events: MapEvents, base: Base | null, wall: number | null) {
    const scale = wall ?? 1;
    this.#palette = palette;
    this.#events = events;
    this.#base = base;
    this.#scale = scale;
    this.#map = new PacedMap({
      container,
      style: overBase((font) => ownStyle(palette, scale, font), base?.(palette, scale) ?? null),
      center: [106.83, -6.18],
      zoom: 11,
      maxZoom: 19,
      attributionControl: false,
      interactive: wall === null,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
    });
    if (wall === null) {
      this.#map.touchZoomRotate.disableRotation();
      this.#map.keyboard.disableRotation();
    }
    this.#map.addControl(new maplibre.ScaleControl({ maxWidth: 110 * scale }), "bottom-left");
    // Not "load": that waits for the base map's tiles, which may hang.
    this.#map.on("style.load", () => {
      this.#addImages();
      this.#ready = true;
      for (const task of this.#pending.splice(0)) task();
      this.#drawGrid();
      this.#draw(true);
    });
    this.#map.once("style.load", () => void this.#unveil());
    // A graphics driver starts anew: the map comes back with the data that it had then, by another "style.load".
    this.#map.on("webglcontextlost", () => (this.#ready = false));
    this.#map.on("moveend", () => this.#drawGrid());
    this.#listen();
    if (base !== null) this.#watchBase();
  }

  /** What a screen reader calls the map that keys move; MapLibre has it in English. */
  setLabel(label: string): void {
    this.#map.getCanvas().setAttribute("aria-label", label);
  }

  /** Tells when the base map does not answer, and when it answers again; a tile that is not there (404) is no error. */
  #watchBase(): void {
    let lost = false;
    this.#baseWait = setTimeout(() => tell(!this.#map.areTilesLoaded()), BASE_WAIT_MS);
    const tell = (now: boolean): void => {
      if (now !== lost) this.#events.baseless(now ? "lost" : null);
      lost = now;
    };
    this.#map.on("error", (event) => {
      const { sourceId } = event as { sourceId?: string };
      if (sourceId !== undefined && !OWN_SOURCES.has(sourceId)) tell(true);
      else console.error(event.error);
    });
    this.#map.on("sourcedata", (event) => {
      if (event.tile === undefined || event.tile.state !== "loaded" || OWN_SOURCES.has(event.sourceId)) return;
      clearTimeout(this.#baseWait);
      tell(false);
    });
  }

  async #unveil(): Promise<void> {
    await this.#map.open(() => this.#tasks.size === 0 && [...OWN_SOURCES].every((name) => this.#map.isSourceLoaded(name)));
    if (this.#gone) return;
    this.#open = true;
    this.#draw();
  }

  #whenReady(task: () => void): void {
    if (this.#ready) task();
    else this.#pending.push(task);
  }

  setCameras(cameras: readonly (Camera & Placed)[]): void {
    this.#show({ ...this.#wanted, cameras });
  }

  setIncidents(incidents: readonly Incident[]): void {
    this.#show({ ...this.#wanted, incidents, paths: incidents.filter((incident) => (incident.path?.length ?? 0) > 1) });
  }

  #show(wanted: Shown): void {
    this.#wanted = wanted;
    if (!this.#open || this.#redraw !== undefined) return;
    const rest = Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, this.#map.frameMs * REST));
    const wait = this.#drawnAt + rest - performance.now();
    if (wait <= 0) this.#draw();
    else
      this.#redraw = setTimeout(() => {
        this.#redraw = undefined;
        this.#draw();
      }, wait);
  }

  /** Hands on what would look different; all: each source, whatever it holds. */
  #draw(all = false): void {
    const [before, after] = [this.#drawn, this.#wanted];
    const cameras = all || !drawnAlike(before.cameras, after.cameras, alikeCameras);
    const incidents = all || !drawnAlike(before.incidents, after.incidents, alikeIncidents);
    const paths = all || !drawnAlike(before.paths, after.paths, alikePaths);
    this.#drawn = after;
    if (!cameras && !incidents && !paths) return;
    this.#drawnAt = performance.now();
    if (incidents) this.#hand("incidents", () => incidentPoints(after.incidents));
    if (paths) {
      this.#hand("paths", () => incidentPaths(after.paths));
      this.#hand("ends", () => pathEnds(after.paths));
    }
    if (!cameras) return;
    this.#hand("cameras", () => cameraPoints(after.cameras));
    this.#hand("areas", () => cameraAreas(after.cameras));
    this.#hand("sites", () => sitePoints(after.cameras));
  }

  /** In a task of its own: thousands of places in one would hold up the page. */
  #hand(source: string, data: () => GeoJSON): void {
    this.#tasks.set(source, data);
    this.#working ??= setTimeout(() => this.#work());
  }

  #work(): void {
    for (const [source, data] of this.#tasks) {
      this.#tasks.delete(source);
      this.#set(source, data());
      break;
    }
    this.#working = this.#tasks.size > 0 ? setTimeout(() => this.#work()) : undefined;
  }

  /** As long as asked for, or at once where drawing is slow. */
  #slide(ms: number): number {
    return this.#map.slow ? 0 : ms;
  }

  /** Calls `moved` while the map moves; returns what ends that. */
  onMove(moved: () => void): () => void {
    this.#map.on("move", moved);
    return () => this.#map.off("move", moved);
  }

  /** From the map's top left corner. */
  pixelOf(place: Placed): [x: number, y: number] {
    const { x, y } = this.#map.project([place.lon, place.lat]);
    return [x, y];
  }

  pixels(metres: number, lat: number): number {
    return pixelsAtZoom0(metres, lat) * 2 ** this.#map.getZoom();
  }

  /** Brings a place into view without changing what the operator chose to see more than needed. */
  reveal(place: Placed): void {
    this.#whenReady(() => {
      const { clientWidth, clientHeight } = this.#map.getContainer();
      const [x, y] = this.pixelOf(place);
      const margin = 60;
      const inside = x > margin && y > margin && x < clientWidth - margin && y < clientHeight - margin;
      if (!inside) this.#map.easeTo({ center: [place.lon, place.lat], duration: this.#slide(500) });
    });
  }

  /** Close enough to tell one camera from the next. */
  approach(place: Placed): void {
    this.#whenReady(() => {
      this.#map.easeTo({ center: [place.lon, place.lat], zoom: Math.max(this.#map.getZoom(), 16), duration: this.#slide(600) });
    });
  }

  fit(bounds: Bounds): void {
    this.#originLat = (bounds[1] + bounds[3]) / 2;
    // A camera's name beside it has room, too.
    const [across, down] = [110 * this.#scale, 70 * this.#scale];
    this.#whenReady(() => this.#map.fitBounds(bounds, { padding: { left: across, right: across, top: down, bottom: down }, maxZoom: 17, duration: 0 }));
  }

  zoom(step: number): void {
    this.#map.zoomTo(this.#map.getZoom() + step, { duration: this.#slide(200) });
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#whenReady(() => {
      this.#addImages();
      const painted = [...((this.#base?.(palette, this.#scale).layers ?? []) as PaintedLayer[]), ...ownStyle(palette, this.#scale).layers];
      for (const { id, paint } of painted) {
        if (this.#map.getLayer(id) === undefined) continue;
        for (const [name, value] of Object.entries(paint ?? {})) this.#map.setPaintProperty(id, name as never, value as never);
      }
    });
  }

  destroy(): void {
    this.#gone = true;
    clearTimeout(this.#redraw);
    clearTimeout(this.#working);
    clearTimeout(this.#baseWait);
    this.#map.remove();
  }

  #set(source: string, data: GeoJSON): void {
    void this.#map.getSource<maplibre.GeoJSONSource>(source)?.setData(data);
  }

  #drawGrid(): void {
    const bounds = this.#map.getBounds();
    const middle = this.#map.getCenter().lat;
    const step = gridStep(1 / (pixelsAtZoom0(1, middle) * 2 ** this.#map.getZoom()));
    const [west, south, east, north] = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    // A margin of half the view, so that panning does not run past the lines.
    const [dx, dy] = [(east - west) / 2, (north - south) / 2];
    this.#set("grid", gridLines([west - dx, south - dy, east + dx, north + dy], step, this.#originLat));
    this.#events.moved(step);
  }

  #listen(): void {
    const layers = ["incident-signs", "incident-counts", "camera-signs"];
    this.#map.on("click", (event) => {
      const hit = this.#map.queryRenderedFeatures(event.point, { layers: layers.filter((id) => this.#map.getLayer(id)) })[0];
      if (hit === undefined) return;
      const { id, key } = hit.properties as Record<string, unknown>;
      if (typeof id === "string") this.#events.select(id);
      else if (typeof key === "string") this.#events.selectCamera(key);
      else void this.#openCluster(hit);
    });
    this.#map.on("mouseenter", layers, () => (this.#map.getCanvas().style.cursor = "pointer"));
    this.#map.on("mouseleave", layers, () => (this.#map.getCanvas().style.cursor = ""));
  }

  /** Zooms until the cluster parts; where its incidents lie on one spot, selects the worst of them. */
  async #openCluster(hit: maplibre.MapGeoJSONFeature): Promise<void> {
    const source = this.#map.getSource<maplibre.GeoJSONSource>("incidents");
    if (source === undefined || hit.geometry.type !== "Point") return;
    const cluster = Number(hit.properties["cluster_id"]);
    const zoom = await source.getClusterExpansionZoom(cluster);
    if (zoom <= 18 && zoom > this.#map.getZoom()) {
      this.#map.easeTo({ center: hit.geometry.coordinates as [number, number], zoom: zoom + 0.2, duration: this.#slide(500) });
      return;
    }
    const leaves = await source.getClusterLeaves(cluster, 200, 0);
    leaves.sort((a, b) => Number(b.properties?.["rank"]) - Number(a.properties?.["rank"]));
    const id: unknown = leaves[0]?.properties?.["id"];
    if (typeof id === "string") this.#events.select(id);
  }

  #addImages(): void {
    const { severity, camera, onSeverity, panel, bad } = this.#palette;
    // Strokes from edge to edge, so that the pattern joins itself.
    this.#image("hatch", 12, (pen) => paint(pen, "M-4 16 16-4M-4 28 28-4M8 28 28 8", bad, "stroke", 3), 0);
    for (const name of SEVERITIES) {
      this.#image(`arrow-${name}`, 22, (pen) => {
        paint(pen, "M12 2 21 22 12 17 3 22z", panel, "stroke", 5);
        paint(pen, "M12 2 21 22 12 17 3 22z", severity[name], "fill");
      });
    }
    // What is in hand is hollow, by ranks below 0.
    [...RANKED, ...RANKED].forEach((name, at) => {
      const rank = at - RANKED.length;
      const [inside, mark] = rank < 0 ? [panel, severity[name]] : [severity[name], onSeverity];
      const draw = (pen: CanvasRenderingContext2D): void => {
        paint(pen, SHAPES[name].outline, panel, "stroke", 5);
        paint(pen, SHAPES[name].outline, inside, "fill");
        if (rank < 0) paint(pen, SHAPES[name].outline, severity[name], "stroke", 2);
      };
      this.#image(`severity-${rank}`, SIGN.one, (pen) => {
        draw(pen);
        paint(pen, SHAPES[name].mark, mark, "stroke", 2.6);
      });
      // One behind it: that it stands for several is seen where their number finds no place.
      this.#image(`cluster-${rank}`, SIGN.several, (pen) => {
        pen.translate(1.6, -1.6);
        draw(pen);
        pen.translate(-3.2, 3.2);
        draw(pen);
        paint(pen, SHAPES[name].mark, mark, "stroke", 2.6);
      }, 5);
    });
    for (const sign of ["watching", "quiet", "missing"] as const) {
      this.#image(`camera-${sign}`, 20, (pen) => {
        paint(pen, CAMERA_SHAPES.watching.fill, panel, "stroke", 6);
        if (sign !== "watching") paint(pen, CAMERA_SHAPES.watching.fill, panel, "fill");
        paint(pen, CAMERA_SHAPES[sign].fill, camera[sign], "fill");
        paint(pen, CAMERA_SHAPES[sign].stroke, camera[sign], "stroke", 2.6);
      });
    }
  }

  /** Draws a 24 × 24 picture at `size` CSS pixels and three times the resolution. */
  #image(id: string, size: number, draw: (pen: CanvasRenderingContext2D) => void, margin = 3): void {
    const pixels = size * 3;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = pixels;
    const pen = canvas.getContext("2d");
    if (pen === null) return;
    pen.scale(pixels / (24 + 2 * margin), pixels / (24 + 2 * margin));
    pen.translate(margin, margin);
    draw(pen);
    const data = pen.getImageData(0, 0, pixels, pixels);
    if (this.#map.hasImage(id)) this.#map.updateImage(id, data);
    else this.#map.addImage(id, data, { pixelRatio: 3 });
  }
}

function paint(pen: CanvasRenderingContext2D, path: string, colour: string, how: "fill" | "stroke", width = 0): void {
  pen.fillStyle = pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineCap = pen.lineJoin = "round";
  pen[how](new Path2D(path));
}
