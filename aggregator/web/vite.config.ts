import { svelte } from "@sveltejs/vite-plugin-svelte";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";
import { compressed } from "./compress.mjs";

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), compressed()],
  // The aggregator serves this folder, and the wheel ships it.
  build: { outDir: "../static", emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1500, assetsInlineLimit: 0 },
  worker: { format: "es" },
  server: {
    // The sentences are read from contract/catalogue, above this folder.
    fs: { allow: ["../.."] },
    proxy: { "/api": loadEnv(mode, ".", "JAGA_")["JAGA_API"] ?? "http://127.0.0.1:8000" },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node", css: true },
}));
