import { afterEach, describe, expect, it } from "vitest";
import { clock, fromLocalInput, localInput, setZone, shortDay, stamp } from "../src/lib/format";

const NOON_UTC = Date.parse("2026-03-02T12:00:00Z");

describe("the site's zone", () => {
  afterEach(() => setZone("Asia/Jakarta"));

  it.each([
    ["Asia/Jakarta", "19:00:00"],
    ["Asia/Makassar", "20:00:00"],
    ["Asia/Jayapura", "21:00:00"],
  ])("shows %s's clock", (zone, shown) => {
    setZone(zone);
    expect(clock(NOON_UTC)).toBe(shown);
  });

  it("stays as it was where the browser does not know the zone", () => {
    setZone("Atlantis/Poseidonis");
    expect(clock(NOON_UTC)).toBe("19:00:00");
  });

  it("writes days in the reader's language", () => {
    const december = Date.parse("2026-12-01T05:00:00Z");
    expect([stamp(december, "id"), stamp(december, "en")]).toEqual(["1 Des 12:00", "1 Dec 12:00"]);
    expect(shortDay(december, "id")).toBe("1 Des");
  });

  it.each(["Asia/Jakarta", "Europe/Berlin", "America/St_Johns"])("reads what a field of %s says as it wrote it", (zone) => {
    setZone(zone);
    for (const text of ["2026-03-29T01:30", "2026-03-29T12:00", "2026-10-25T12:00", "2026-12-31T23:59"]) expect(localInput(fromLocalInput(text))).toBe(text);
    expect(fromLocalInput(localInput(NOON_UTC))).toBe(NOON_UTC);
  });

  it("takes nothing for no moment", () => {
    for (const text of ["", "2026", "2026-03-02", "x"]) expect(fromLocalInput(text)).toBeNaN();
  });
});
