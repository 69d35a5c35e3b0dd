import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../src/lib/address";
import { arrange, fromQuery, narrowings, PLAIN, toQuery, type Filter, type Surroundings } from "../src/lib/filter";
import { survey } from "../src/lib/survey";
import { forget, keep, LONGEST_NAME, MOST_VIEWS, parseViews, shown } from "../src/lib/views";
import { incident } from "./helpers";

const AROUND: Surroundings = { me: "sari", districts: { utara: ["senen", "kota"] }, words: (one) => `${one.kind} ${one.cameras.join(" ")} ${one.sites.join(" ")}` };
const ID = "01890000-0000-7000-8000-000000000001";
const ids = (filter: Partial<Filter>, list = mixed): string[] => arrange(list, { ...PLAIN, view: "all", ...filter }, AROUND).rows.map((one) => one.id).sort();

const mixed = [
  incident({ id: "a", state: "suspected", cameras: ["gerbang"] }),
  incident({ id: "b", kind: "crowd", sites: ["kota"], severity: "critical" }),
  incident({ id: "c", state: "acknowledged", owner: "sari" }),
  incident({ id: "d", state: "dispatched", sites: ["tebet"], owner: "budi" }),
  incident({ id: "e", state: "resolved" }),
  incident({ id: "f", state: "false_alarm", severity: "info" }),
  incident({ id: "g", state: "resolved", merged_into: "a" }),
];

describe("a filter", () => {
  it("splits the states into four views and leaves out what was merged", () => {
    const { counts } = arrange(mixed, PLAIN, AROUND);
    expect(counts).toEqual({ action: 2, handling: 2, closed: 2, all: 6 });
    expect(ids({ view: "handling" })).toEqual(["c", "d"]);
    expect(ids({ view: "closed" })).toEqual(["e", "f"]);
  });

  it("keeps a kind, severities, a site, a district's sites, and what is mine", () => {
    expect(ids({ kind: "crowd" })).toEqual(["b"]);
    expect(ids({ severities: ["critical", "info"] })).toEqual(["b", "f"]);
    expect(ids({ place: "site/tebet" })).toEqual(["d"]);
    expect(ids({ place: "district/utara" })).toEqual(["a", "b", "c", "e", "f"]);
    expect(ids({ place: "district/unknown" })).toEqual([]);
    expect(ids({ mine: true })).toEqual(["c"]);
  });

  it("finds every word, in any order and case", () => {
    expect(ids({ text: "KOTA crowd" })).toEqual(["b"]);
    expect(ids({ text: "gerbang kota" })).toEqual([]);
    expect(ids({ text: "  " })).toHaveLength(6);
  });

  it("counts what it shows, and says how many that need action it hides", () => {
    const found = arrange(mixed, { ...PLAIN, kind: "crowd" }, AROUND);
    expect([found.counts.action, found.counts.all, found.hidden]).toEqual([1, 1, 1]);
    expect(arrange(mixed, { ...PLAIN, view: "closed" }, AROUND).hidden).toBe(0);
  });
});

