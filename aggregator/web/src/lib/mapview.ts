/**
 * The map: MapLibre GL without a tile, a glyph server or a sprite. Labels are drawn from the page's own font, signs from
 * lib/shapes, and the worker is a file of this build, so that it runs under `script-src 'self'` without internet.
 */
import * as maplibre from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { FeatureCollection, GeoJSON } from "geojson";
import { gridStep, type Bounds } from "./geo";
import { cameraPoints, gridLines, incidentCircles, incidentPoints, sitePoints, sourceLines, type Placed } from "./scene";
import { CAMERA_SHAPES, SHAPES, type CameraSign } from "./shapes";
import { SEVERITIES, type Camera, type Incident, type Severity } from "./types";

maplibre.setWorkerUrl(workerUrl);

export interface Palette {
  ground: string;
  grid: string;
  text: string;
  muted: string;
  panel: string;
  accent: string;
  onSeverity: string;
  severity: Record<Severity, string>;
  camera: Record<CameraSign, string>;
}

export interface MapEvents {
  select(id: string): void;
  /** After each move: the grid's mesh in metres. */
  moved(gridM: number): void;
}

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
const FONT = ["Inter Variable"];
const RANKED = [...SEVERITIES].reverse();

export class MapView {
  readonly #map: maplibre.Map;
  readonly #events: MapEvents;
  #palette: Palette;
  #originLat = 0;
  #ready = false;
  #pending: (() => void)[] = [];

  /** Raises where the browser gives no WebGL: the caller then draws the plain map. */
  constructor(container: HTMLElement, palette: Palette, events: MapEvents) {
    this.#palette = palette;
    this.#events = events;
    this.#map = new maplibre.Map({
      container,
      style: style(palette),
      center: [106.83, -6.18],
      zoom: 11,
      maxZoom: 19,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0,
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.addControl(new maplibre.ScaleControl({ maxWidth: 110 }), "bottom-left");
    this.#map.once("load", () => {
      this.#addImages();
      this.#ready = true;
      for (const task of this.#pending.splice(0)) task();
      this.#drawGrid();
    });
    this.#map.on("moveend", () => this.#drawGrid());
    this.#listen();
  }

  #whenReady(task: () => void): void {
    if (this.#ready) task();
    else this.#pending.push(task);
  }

  setCameras(cameras: readonly (Camera & Placed)[]): void {
    this.#whenReady(() => {
      this.#set("cameras", cameraPoints(cameras));
      this.#set("sites", sitePoints(cameras));
    });
  }

  /** sources: the cameras of the selected incident. */
  setIncidents(incidents: readonly Incident[], selectedId: string | null, sources: readonly Placed[]): void {
    // The selected one stands by itself: a cluster must not swallow it.
    const selected = incidents.filter((incident) => incident.id === selectedId);
    const others = incidents.filter((incident) => incident.id !== selectedId);
    this.#whenReady(() => {
      this.#set("incidents", incidentPoints(others));
      this.#set("circles", incidentCircles(incidents));
      this.#set("selected", incidentPoints(selected));
      this.#set("sources", sourceLines(selected[0] ?? null, sources));
    });
  }

  /** Brings a place into view without changing what the operator chose to see more than needed. */
  reveal(place: Placed): void {
    this.#whenReady(() => {
      const { clientWidth, clientHeight } = this.#map.getContainer();
      const at = this.#map.project([place.lon, place.lat]);
      const margin = 60;
      const inside = at.x > margin && at.y > margin && at.x < clientWidth - margin && at.y < clientHeight - margin;
      if (!inside) this.#map.easeTo({ center: [place.lon, place.lat], duration: 500 });
    });
  }

  /** Close enough to tell one camera from the next. */
  approach(place: Placed): void {
    this.#whenReady(() => {
      this.#map.easeTo({ center: [place.lon, place.lat], zoom: Math.max(this.#map.getZoom(), 16), duration: 600 });
    });
  }

  fit(bounds: Bounds): void {
    this.#originLat = (bounds[1] + bounds[3]) / 2;
    this.#whenReady(() => this.#map.fitBounds(bounds, { padding: 70, maxZoom: 17, duration: 0 }));
  }

  zoom(step: number): void {
    this.#map.zoomTo(this.#map.getZoom() + step, { duration: 200 });
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#whenReady(() => {
      this.#addImages();
      for (const { id, paint } of style(palette).layers) {
        for (const [name, value] of Object.entries(paint ?? {})) this.#map.setPaintProperty(id, name as never, value as never);
      }
    });
  }

  destroy(): void {
    this.#map.remove();
  }

  #set(source: string, data: GeoJSON): void {
    void this.#map.getSource<maplibre.GeoJSONSource>(source)?.setData(data);
  }

  #drawGrid(): void {
    const bounds = this.#map.getBounds();
    const middle = this.#map.getCenter().lat;
    const metresPerPixel = (40_075_016.7 * Math.cos((middle * Math.PI) / 180)) / (512 * 2 ** this.#map.getZoom());
    const step = gridStep(metresPerPixel);
    const [west, south, east, north] = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    // A margin of half the view, so that panning does not run past the lines.
    const [dx, dy] = [(east - west) / 2, (north - south) / 2];
    this.#set("grid", gridLines([west - dx, south - dy, east + dx, north + dy], step, this.#originLat));
    this.#events.moved(step);
  }

  #listen(): void {
    const layers = ["selected-sign", "incident-signs"];
    this.#map.on("click", (event) => {
      const hit = this.#map.queryRenderedFeatures(event.point, { layers: layers.filter((id) => this.#map.getLayer(id)) })[0];
      if (hit === undefined) return;
      const id: unknown = hit.properties["id"];
      if (typeof id === "string") this.#events.select(id);
      else void this.#openCluster(hit);
    });
    for (const layer of layers) {
      this.#map.on("mouseenter", layer, () => (this.#map.getCanvas().style.cursor = "pointer"));
      this.#map.on("mouseleave", layer, () => (this.#map.getCanvas().style.cursor = ""));
    }
  }

  /** Zooms until the cluster parts; where its incidents lie on one spot, selects the worst of them. */
  async #openCluster(hit: maplibre.MapGeoJSONFeature): Promise<void> {
    const source = this.#map.getSource<maplibre.GeoJSONSource>("incidents");
    if (source === undefined || hit.geometry.type !== "Point") return;
    const cluster = Number(hit.properties["cluster_id"]);
    const zoom = await source.getClusterExpansionZoom(cluster);
    if (zoom <= 18 && zoom > this.#map.getZoom()) {
      this.#map.easeTo({ center: hit.geometry.coordinates as [number, number], zoom: zoom + 0.2 });
      return;
    }
    const leaves = await source.getClusterLeaves(cluster, 200, 0);
    leaves.sort((a, b) => Number(b.properties?.["rank"]) - Number(a.properties?.["rank"]));
    const id: unknown = leaves[0]?.properties?.["id"];
    if (typeof id === "string") this.#events.select(id);
  }

  #addImages(): void {
    const { severity, camera, onSeverity, panel } = this.#palette;
    RANKED.forEach((name, rank) => {
      this.#image(`severity-${rank}`, 30, (pen) => {
        paint(pen, SHAPES[name].outline, panel, "stroke", 5);
        paint(pen, SHAPES[name].outline, severity[name], "fill");
        paint(pen, SHAPES[name].mark, onSeverity, "stroke", 2.6);
      });
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
  #image(id: string, size: number, draw: (pen: CanvasRenderingContext2D) => void): void {
    const [pixels, margin] = [size * 3, 3];
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

