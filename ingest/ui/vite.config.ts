import { defineConfig } from 'vite';

// What is built lies in dist and is put into the binary; nothing in it is inline, as the page's policy
// allows nothing inline. `npm run dev` asks a running `medbot up` for everything under /v1.
const service = process.env.MEDBOT_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    // The host stays the page's own, which the service compares with the origin.
    proxy: Object.fromEntries(
      ['/v1', '/readyz', '/version'].map((path) => [path, { target: service, changeOrigin: false }]),
    ),
  },
});
