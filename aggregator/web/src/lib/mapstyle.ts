/** The map's own layers as a MapLibre style, and how they lie over a base map that somebody has configured. */
import type * as maplibre from "maplibre-gl";
import type { FeatureCollection } from "geojson";
import type { BaseColours } from "./basestyle";
import type { CameraSign } from "./shapes";
import { SEVERITIES, type Severity } from "./types";

export interface Palette {
  ground: string;
  grid: string;
  text: string;
  muted: string;
  panel: string;
  accent: string;
  bad: string;
  good: string;
  onSeverity: string;
  severity: Record<Severity, string>;
  camera: Record<CameraSign, string>;
  base: BaseColours;
}

export type PaintedLayer = maplibre.LayerSpecification & { paint?: Record<string, unknown>; layout?: Record<string, unknown> };
export type Style = maplibre.StyleSpecification & { layers: PaintedLayer[] };

/** Sides of incidents' signs, alone and standing for several, CSS pixels. */
export const SIGN = { one: 30, several: 34 } as const;

export const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
const OWN_FONT = ["Inter Variable"];
const DEEPEST = 22;
const PLAIN_SOURCES = ["grid", "areas", "paths", "ends", "cameras", "sites"];
export const OWN_SOURCES: ReadonlySet<string> = new Set([...PLAIN_SOURCES, "incidents"]);

