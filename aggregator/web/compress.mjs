/** A compressed copy beside each script and style sheet, which the aggregator serves to who takes it. */
import { gzipSync } from "node:zlib";

/** @returns {import("vite").Plugin} */
export function compressed() {
  return {
    name: "compressed",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const [name, part] of Object.entries(bundle)) {
          if (!/\.(js|css)$/.test(name)) continue;
          const source = gzipSync(part.type === "chunk" ? part.code : part.source, { level: 9 });
          this.emitFile({ type: "asset", fileName: `${name}.gz`, source });
        }
      },
    },
  };
}
