import { describe, expect, it } from "vitest";
import { scopeName } from "../src/lib/places";
import { cameraKey } from "../src/lib/store";
import { camera } from "./helpers";

const known = new Map([camera({ id: "gate-01", site: "pasar-baru", name: "North gate" }), camera({ id: "monas-4", site: "monas", name: "Monas 4" })].map((one) => [cameraKey(one), one]));

describe("what a silence is of", () => {
  it("is called as people call it, with the place where the camera's name does not say it", () => {
    expect(scopeName({ site: "pasar-baru", camera: "gate-01", rule: "intrusion-yard" }, known)).toBe("North gate · Pasar Baru · intrusion-yard");
    expect(scopeName({ site: "monas", camera: "monas-4", zone: "pintu-masuk" }, known)).toBe("Monas 4 · Pintu masuk");
  });

  it("is its id made readable where nobody knows a name, and never empty where there is a place", () => {
    expect(scopeName({ site: "blok-m", camera: "cam-7" }, known)).toBe("Cam 7 · Blok M");
    expect(scopeName({ site: "blok-m", camera: null }, known)).toBe("Blok M");
    expect(scopeName({ site: null, camera: null }, known)).toBe("");
  });
});
