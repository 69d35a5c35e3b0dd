/** Camera hosts that hinder their cameras: too busy, with a full disk, or with a wrong clock. Pure. */
import { compareCameras } from "./order";
import { HINDRANCES, hindrance, type Hindrance } from "./store";
import type { Camera } from "./types";

export interface HinderingHost {
  site: string;
  agent: string;
  by: Hindrance;
  /** Those of its cameras that it hinders, in the cameras' order. */
  cameras: Camera[];
  /** How many it has. */
  of: number;
}

/** Wrong clocks and full disks first, since there nothing rings; then the one that hinders most cameras. */
export function hinderingHosts(all: readonly Camera[]): HinderingHost[] {
  const counts = new Map<string, number>();
  const hosts = new Map<string, HinderingHost>();
  for (const camera of all) {
    const { site } = camera;
    const agent = camera.agent ?? "";
    const host = `${site}/${agent}`;
    counts.set(host, (counts.get(host) ?? 0) + 1);
    const by = hindrance(camera);
    if (by === null) continue;
    const known = hosts.get(`${by}/${host}`);
    if (known === undefined) hosts.set(`${by}/${host}`, { site, agent, by, cameras: [camera], of: 0 });
    else known.cameras.push(camera);
  }
  const found = [...hosts.values()].map((host) => ({
    ...host,
    cameras: host.cameras.sort(compareCameras),
    of: counts.get(`${host.site}/${host.agent}`) ?? 0,
  }));
  return found.sort(
    (a, b) =>
      HINDRANCES.indexOf(b.by) - HINDRANCES.indexOf(a.by) ||
      b.cameras.length - a.cameras.length ||
      (`${a.site}/${a.agent}` < `${b.site}/${b.agent}` ? -1 : 1),
  );
}
