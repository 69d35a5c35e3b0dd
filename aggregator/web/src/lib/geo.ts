/** GeoJSON for a map without tiles: circles in metres, a metric grid, bounds. WGS 84; positions are [lon, lat]. */

export type Position = [number, number];
export type Bounds = [west: number, south: number, east: number, north: number];

/** Metres for one degree of latitude, and of longitude at the equator (WGS 84 mean; ample for drawing). */
const LAT_M = 110_574;
const LON_M = 111_320;

function lonMetres(lat: number): number {
  return LON_M * Math.max(0.01, Math.cos((lat * Math.PI) / 180));
}

/** A closed ring around a point. */
export function circle(lat: number, lon: number, radiusM: number, corners = 48): Position[] {
  const ring: Position[] = [];
  for (let corner = 0; corner <= corners; corner++) {
    const angle = (2 * Math.PI * (corner % corners)) / corners;
    ring.push([lon + (radiusM * Math.sin(angle)) / lonMetres(lat), lat + (radiusM * Math.cos(angle)) / LAT_M]);
  }
  return ring;
}

/** A closed sector from the camera outwards; a full turn is a circle. headingDeg: clockwise from north. */
export function sector(lat: number, lon: number, headingDeg: number, fovDeg: number, rangeM: number, corners = 16): Position[] {
  if (fovDeg >= 360) return circle(lat, lon, rangeM, 2 * corners);
  const ring: Position[] = [[lon, lat]];
  for (let corner = 0; corner <= corners; corner++) {
    const angle = ((headingDeg - fovDeg / 2 + (fovDeg * corner) / corners) * Math.PI) / 180;
    ring.push([lon + (rangeM * Math.sin(angle)) / lonMetres(lat), lat + (rangeM * Math.cos(angle)) / LAT_M]);
  }
  ring.push([lon, lat]);
  return ring;
}

/** Degrees clockwise from north, from one place to another. */
export function bearing(from: { lat: number; lon: number }, to: { lat: number; lon: number }): number {
  const degrees = (Math.atan2((to.lon - from.lon) * lonMetres(from.lat), (to.lat - from.lat) * LAT_M) * 180) / Math.PI;
  return (degrees + 360) % 360;
}

/** Pixels that a length has at zoom 0 of a web map (512 pixels around the earth); at zoom z it has 2^z times as many. */
export function pixelsAtZoom0(metres: number, lat: number): number {
  return metres / ((40_075_016.7 * Math.max(0.01, Math.cos((lat * Math.PI) / 180))) / 512);
}

const STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000];

/** The grid's mesh: the smallest round length of at least `minimumPx` pixels. */
export function gridStep(metresPerPixel: number, minimumPx = 70): number {
  return STEPS.find((step) => step / metresPerPixel >= minimumPx) ?? STEPS[STEPS.length - 1]!;
}

/** Lines every `stepM` metres over `bounds`, fixed to the ground (they do not swim when the map moves). */
export function grid(bounds: Bounds, stepM: number, originLat: number): Position[][] {
  const [west, south, east, north] = bounds;
  const dLat = stepM / LAT_M;
  const dLon = stepM / lonMetres(originLat);
  const lines: Position[][] = [];
  for (let n = Math.ceil(west / dLon); n * dLon <= east && lines.length < 400; n++) {
    lines.push([[n * dLon, south], [n * dLon, north]]);
  }
  for (let n = Math.ceil(south / dLat); n * dLat <= north && lines.length < 800; n++) {
    lines.push([[west, n * dLat], [east, n * dLat]]);
  }
  return lines;
}

/** The smallest box around the points, at least `minimumM` metres each way; null without points. */
export function boundsOf(points: readonly { lat: number; lon: number }[], minimumM = 400): Bounds | null {
  if (points.length === 0) return null;
  let [west, south, east, north]: Bounds = [180, 90, -180, -90];
  for (const { lat, lon } of points) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  const padLat = Math.max(0, minimumM / LAT_M - (north - south)) / 2;
  const padLon = Math.max(0, minimumM / lonMetres(south) - (east - west)) / 2;
  return [west - padLon, south - padLat, east + padLon, north + padLat];
}

/** Places a position of `bounds` in a `width` × `height` picture, keeping the ground's proportions, centred. */
export function projector(bounds: Bounds, width: number, height: number): (lat: number, lon: number) => Position {
  const [west, south, east, north] = bounds;
  const groundWidth = (east - west) * lonMetres((south + north) / 2);
  const groundHeight = (north - south) * LAT_M;
  const scale = Math.min(width / groundWidth, height / groundHeight);
  return (lat, lon) => [
    width / 2 + (((lon - (west + east) / 2) / (east - west)) * groundWidth * scale),
    height / 2 - (((lat - (south + north) / 2) / (north - south)) * groundHeight * scale),
  ];
}

/** "500 m", "2 km" */
export function lengthText(metres: number): string {
  return metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
}
