import { describe, expect, it } from "vitest";
import { clock, coordinates, duration, moment, number, percent, placeTitle, preciseDuration, readable, shortId } from "../src/lib/format";

const utc = (text: string): number => Date.parse(text);

describe("the city's clock", () => {
  it("is WIB, seven hours ahead of UTC, with 24 hours and colons", () => {
    expect(clock(utc("2026-11-23T06:05:09Z"))).toBe("13:05:09");
    expect(clock(utc("2026-11-22T17:00:00Z"))).toBe("00:00:00");
  });

  it("names the day only where it is another of the city's days", () => {
    const now = utc("2026-11-22T18:00:00Z"); // the 23rd, 01:00 in Jakarta
    expect(moment(utc("2026-11-22T17:30:00Z"), now, "id")).toBe("00:30:00");
    expect(moment(utc("2026-11-22T16:30:00Z"), now, "id")).toBe("22 Nov 23:30:00");
    expect(moment(Number.NaN, now, "id")).toBe("–");
  });
});

describe("lengths of time", () => {
  it("have at most two units, in the reader's language", () => {
    const seconds = [-3, 0, 59.9, 60, 3599, 3600, 7800, 86_400 * 3, 86_400 + 7200];
    expect(seconds.map((value) => duration(value, "id"))).toEqual(["0 dtk", "0 dtk", "59 dtk", "1 mnt", "59 mnt", "1 jam", "2 jam 10 mnt", "3 hari", "1 hari 2 jam"]);
    expect(seconds.map((value) => duration(value, "en"))).toEqual(["0 s", "0 s", "59 s", "1 min", "59 min", "1 h", "2 h 10 min", "3 d", "1 d 2 h"]);
  });

  it("keep their seconds where an age must be seen to grow", () => {
    expect(preciseDuration(83, "en")).toBe("1 min 23 s");
    expect(preciseDuration(3700, "en")).toBe("1 h 1 min");
  });
});

describe("numbers", () => {
  it("use the language's decimal sign", () => {
    expect(number(12.44, "id")).toBe("12,4");
    expect(number(12.44, "en")).toBe("12.4");
    expect(percent(0.876, "en")).toBe("88%");
    expect(coordinates(-6.2, 106.123456)).toBe("-6.20000, 106.12346");
  });
});

describe("names", () => {
  it("are made readable and short", () => {
    expect(readable("gerbang-utara_2")).toBe("Gerbang utara 2");
    expect(placeTitle("tanah-abang")).toBe("Tanah Abang");
    expect(shortId("018f0000-0000-7000-8000-0000000abcde")).toBe("0ABCDE");
  });
});
