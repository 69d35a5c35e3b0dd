/** Camera hosts that have too little time for what their cameras ask for. Pure. */
import { compareCameras } from "./order";
import { isHampered } from "./store";
import type { Camera } from "./types";

export interface BusyHost {
  site: string;
  agent: string;
  /** Those of its cameras that are analysed too rarely, in the cameras' order. */
  rare: Camera[];
  /** How many cameras it has. */
  of: number;
}

/** The one with most of such cameras first. */
export function busyHosts(cameras: readonly Camera[]): BusyHost[] {
  const hosts = new Map<string, BusyHost>();
  for (const camera of cameras) {
    const { site } = camera;
    const agent = camera.agent ?? "";
    const host = hosts.get(`${site}/${agent}`) ?? { site, agent, rare: [], of: 0 };
    hosts.set(`${site}/${agent}`, host);
    host.of += 1;
    if (isHampered(camera)) host.rare.push(camera);
  }
  const busy = [...hosts.values()].filter((host) => host.rare.length > 0);
  for (const host of busy) host.rare.sort(compareCameras);
  return busy.sort((a, b) => b.rare.length - a.rare.length || (`${a.site}/${a.agent}` < `${b.site}/${b.agent}` ? -1 : 1));
}
