import { afterEach, describe, expect, it, vi } from "vitest";
import { act, ApiError } from "../src/lib/api";

afterEach(() => vi.unstubAllGlobals());

async function statusOf(answer: () => Promise<Response>): Promise<number> {
  vi.stubGlobal("fetch", answer);
  const error: unknown = await act("x", { path: "take", body: {} }).catch((raised: unknown) => raised);
  return ApiError.of(error).status;
}

describe("an action that fails", () => {
  it("is unsure where the server was silent or its answer was cut off, and not called unsaved", async () => {
    const cut = new ReadableStream({ start: (body) => body.error(new TypeError("network error")) });
    expect(await statusOf(() => Promise.reject(new DOMException("", "TimeoutError")))).toBe(504);
    expect(await statusOf(() => Promise.resolve(new Response(cut)))).toBe(504);
  });

  it("is what the server says it is, also where its words were cut off", async () => {
    const cut = new ReadableStream({ start: (body) => body.error(new TypeError("network error")) });
    expect(await statusOf(() => Promise.reject(new TypeError("Failed to fetch")))).toBe(0);
    expect(await statusOf(() => Promise.resolve(new Response(cut, { status: 409 })))).toBe(409);
  });
});
