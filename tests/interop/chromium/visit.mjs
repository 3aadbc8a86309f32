// SPDX-License-Identifier: BSD-3-Clause
// Visits URL in Chromium: its page, a WebSocket, an event source, and a large body either way. Says
// what came of it as one line of JSON. Certificates are believed as Chromium believes them.
//
//     node visit.mjs CHROMIUM URL PROFILE NETLOG
import { chromium } from 'playwright-core';

const [executablePath, url, profile, netlog] = process.argv.slice(2);
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: ['--no-sandbox', `--log-net-log=${netlog}`],
});
const seen = {};
try {
  const page = context.pages()[0] ?? await context.newPage();
  const first = await page.goto(url + 'page', { timeout: 60000 });
  seen.interstitial = [first.status(), await page.title(), page.url() === url + 'page'];
  const [led] = await Promise.all([page.waitForNavigation({ timeout: 60000 }), page.click('button')]);
  seen.led = [led.status(), await page.title(), page.url() === url + 'page'];
  const response = await page.goto(url + 'page', { timeout: 60000 });
  seen.status = response.status();
  seen.security = await response.securityDetails();
  seen.title = await page.title();
  Object.assign(seen, await page.evaluate(async () => {
    const soon = (what, work) => Promise.race([work, new Promise(
      (_, reject) => setTimeout(() => reject(new Error(`${what}: nothing in 60 s`)), 60000))]);
    const here = location.href.replace(/page$/, '');
    const socket = new WebSocket(here.replace(/^http/, 'ws') + 'socket');
    const echo = await soon('the WebSocket', new Promise((resolve, reject) => {
      const got = [];
      socket.onopen = () => ['one', 'two', 'x'.repeat(100000)].forEach((m) => socket.send(m));
      socket.onerror = () => reject(new Error('the WebSocket failed'));
      socket.onmessage = (m) => {
        got.push(m.data.length > 10 ? m.data.length : m.data);
        if (got.length === 3) socket.close(1000);
      };
      socket.onclose = (e) => resolve([...got, e.code]);
    }));
    const source = new EventSource(here + 'events/page');
    const events = await soon('the event source', new Promise((resolve, reject) => {
      const got = [];
      source.onopen = async () => {
        await fetch(here + 'next/page/first');
        await fetch(here + 'next/page/second');
      };
      source.onmessage = (m) => { if (got.push(m.data) === 2) resolve(got); };
      source.onerror = () => reject(new Error('the event source failed'));
    }));
    source.close();
    const down = (await (await fetch(here + 'stream/3000000')).arrayBuffer()).byteLength;
    const up = (await (await fetch(here + 'digest', {
      method: 'POST', body: new Uint8Array(3000000) })).json()).length;
    const together = await Promise.all(Array.from({ length: 20 }, async () =>
      (await fetch(here + 'together/page/20')).status));
    return { echo, events, down, up, together, secure: isSecureContext,
      protocols: performance.getEntries().map((e) => e.nextHopProtocol).filter((p) => p) };
  }));
} catch (e) {
  seen.error = String(e);
}
await context.close();
console.log(JSON.stringify(seen));