type PaintedLayer = maplibre.LayerSpecification & { paint?: Record<string, unknown> };

function style(palette: Palette): maplibre.StyleSpecification & { layers: PaintedLayer[] } {
  const bySeverity = ["match", ["get", "severity"], ...SEVERITIES.flatMap((name) => [name, palette.severity[name]]), palette.accent];
  const halo = { "text-color": palette.text, "text-halo-color": palette.ground, "text-halo-width": 1.6 };
  const geojson: maplibre.GeoJSONSourceSpecification = { type: "geojson", data: EMPTY };
  const layers = [
    { id: "ground", type: "background", paint: { "background-color": palette.ground } },
    { id: "grid", type: "line", source: "grid", paint: { "line-color": palette.grid, "line-width": 1 } },
    { id: "circle-fill", type: "fill", source: "circles", paint: { "fill-color": bySeverity, "fill-opacity": 0.14 } },
    { id: "circle-line", type: "line", source: "circles", paint: { "line-color": bySeverity, "line-opacity": 0.7, "line-width": 1.4 } },
    { id: "source-lines", type: "line", source: "sources", paint: { "line-color": palette.accent, "line-width": 2, "line-dasharray": [2, 1.5] } },
    { id: "camera-signs", type: "symbol", source: "cameras", layout: { "icon-image": ["concat", "camera-", ["get", "sign"]], "icon-allow-overlap": true, "icon-ignore-placement": true } },
    { id: "camera-names", type: "symbol", source: "cameras", minzoom: 14.5, layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 11.5, "text-anchor": "top", "text-offset": [0, 1.5], "text-max-width": 9 }, paint: halo },
    { id: "site-names", type: "symbol", source: "sites", maxzoom: 14.5, layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 13.5, "text-anchor": "top", "text-offset": [0, 1.3] }, paint: { ...halo, "text-color": palette.muted } },
    { id: "selected-ring", type: "circle", source: "selected", paint: { "circle-radius": 21, "circle-color": "transparent", "circle-stroke-color": palette.accent, "circle-stroke-width": 3.5 } },
    { id: "incident-signs", type: "symbol", source: "incidents", layout: { "icon-image": ["concat", "severity-", ["get", "rank"]], "icon-allow-overlap": true, "icon-ignore-placement": true, "symbol-sort-key": ["get", "rank"], "text-field": ["case", ["has", "point_count"], ["to-string", ["get", "point_count"]], ""], "text-font": FONT, "text-size": 14, "text-offset": [1.25, -0.8], "text-allow-overlap": true, "text-ignore-placement": true }, paint: { ...halo, "text-halo-color": palette.panel, "text-halo-width": 3 } },
    { id: "selected-sign", type: "symbol", source: "selected", layout: { "icon-image": ["concat", "severity-", ["get", "rank"]], "icon-allow-overlap": true, "icon-ignore-placement": true } },
  ] as unknown as PaintedLayer[];
  return {
    version: 8,
    sources: {
      grid: geojson,
      circles: geojson,
      cameras: geojson,
      sites: geojson,
      selected: geojson,
      sources: geojson,
      incidents: { ...geojson, cluster: true, clusterRadius: 26, clusterMaxZoom: 17, clusterProperties: { rank: ["max", ["get", "rank"]] } },
    },
    layers,
  };
}
