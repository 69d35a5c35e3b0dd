import { describe, expect, it } from "vitest";
import type { StyleSpecification } from "maplibre-gl";
import { OWN_SOURCES, overBase, ownStyle, SIGN, type Palette } from "../src/lib/mapstyle";
import { LAYERS, pictureStyle, vectorStyle } from "../src/lib/basestyle";

const PALETTE = new Proxy({}, { get: (_, name) => (name === "severity" || name === "camera" || name === "base" ? new Proxy({}, { get: () => "#fff" }) : "#000") }) as Palette;
const own = (font?: readonly string[]) => ownStyle(PALETTE, 1, font);
const names = (style: { layers: { id: string }[] }): string[] => style.layers.map((layer) => layer.id);

describe("the map's style", () => {
  it("needs nothing from elsewhere where nothing is configured", () => {
    const style = overBase(own, null);
    expect(names(style).slice(0, 2)).toEqual(["ground", "grid"]);
    expect(JSON.stringify(style)).not.toContain("http");
    expect(style.glyphs).toBeUndefined();
  });

  it("names a site in whose middle an incident's sign stands", () => {
    const layout = own().layers.find(({ id }) => id === "site-names")?.layout as Record<string, number>;
    const [offset, size, padding] = ["text-radial-offset", "text-size", "text-padding"].map((name) => layout[name]!);
    expect(offset! * size! - padding!).toBeGreaterThan(SIGN.several / 2);
  });

  it("lies over tiles, which take the place of the grid", () => {
    const source = { type: "raster" as const, tiles: ["/tiles/{z}/{x}/{y}.png"], maxzoom: 15 };
    const style = overBase(own, pictureStyle(source, PALETTE));
    expect(names(style).slice(0, 3)).toEqual(["base-ground", "base", "covered"]);
    expect(style.sources["base"]).toEqual(source);
    expect(Object.keys(style.sources).filter((name) => !OWN_SOURCES.has(name))).toEqual(["base"]);
  });

  it("draws vector tiles with layers of their schema alone, and with the page's own letters", () => {
    const style = vectorStyle({ type: "vector", url: "pmtiles://x" }, PALETTE, 2);
    const drawn = style.layers.flatMap((layer) => ("source-layer" in layer ? [layer["source-layer"]] : []));
    expect(drawn.filter((name) => !LAYERS.includes(name!))).toEqual([]);
    expect(style.glyphs).toBeUndefined();
    expect(style.layers.find(({ id }) => id === "base-places")?.layout).toMatchObject({ "text-font": ["Inter Variable"], "text-size": 26 });
  });

  it("lies over a style, keeps its sources, and writes with a font that its server has", () => {
    const base = {
      version: 8,
      glyphs: "https://a.test/{fontstack}/{range}.pbf",
      sources: { city: { type: "vector", url: "https://a.test" } },
      layers: [
        { id: "water", type: "fill", source: "city", "source-layer": "water" },
        { id: "names", type: "symbol", source: "city", "source-layer": "names", layout: { "text-font": ["Noto Sans"] } },
      ],
    } as unknown as StyleSpecification;
    const style = overBase(own, base);
    expect(names(style).slice(0, 3)).toEqual(["water", "names", "covered"]);
    expect(Object.keys(style.sources)).toEqual(expect.arrayContaining(["city", "incidents"]));
    expect(style.layers.find((layer) => layer.id === "camera-names")?.layout).toMatchObject({ "text-font": ["Noto Sans"] });
  });

  it("always shows signs, and labels where they have room: of a cluster's numbers the gravest first", () => {
    const symbols = own().layers.filter((layer) => layer.type === "symbol");
    const layouts = symbols.map(({ id, layout }) => ({ id, layout: (layout ?? {}) as Record<string, unknown> }));
    const kinds = layouts.map(({ id, layout }) => [id, layout["text-field"] === undefined ? layout["icon-allow-overlap"] : layout["text-allow-overlap"] ?? "gives way"]);
    expect(kinds).toEqual([
      ["camera-names", "gives way"],
      ["camera-signs", true],
      ["path-ends", true],
      ["site-names", "gives way"],
      ["incident-counts", "gives way"],
      ["incident-signs", true],
    ]);
    expect(layouts.find(({ id }) => id === "incident-counts")?.layout["symbol-sort-key"]).toEqual(["-", ["get", "rank"]]);
  });

  it("needs a zoom closer on for signs that are twice as large", () => {
    const close = (scale: number) => ownStyle(PALETTE, scale).layers.find(({ id }) => id === "camera-names")?.minzoom;
    expect(close(2)! - close(1)!).toBe(1);
  });

  it("has a hatch for what is not covered: never colour alone", () => {
    expect(own().layers.find((layer) => layer.id === "hole")?.paint).toMatchObject({ "fill-pattern": "hatch" });
  });
});
