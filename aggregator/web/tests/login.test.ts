import { describe, expect, it } from "vitest";
import { ApiError } from "../src/lib/api";
import { has } from "../src/lib/catalogue";
import { failureOf, signOnFailure } from "../src/lib/login";

describe("a login that did not work", () => {
  it("says what happened, and what to do", () => {
    expect(failureOf(new ApiError(401, "x")).key).toBe("web.login.refused");
    expect(failureOf(new ApiError(0, "x")).key).toBe("web.login.unreachable");
    expect(failureOf(new ApiError(504, "")).key).toBe("web.login.unreachable");
    expect(failureOf(new ApiError(429, "x", null, null, 17))).toEqual({ key: "web.login.wait", values: { s: 17 } });
    expect(failureOf(new ApiError(429, "x")).values["s"]).toBe(60);
    expect(failureOf(new ApiError(503, "the disk is full"))).toEqual({ key: "web.login.failed", values: { detail: "the disk is full" } });
    expect(failureOf(new TypeError("odd")).values["detail"]).toContain("odd");
  });

  it("takes the server's sentence where there is one", () => {
    const refused = new ApiError(409, "x", null, "people.district", null, { district: "barat", known: "timur" });
    expect(failureOf(refused)).toEqual({ key: "people.district", values: { district: "barat", known: "timur" } });
    expect(has("people.district")).toBe(true);
  });

  it("knows the provider's reasons from the address, and no others", () => {
    expect(signOnFailure("#/login/role")?.key).toBe("web.sign_on.role");
    expect(signOnFailure("#/login/unheard")?.key).toBe("web.sign_on.provider");
    expect(signOnFailure("#/login/<img>")).toBeNull();
    expect(signOnFailure("#/incident/x")).toBeNull();
  });
});