/** scale: of signs and letters, for a screen that is seen from afar. font: one that the base map's glyphs have. */
export function ownStyle(palette: Palette, scale: number, font: readonly string[] = OWN_FONT): Style {
  const bySeverity = ["match", ["get", "severity"], ...SEVERITIES.flatMap((name) => [name, palette.severity[name]]), palette.accent];
  const halo = { "text-color": palette.text, "text-halo-color": palette.ground, "text-halo-width": 1.8 };
  const extent = ["interpolate", ["exponential", 2], ["zoom"], 0, ["get", "extent"], DEEPEST, ["*", ["get", "extent"], 2 ** DEEPEST]];
  const single = ["!", ["has", "point_count"]];
  // Signs that are twice as large have room from a zoom closer on.
  const from = (zoom: number): number => zoom + Math.log2(scale);
  // Of a whole city the signs would be a carpet; what is not watched still stands out.
  const missing = ["==", ["get", "sign"], "missing"];
  const size = (usual: number, hole: number): unknown => ["case", missing, hole * scale, usual * scale];
  const small = ["interpolate", ["linear"], ["zoom"], from(9), size(0.35, 0.5), from(12), size(0.5, 0.7), from(14), scale];
  const extents = { "circle-radius": extent, "circle-color": bySeverity, "circle-opacity": 0.14, "circle-stroke-color": bySeverity, "circle-stroke-opacity": 0.7, "circle-stroke-width": 1.4 };
  const sign = ["concat", ["case", single, "severity-", "cluster-"], ["get", "rank"]];
  // Each camera has its name; farther off, each site.
  const close = from(14.5);
  // Always there, and other labels keep off them.
  const always = { "icon-allow-overlap": true, "icon-padding": 0 };
  const beside = (em: number): unknown => ["left", [em, 0], "right", [-em, 0], "bottom", [0, -em], "top", [0, em]];
  const label = (size: number, offset: number): Record<string, unknown> => ({ "text-field": ["get", "name"], "text-font": font, "text-size": size * scale, "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": offset, "text-justify": "auto", "text-max-width": 9 });
  // Beside the ring of the selected one, too.
  const count = { "text-field": ["to-string", ["get", "point_count"]], "text-font": font, "text-size": 14 * scale, "text-variable-anchor-offset": beside(1.75), "text-padding": 0 };
  const geojson: maplibre.GeoJSONSourceSpecification = { type: "geojson", data: EMPTY };
  const layers = [
    { id: "ground", type: "background", paint: { "background-color": palette.ground } },
    { id: "grid", type: "line", source: "grid", paint: { "line-color": palette.grid, "line-width": 1 } },
    { id: "covered", type: "fill", source: "areas", minzoom: 11, filter: ["get", "covered"], paint: { "fill-color": palette.good, "fill-opacity": 0.12 } },
    { id: "hole", type: "fill", source: "areas", minzoom: 11, filter: ["!", ["get", "covered"]], paint: { "fill-pattern": "hatch", "fill-opacity": 0.8 } },
    { id: "hole-line", type: "line", source: "areas", minzoom: 11, filter: ["!", ["get", "covered"]], paint: { "line-color": palette.bad, "line-width": 1.4, "line-dasharray": [3, 2] } },
    { id: "extents", type: "circle", source: "incidents", filter: single, paint: extents },
    { id: "path-lines", type: "line", source: "paths", layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": bySeverity, "line-width": 2.5 * scale, "line-opacity": 0.85 } },
    { id: "camera-names", type: "symbol", source: "cameras", minzoom: close, layout: label(11.5, 1.3), paint: halo },
    { id: "camera-signs", type: "symbol", source: "cameras", layout: { "icon-image": ["concat", "camera-", ["get", "sign"]], "icon-size": small, ...always, "icon-ignore-placement": ["step", ["zoom"], true, close, false], "symbol-sort-key": ["case", missing, 1, 0] } },
    { id: "path-ends", type: "symbol", source: "ends", minzoom: from(13), layout: { "icon-image": ["concat", "arrow-", ["get", "severity"]], "icon-size": scale, "icon-rotate": ["get", "bearing"], "icon-rotation-alignment": "map", "icon-anchor": "bottom", "icon-offset": [0, -9], ...always } },
    // Far enough for an incident's sign in the middle of the site.
    { id: "site-names", type: "symbol", source: "sites", minzoom: from(10), maxzoom: close, layout: { ...label(13.5, 1.8), "symbol-sort-key": ["-", ["get", "cameras"]], "text-padding": 6 }, paint: { ...halo, "text-halo-width": 2.4 } },
    { id: "incident-counts", type: "symbol", source: "incidents", filter: ["has", "point_count"], layout: { ...count, "symbol-sort-key": ["-", ["get", "rank"]] }, paint: { ...halo, "text-halo-color": palette.panel, "text-halo-width": 3 } },
    { id: "incident-signs", type: "symbol", source: "incidents", layout: { "icon-image": sign, "icon-size": scale, ...always, "symbol-sort-key": ["get", "rank"] } },
  ] as unknown as PaintedLayer[];
  const sources: maplibre.StyleSpecification["sources"] = Object.fromEntries(PLAIN_SOURCES.map((name) => [name, geojson]));
  sources["incidents"] = { ...geojson, cluster: true, clusterRadius: 36 * scale, clusterMaxZoom: 17, clusterProperties: { rank: ["max", ["get", "rank"]] } };
  return { version: 8, sources, layers };
}

/** Our layers over a base map's; its own ground stays and our grid goes. */
export function overBase(own: (font?: readonly string[]) => Style, base: maplibre.StyleSpecification | null): Style {
  if (base === null) return own();
  const { sources, layers } = own(base.glyphs === undefined ? undefined : fontOf(base));
  return { ...base, sources: { ...base.sources, ...sources }, layers: [...(base.layers as PaintedLayer[]), ...layers.filter(isOver)] };
}

function isOver(layer: PaintedLayer): boolean {
  return layer.id !== "ground" && layer.id !== "grid";
}

/** The first font that the style itself writes with: its server has the glyphs of no other. */
function fontOf(style: maplibre.StyleSpecification): readonly string[] | undefined {
  for (const layer of style.layers as PaintedLayer[]) {
    const font = layer.layout?.["text-font"];
    if (Array.isArray(font) && font.length > 0 && font.every((name) => typeof name === "string") && font[0] !== "literal") return font as string[];
  }
  return undefined;
}
