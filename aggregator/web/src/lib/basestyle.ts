/**
 * How the page draws a base map of its own: pictures as they are (darker in the dark theme), and vector tiles of the Protomaps
 * schema (docs.protomaps.com/basemaps/layers) in the page's colours and font, so that it needs no style, glyph or sprite from elsewhere.
 */
import type { SourceSpecification } from "maplibre-gl";
import type { PaintedLayer, Palette, Style } from "./mapstyle";

/** What a base map is drawn with, beside the page's text and ground. */
export interface BaseColours {
  water: string;
  green: string;
  road: string;
  building: string;
  /** Of a picture's brightness: so much is shown. */
  brightness: number;
}

const SOURCE = "base";
const FONT = ["Inter Variable"];
/** Some of these an archive has to have for anything to be seen. */
export const LAYERS: readonly string[] = ["earth", "water", "landuse", "roads", "buildings", "boundaries", "places"];

const GREEN = ["park", "national_park", "nature_reserve", "protected_area", "forest", "wood", "grass", "grassland", "golf_course", "cemetery", "pitch", "playground", "garden", "recreation_ground", "zoo"];

function ground(palette: Palette): PaintedLayer {
  return { id: "base-ground", type: "background", paint: { "background-color": palette.ground } } as PaintedLayer;
}

export function pictureStyle(source: SourceSpecification, palette: Palette): Style {
  const picture = { id: SOURCE, type: "raster", source: SOURCE, paint: { "raster-fade-duration": 0, "raster-brightness-max": palette.base.brightness } };
  return { version: 8, sources: { [SOURCE]: source }, layers: [ground(palette), picture as PaintedLayer] };
}

/** Of the one before and this version of the schema. */
const KIND = ["coalesce", ["get", "kind"], ["get", "pmap:kind"], ""];
const NAME = ["coalesce", ["get", "name:id"], ["get", "name"], ""];
const isKind = (...kinds: string[]): unknown => ["in", KIND, ["literal", kinds]];
/** A width in pixels at zooms 10 and 18. */
const width = (far: number, near: number): unknown => ["interpolate", ["exponential", 1.6], ["zoom"], 10, far, 18, near];

/** scale: of letters. */
export function vectorStyle(source: SourceSpecification, palette: Palette, scale: number): Style {
  const { water, green, road, building } = palette.base;
  const of = (id: string, layer: string, rest: Record<string, unknown>): Record<string, unknown> => ({ id: `base-${id}`, source: SOURCE, "source-layer": layer, ...rest });
  const line = (id: string, kinds: string[], minzoom: number, far: number, near: number): Record<string, unknown> =>
    of(id, "roads", { type: "line", minzoom, filter: isKind(...kinds), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": road, "line-width": width(far, near) } });
  const written = { "text-color": palette.muted, "text-halo-color": palette.ground, "text-halo-width": 1.4 };
  const label = (size: number): Record<string, unknown> => ({ "text-field": NAME, "text-font": FONT, "text-size": size * scale });
  const layers = [
    ground(palette),
    of("green", "landuse", { type: "fill", filter: isKind(...GREEN), paint: { "fill-color": green } }),
    of("water", "water", { type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": water } }),
    of("streams", "water", { type: "line", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": water, "line-width": width(0.6, 6) } }),
    of("buildings", "buildings", { type: "fill", minzoom: 14, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": building } }),
    of("boundaries", "boundaries", { type: "line", paint: { "line-color": palette.muted, "line-width": 1, "line-dasharray": [3, 2], "line-opacity": 0.6 } }),
    of("rails", "roads", { type: "line", minzoom: 11, filter: isKind("rail"), paint: { "line-color": road, "line-width": width(0.6, 2.5), "line-dasharray": [4, 2] } }),
    line("paths", ["path", "other"], 15, 0.4, 2),
    line("minor", ["minor_road", "medium_road"], 12, 0.4, 9),
    line("major", ["major_road"], 8, 1, 14),
    line("highways", ["highway"], 5, 1.6, 18),
    of("road-names", "roads", { type: "symbol", minzoom: 14, filter: isKind("highway", "major_road", "medium_road", "minor_road"), layout: { ...label(11.5), "symbol-placement": "line" }, paint: written }),
    of("places", "places", { type: "symbol", filter: isKind("locality", "neighbourhood", "macrohood", "region", "country"), layout: { ...label(13), "text-max-width": 8 }, paint: written }),
  ];
  return { version: 8, sources: { [SOURCE]: source }, layers: layers as unknown as PaintedLayer[] };
}
