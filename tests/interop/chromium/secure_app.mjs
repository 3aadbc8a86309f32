// SPDX-License-Identifier: BSD-3-Clause
// An application that opens TLS by itself and speaks HTTP/2 or 1.1: a page whose title is the version.
// A request for another host than HOST gets 421 (RFC 9110, 15.5.20); /refused tells how many did. Says
// its port as its first line.
//
//     node secure_app.mjs HOST CERTIFICATE KEY
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';

const [host, cert, key] = process.argv.slice(2);
let refused = 0;
const options = { cert: readFileSync(cert), key: readFileSync(key), allowHTTP1: true };
const server = createSecureServer(options, (request, response) => {
  const asked = (request.authority ?? request.headers.host ?? '').split(':')[0];
  if (asked !== host) {
    refused += 1;
    response.writeHead(421);
    response.end();
  } else if (request.url === '/refused') {
    response.end(String(refused));
  } else {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>${request.httpVersion}</title>`);
  }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
