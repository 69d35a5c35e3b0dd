/** What lies under the map, fetched: a style, pictures by their numbers, or one file with the tiles of a region (PMTiles). */
import { addProtocol, type StyleSpecification } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";
import { LAYERS, pictureStyle, vectorStyle } from "./basestyle";
import type { Palette } from "./mapstyle";
import type { BaseMap } from "./types";

const WAIT_MS = 10_000;
const protocol = new Protocol();
// A configured style may name archives, too.
addProtocol("pmtiles", protocol.tile);

/** scale: of letters. The same style for each palette where it is somebody else's. */
export type Base = (palette: Palette, scale: number) => StyleSpecification;

/** Vector tiles of another schema than the page draws. */
export class ForeignLayers extends Error {}

/** Null where nothing is configured. Raises ForeignLayers, and other errors where it cannot be had. */
export async function openBase(map: BaseMap): Promise<Base | null> {
  if (map.style !== null) {
    const style = await fetchStyle(map.style);
    return () => style;
  }
  if (map.pmtiles !== null) return openArchive(map.pmtiles);
  if (map.tiles.length === 0) return null;
  return (palette) => pictureStyle({ type: "raster", tiles: map.tiles, tileSize: 256, maxzoom: map.max_zoom, attribution: map.attribution }, palette);
}

async function fetchStyle(url: string): Promise<StyleSpecification> {
  const response = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS), credentials: "same-origin" });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const style = (await response.json()) as StyleSpecification;
  if (!Array.isArray(style.layers) || typeof style.sources !== "object") throw new Error(`${url}: no style`);
  return style;
}

async function openArchive(address: string): Promise<Base> {
  const archive = new PMTiles(new URL(address, location.href).href);
  protocol.add(archive);
  const url = `pmtiles://${archive.source.getKey()}`;
  const { tileType } = await inTime(archive.getHeader());
  if (tileType !== TileType.Mvt) return (palette) => pictureStyle({ type: "raster", url, tileSize: 256 }, palette);
  const { vector_layers } = (await inTime(archive.getMetadata())) as { vector_layers?: { id: string }[] };
  if (vector_layers !== undefined && !vector_layers.some(({ id }) => LAYERS.includes(id))) throw new ForeignLayers(vector_layers.map(({ id }) => id).join(", "));
  return (palette, scale) => vectorStyle({ type: "vector", url }, palette, scale);
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, refuse) => (timer = setTimeout(() => refuse(new Error("no answer in time")), WAIT_MS)));
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