describe("the address", () => {
  const filters: Partial<Filter>[] = [
    {},
    { view: "closed" },
    { severities: ["critical", "major"], kind: "brawl" },
    { place: "district/utara", mine: true, text: "gerbang & utara = 50%" },
    { place: "site/pasar-baru" },
  ];

  it.each(filters)("says the filter %o and gives it back", (change) => {
    const filter = { ...PLAIN, ...change };
    for (const address of [
      { page: "desk", incident: ID, filter },
      { page: "desk", incident: null, filter },
      { page: "wall", incident: null, filter },
    ] as const) {
      expect(parseAddress(formatAddress(address))).toEqual(address);
    }
  });

  it("is short where nothing is filtered", () => {
    expect(formatAddress({ page: "desk", incident: null, filter: PLAIN })).toBe("");
    expect(formatAddress({ page: "desk", incident: ID, filter: PLAIN })).toBe(`#/incident/${ID}`);
    expect(toQuery({ ...PLAIN, severities: ["major", "critical"], place: "site/kota" })).toBe("severity=critical,major&place=site/kota");
  });

  it("takes nothing that it does not know", () => {
    const plain = { page: "desk", incident: null, filter: PLAIN };
    for (const hash of ["", "#", "#/", "#/login/role", "#/incident/<script>"]) expect(parseAddress(hash)).toEqual(plain);
    for (const hash of ["#/reports", "#/nowhere?kind=brawl", "#x"]) expect(parseAddress(hash)).toBeNull();
    expect(fromQuery("view=x&severity=worst,major&kind=<b>&place=moon/1&mine=yes")).toEqual({ ...PLAIN, severities: ["major"] });
    expect(fromQuery(`q=${"x".repeat(500)}`).text).toHaveLength(100);
  });

  it("names what narrows", () => {
    expect(narrowings(PLAIN)).toEqual([]);
    expect(narrowings({ ...PLAIN, view: "all", text: "x", mine: true })).toEqual(["mine", "text"]);
  });
});

describe("saved views", () => {
  const critical = { ...PLAIN, severities: ["critical"] as const };

  it("are kept by name, replaced by name, and know which of them is shown", () => {
    const views = keep(keep([], "  Kritis   saja ", critical), "Semua", { ...PLAIN, view: "all" });
    expect(views.map((view) => view.name)).toEqual(["Kritis saja", "Semua"]);
    expect(shown(views, critical)?.name).toBe("Kritis saja");
    expect(shown(views, PLAIN)).toBeNull();
    expect(keep(views, "Semua", critical)).toEqual([views[0], { name: "Semua", query: "severity=critical" }]);
    expect(forget(views, "Semua")).toEqual([views[0]]);
    expect(keep(views, " ", critical)).toEqual(views);
  });

  it("survive the browser's storage, and nonsense in it", () => {
    const views = keep([], "Kritis", critical);
    expect(parseViews(JSON.stringify(views))).toEqual(views);
    for (const text of [null, "", "{", "5", '[{"name": 5}, null, {"name": "", "query": ""}]']) expect(parseViews(text)).toEqual([]);
    expect(parseViews('[{"name": "a", "query": "kind=<b>"}, {"name": "a", "query": ""}]')).toEqual([{ name: "a", query: "" }]);
  });

  it("are bounded in number and length", () => {
    let views = keep([], "x".repeat(99), PLAIN);
    expect(views[0]!.name).toHaveLength(LONGEST_NAME);
    for (let n = 0; n < MOST_VIEWS + 5; n++) views = keep(views, `view ${n}`, PLAIN);
    expect(views).toHaveLength(MOST_VIEWS);
    expect(views.at(-1)!.name).toBe(`view ${MOST_VIEWS + 4}`);
  });
});

describe("the survey", () => {
  it("counts once what several parts of the page show", () => {
    const found = survey([...mixed, incident({ id: "h", started: "2026-11-23T05:00:00.000Z" })]);
    expect([found.action, found.handling, found.closed, found.all]).toEqual([3, 2, 2, 7]);
    expect(found.bySeverity).toEqual({ critical: 1, major: 0, minor: 2, info: 0 });
    expect(found.oldest).toBe(Date.parse("2026-11-23T05:00:00.000Z"));
    expect([found.kinds, found.sites]).toEqual([["crowd", "intrusion"], ["kota", "senen", "tebet"]]);
    expect(survey([]).oldest).toBeNull();
  });

  it("tells what is only suspected from what raises an alarm", () => {
    const suspected = incident({ id: "s", state: "suspected" });
    const grave = incident({ id: "g", state: "suspected", severity: "critical" });
    const found = survey([incident({ id: "o" }), suspected, grave]);
    expect([found.action, found.quiet]).toEqual([3, 1]);
  });
});
