import { describe, expect, it } from "vitest";

const [css] = Object.values(import.meta.glob<string>("../src/app.css", { eager: true, query: "?raw", import: "default" }));

/** The colours of one theme, as declared in app.css. */
function theme(name: string): Record<string, string> {
  const block = css!.slice(css!.indexOf(`[data-theme="${name}"] {`));
  return Object.fromEntries([...block.slice(0, block.indexOf("}")).matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map((match) => [match[1]!, match[2]!]));
}

/** WCAG 2.2, relative luminance and contrast ratio. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe.each(["dark", "light"])("the %s theme", (name) => {
  const colours = theme(name);
  const of = (key: string): string => colours[key] ?? "missing";

  it.each(["panel", "raised", "hover", "selected"])("has text of at least 4.5:1 on %s", (ground) => {
    for (const text of ["text", "muted"]) expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });

  it("has coloured text of at least 4.5:1", () => {
    for (const text of ["accent", "critical", "major", "minor", "info", "good", "bad"]) {
      for (const ground of ["panel", "raised"]) expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
    for (const [text, ground] of [["on-accent", "accent"], ["on-alarm", "alarm"], ["on-warn", "warn"]] as const) {
      expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("has signs and edges of at least 3:1", () => {
    for (const sign of ["critical", "major", "minor", "info"]) {
      expect(contrast(of(sign), of("on-severity")), sign).toBeGreaterThanOrEqual(3);
      expect(contrast(of(sign), of("map-ground")), sign).toBeGreaterThanOrEqual(3);
      expect(contrast(of(sign), of("selected")), sign).toBeGreaterThanOrEqual(3);
    }
    for (const ground of ["panel", "raised"]) expect(contrast(of("edge"), of(ground)), `edge on ${ground}`).toBeGreaterThanOrEqual(3);
  });
});
