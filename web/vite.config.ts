import { svelte } from "@sveltejs/vite-plugin-svelte";
import { viteSingleFile } from "vite-plugin-singlefile";
import { defineConfig } from "vitest/config";

// One file, the same bytes on every machine: no source maps, no times, no names from paths.
export default defineConfig({
  plugins: [svelte(), viteSingleFile({ removeViteModuleLoader: true })],
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4096,
  },
  server: { host: "127.0.0.1", proxy: { "/api": "http://127.0.0.1:8410" } },
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["src/**/*.test.ts"], environment: "node" },
      },
      inBrowser("e2e", ["e2e/**/*.test.ts"]),
      inBrowser("shots", ["e2e/shots.ts"]),
      inBrowser("measure", ["e2e/measure.ts"]),
    ],
  },
});

/** Tests that start servers and browsers: one file after the other. */
function inBrowser(name: string, include: string[]) {
  return {
    extends: true as const,
    test: {
      name,
      include,
      environment: "node" as const,
      testTimeout: 60_000,
      hookTimeout: 120_000,
      fileParallelism: false,
    },
  };
}
