import { describe, expect, it } from "vitest";
import { CATALOGUE, has, render } from "../src/lib/catalogue";
import { ACTIONS, DEEDS } from "../src/lib/actions";
import { VIEWS } from "../src/lib/filter";
import { PERIODS } from "../src/lib/report";
import { HINDRANCES } from "../src/lib/store";
import { ACTS, CAMERA_STATES, RELATIONS, ROLES, SEVERITIES, STATES } from "../src/lib/types";

const sources = import.meta.glob<string>("../src/**/*.{svelte,ts}", { eager: true, query: "?raw", import: "default" });
const literal = new Set(Object.values(sources).flatMap((text) => [...text.matchAll(/"(web\.[a-z0-9_.]+[a-z0-9_])"/g)].map((match) => match[1]!)));
const built = [
  ...SEVERITIES.map((name) => `web.severity.${name}`),
  ...STATES.flatMap((name) => [`web.state.${name}`, `web.action.${name}`].filter((key) => !/action\.(resolved|false_alarm)$/.test(key) || has(key))),
  ...CAMERA_STATES.map((name) => `web.camera_state.${name}`),
  ...VIEWS.map((name) => `web.view.${name}`),
  ...ACTIONS.filter((action) => action.confirm).map((action) => `web.confirm.${action.to}`),
  ...ROLES.map((name) => `web.role.${name}`),
  ...["provider", "expired", "role", "district", "disabled", "name", "wait"].map((name) => `web.sign_on.${name}`),
  ...["connecting", "live", "late", "lost"].map((name) => `web.link.${name}`),
  ...["acknowledge", "resolve"].map((name) => `web.timer.${name}`),
  ...["on", "muted", "blocked", "absent"].map((name) => `web.sound.${name}`),
  ...["lost", "foreign"].map((name) => `web.map.baseless.${name}`),
  ...["dark", "light", "auto"].map((name) => `web.bar.theme.${name}`),
  ...DEEDS.map((deed) => `web.deed.${deed.name}`),
  ...DEEDS.filter((deed) => deed.dialog).map((deed) => `web.ask.${deed.name}`),
  ...ACTS.filter((name) => !["state", "split_from"].includes(name)).map((name) => `web.deed.${name}`),
  ...ACTS.filter((name) => name !== "state").flatMap((name) => [`web.did.${name}`, `web.history.${name}`]),
  ...STATES.slice(2).map((name) => `web.did.state_${name}`),
  ...RELATIONS.map((name) => `web.relation.${name}`),
  ...["merged", "closed", "yours", "nobodys", "only_one", "undo"].map((name) => `web.cannot.${name}`),
  ...["sources", "people", "growth", "reports", "place"].map((name) => `web.raised.${name}`),
  ...["closed", "age", "extent", "onset"].map((name) => `web.refused.${name}`),
  ...["begin", "update", "end"].map((name) => `web.phase.${name}`),
  ...PERIODS.map((name) => `web.reports.period.${name}`),
  ...["bars", "lines"].map((name) => `web.reports.plot.${name}`),
  ...["changed", "gap", "link", "cut", "anchor", "early"].map((name) => `web.audit.why.${name}`),
  ...HINDRANCES.flatMap((by) => [`web.camera.${by}`, `web.truth.${by}`, `web.host.${by}`, `web.host.${by}.cameras`, `web.host.${by}.remedy`]),
  "web.camera_state.aggregator",
];

/** Prefixes that `named` completes with a word from the wire. */
const PREFIXES = ["web.severity", "web.state", "web.class", "web.measure", "web.camera_state", "web.link_kind", "web.refused", "web.actor", "web.suppressed"];

describe("the catalogue", () => {
  it("has every sentence that the page asks for", () => {
    expect(literal.size).toBeGreaterThan(100);
    const missing = [...literal, ...built].filter((key) => !has(key) && !PREFIXES.includes(key));
    expect(missing).toEqual([]);
  });

  it("holds no sentence of the page that nobody asks for", () => {
    const open = /^web\.(class|measure|unit|change|link_kind|actor|suppressed|doubt|direction|reason|state|action)\./;
    const unused = Object.keys(CATALOGUE).filter((key) => key.startsWith("web.") && !open.test(key) && !literal.has(key) && !built.includes(key));
    expect(unused).toEqual([]);
  });

  it("has both languages with the same placeholders", () => {
    const holes = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!))].sort();
    for (const [key, texts] of Object.entries(CATALOGUE).filter(([key]) => key.startsWith("web."))) {
      expect(texts.id, key).toBeTruthy();
      expect(texts.en, key).toBeTruthy();
      expect(holes(texts.id), key).toEqual(holes(texts.en));
    }
  });

  it("fills placeholders, and shows an unknown key itself", () => {
    expect(render("web.row.sources", "en", { n: 3 })).toBe("3 sources");
    expect(render("web.no_such", "id")).toBe("web.no_such");
  });
});
