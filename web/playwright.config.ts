import { defineConfig } from '@playwright/test';

/** The tests drive Debian's Chromium; Playwright's own browsers are never downloaded. */
const chromium = process.env.KNOTOS_CHROMIUM ?? '/usr/bin/chromium';

// A page that the tests themselves answer comes from nowhere, and Chromium then keeps it from
// WebSockets to this machine.
const ofDist = process.env.KNOTOS_WEB_DIST
  ? ['--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets']
  : [];

export default defineConfig({
  testDir: 'tests/browser',
  testMatch: '*.test.ts',
  fullyParallel: true,
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  outputDir: '../build/web/test-results',
  use: {
    browserName: 'chromium',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1180, height: 780 },
    trace: 'retain-on-failure',
    launchOptions: { executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', ...ofDist] },
  },
});
