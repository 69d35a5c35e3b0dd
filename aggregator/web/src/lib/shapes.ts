/** The signs of the page, as SVG paths in a 24 × 24 box; the list draws them as SVG, the map on a canvas. */
import type { CameraState, Severity } from "./types";

export const SHAPES: Record<Severity, { outline: string; mark: string }> = {
  critical: { outline: "M8 1.5h8L22.5 8v8L16 22.5H8L1.5 16V8z", mark: "M12 6.5v6.5M12 17.3v.2" },
  major: { outline: "M12 1.8a1.6 1.6 0 0 1 1.4.8l9 16.6a1.6 1.6 0 0 1-1.4 2.4H3a1.6 1.6 0 0 1-1.4-2.4l9-16.6a1.6 1.6 0 0 1 1.4-.8z", mark: "M12 8.5v5M12 17.5v.2" },
  minor: { outline: "M12 1.5 22.5 12 12 22.5 1.5 12z", mark: "M12 7v5.5M12 16.5v.2" },
  info: { outline: "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20z", mark: "M12 11.5v5.5M12 7.2v.2" },
};

/** watching: a filled lens; quiet: a ring with a dot; missing: a crossed ring. */
export type CameraSign = "watching" | "quiet" | "missing";

export function cameraSign(state: CameraState): CameraSign {
  if (state === "online") return "watching";
  return state === "idle" ? "quiet" : "missing";
}

export const CAMERA_SHAPES: Record<CameraSign, { fill: string; stroke: string }> = {
  watching: { fill: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z", stroke: "" },
  quiet: { fill: "M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z", stroke: "M12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14z" },
  missing: { fill: "", stroke: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM8.5 8.5l7 7M15.5 8.5l-7 7" },
};
