import { describe, expect, it, vi } from "vitest";
import { camera } from "./helpers";

vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => undefined }));
const { preferences } = await import("../src/lib/preferences.svelte");
const { written } = await import("../src/lib/reporttext");
const { cameraReason, said, witnessText } = await import("../src/lib/text.svelte");
const { errorKey } = await import("../src/lib/acting.svelte");
const { raisedText } = await import("../src/lib/told.svelte");

const NOW = Date.parse("2026-11-23T06:03:00.000Z");
const silent = { key: "camera.no_picture", values: { silent_s: 95 } };

describe("a sentence from elsewhere", () => {
  it("is said in the reader's language, and its numbers are written as there", () => {
    preferences.language = "id";
    expect(said(silent)).toBe("tidak ada gambar selama 1 mnt");
    expect(said({ key: "camera.rarely", values: { rate: 0.5, rules: "rush, brawl" } })).toBe("mesin kamera terlalu sibuk: dianalisis 0,5 kali per detik, terlalu jarang untuk rush, brawl");
    preferences.language = "en";
    expect(said(silent)).toBe("no picture for 1 min");
  });

  it("stands before the agent's own words, which are there where it is none", () => {
    preferences.language = "en";
    expect(cameraReason(camera({ id: "a", reason: "no picture for 95.0 s", why: silent, last_frame_age_s: null }), NOW)).toBe("no picture for 1 min");
    expect(cameraReason(camera({ id: "a", reason: "End of file", why: null }), NOW)).toBe("End of file");
  });

  it("says how long there was no picture until now, not until the last report", () => {
    preferences.language = "en";
    const stalled = camera({ id: "a", reason: "no picture for 95.0 s", why: silent, last_frame_age_s: 96 });
    expect(cameraReason(stalled, NOW)).toBe("no picture for 4 min");
  });

  it("gives way to those words on a page that is older than its aggregator", () => {
    const tomorrow = { key: "camera.of_tomorrow", values: {} };
    expect(cameraReason(camera({ id: "a", reason: "it rains", why: tomorrow }), NOW)).toBe("it rains");
    expect(said(tomorrow)).toBe("camera.of_tomorrow");
  });

  it("is a value of a report", () => {
    const column = { key: "reason", type: "camera_reason" };
    preferences.language = "id";
    expect([written(column, silent), written(column, "End of file"), written(column, "")]).toEqual(["tidak ada gambar selama 1 mnt", "End of file", "–"]);
  });
});

describe("what makes an incident graver", () => {
  it("is a sentence in the reader's language", () => {
    preferences.language = "id";
    expect(raisedText("growth:9-198")).toBe("bertambah dari 9 menjadi 198 orang");
    expect(raisedText("people:198")).toBe("sampai 198 orang");
    preferences.language = "en";
    expect(raisedText("growth:9-198")).toBe("grown from 9 to 198 people");
    expect(raisedText("place:School 9-A: gate")).toBe("near School 9-A: gate");
  });
});

describe("what verdicts have shown of a source", () => {
  it("is a share only where somebody has judged it", () => {
    preferences.language = "en";
    const witness = { site: "senen", camera: "gate-1", kind: "crowd", told: 0.82, counts: 0.7, precision: 0.5, verdicts: 3.6 };
    expect(witnessText(witness, "Gate 1")).toBe("Gate 1, Crowd: right 50% of the time (verdicts: 4); its 82% counts as 70%");
    expect(witnessText({ ...witness, verdicts: 0.04 }, "Gate 1")).toBe("Gate 1, Crowd: hardly judged yet; its 82% counts as 70%");
  });
});

describe("an action that failed", () => {
  it("is called unsaved only where the server said so", () => {
    for (const status of [0, 504]) expect(errorKey(status)).toBe("web.error.no_answer");
    expect(errorKey(500)).toBe("web.error.failed");
  });
});
