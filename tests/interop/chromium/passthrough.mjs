// SPDX-License-Identifier: BSD-3-Clause
// Visits, in this order and in one Chromium, a tunnel whose TLS the relay opens, one that an application
// opens by itself, and one that its owner's beam opens, for whose host the application's certificate is
// valid too. Says of each page who vouches for it and what it came by, as one line of JSON; of the last
// one also what a WebSocket and a large body came to.
//
//     node passthrough.mjs CHROMIUM RELAYS APPLICATIONS OWNERS PROFILE
import { chromium } from 'playwright-core';

const [executablePath, relays, applications, owners, profile] = process.argv.slice(2);
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: ['--no-sandbox'],
});
const page = context.pages()[0] ?? await context.newPage();
const seen = {};

async function visit(url) {
  const response = await page.goto(url, { timeout: 60000 });
  const { subjectName, issuer } = await response.securityDetails();
  return { status: response.status(), title: await page.title(), subject: subjectName, issuer,
    ...await page.evaluate(() => ({ secure: isSecureContext,
      protocol: performance.getEntriesByType('navigation')[0].nextHopProtocol })) };
}

try {
  seen.relays = await visit(relays + 'page');
  seen.applications = await visit(applications);
  seen.owners = await visit(owners + 'page');
  Object.assign(seen, await page.evaluate(async () => {
    const socket = new WebSocket(location.href.replace(/^http/, 'ws').replace(/page$/, 'socket'));
    const echo = await Promise.race([new Promise((resolve, reject) => {
      socket.onopen = () => socket.send('through the relay, unopened');
      socket.onerror = () => reject(new Error('the WebSocket failed'));
      socket.onmessage = (m) => { socket.close(1000); resolve(m.data); };
    }), new Promise((_, reject) => {
      setTimeout(() => reject(new Error('the WebSocket: nothing in 60 s')), 60000);
    })]);
    return { echo, down: (await (await fetch('/stream/3000000')).arrayBuffer()).byteLength };
  }));
  await page.goto(applications + 'refused', { timeout: 60000 });
  seen.refused = Number(await page.evaluate(() => document.body.innerText));
} catch (e) {
  seen.error = String(e);
}
await context.close();
console.log(JSON.stringify(seen));
