// What the steps of page.mjs share: a browser that accuses, steps with their times, pictures.

import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
/** How long anything may take on a busy machine. */
export const PATIENCE = 240_000;

export const DESK = { viewport: { width: 1360, height: 850 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Fails with words when something is not so. */
export function must(holds, words) {
  if (!holds) throw new Error(words);
}

/** Waits until something is so, and fails with words when it never is. */
export async function comes(holds, words) {
  const begun = performance.now();
  while (!(await holds())) {
    must(performance.now() - begun < PATIENCE, words);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export class Visit {
  /** What a browser may not see: errors, refusals of the policy, requests to elsewhere. */
  accusations = [];
  /** Where else the browser may go. */
  elsewhere = [];

  static async begin(url, shots) {
    const visit = new Visit();
    visit.url = url;
    visit.shots = shots;
    await mkdir(shots, { recursive: true });
    visit.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
    return visit;
  }

  /** A window of its own cookies. */
  async open(device, scheme = 'light') {
    this.context = await this.browser.newContext({ ...device, colorScheme: scheme });
    this.context.setDefaultTimeout(PATIENCE);
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.accusations.push(`an error in the page: ${error.message}`));
    page.on('console', (message) => {
      // That nobody is signed in yet, and that a key or a file is refused, is told by these answers.
      const expected = /status of (401|409|415|422)/.test(message.text());
      if (message.type() === 'error' && !expected) this.accusations.push(`the console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = request.url();
      const isKnown = [this.url, ...this.elsewhere].some((known) => url.startsWith(known));
      if (!isKnown && !/^(blob|data):/.test(url)) {
        this.accusations.push(`a request to elsewhere: ${url}`);
      }
    });
    this.page = page;
    return page;
  }

  async step(name, run) {
    const begun = performance.now();
    try {
      await run(this.page);
      must(this.accusations.length === 0, this.accusations.join('\n'));
    } catch (error) {
      await this.page?.screenshot({ path: join(this.shots, 'failed.png') }).catch(() => undefined);
      console.error(`page: FAILED: ${name}`);
      throw error;
    }
    console.log(`page: ${name}: ${Math.round(performance.now() - begun)} ms`);
  }

  /** A picture of the view as it is. */
  async shot(name) {
    await this.page.screenshot({ path: join(this.shots, `${name}.png`) });
  }

  /** No rule of WCAG 2.2 A and AA that axe knows is broken. */
  async accessible(name) {
    // By the debugger and not by an element: the page's policy allows no script of others.
    if (!(await this.page.evaluate(() => 'axe' in globalThis))) {
      const { readFile } = await import('node:fs/promises');
      await this.page.evaluate(await readFile(AXE, 'utf8'));
    }
    const violations = await this.page.evaluate(async () => {
      const found = await globalThis.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        resultTypes: ['violations'],
      });
      return found.violations.map(({ id, help, nodes }) => ({
        id,
        help,
        nodes: nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} :: ${node.failureSummary}`),
      }));
    });
    must(violations.length === 0, `${name} is not accessible: ${JSON.stringify(violations, null, 1)}`);
  }

  async go(...parts) {
    await this.page.goto(`${this.url}/#/${parts.map(encodeURIComponent).join('/')}`);
  }

  end() {
    return this.browser?.close();
  }
}
