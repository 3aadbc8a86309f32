// SPDX-License-Identifier: BSD-3-Clause
//
// js-libp2p as a yardstick: Noise and yamux over TCP on loopback.
//
//     peer.mjs serve                  says where, then serves until it is ended
//     peer.mjs rate ADDRESS BYTES     GB a second of one stream
//     peer.mjs streams ADDRESS COUNT  streams a second, 100 at a time: opened, used, ended
import './with_resolvers.mjs'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'

const SINK = '/bench/sink/1'
const ECHO = '/bench/echo/1'
const PIECE = new Uint8Array(256 * 1024)
const QUESTION = new Uint8Array(100)
const AT_ONCE = 100
const MANY = { maxInboundStreams: 20000, maxOutboundStreams: 20000 }

const node = await createLibp2p({
  addresses: { listen: process.argv[2] === 'serve' ? ['/ip4/127.0.0.1/tcp/0'] : [] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({ maxInboundStreams: 20000, maxOutboundStreams: 20000, maxEarlyStreams: 20000 })],
  connectionMonitor: { enabled: false }
})

// Resolves with what came, in bytes, at the peer's end.
function received (stream) {
  return new Promise((resolve, reject) => {
    let bytes = 0
    stream.addEventListener('message', (evt) => { bytes += evt.data.byteLength })
    stream.addEventListener('end', () => { resolve(bytes) })
    stream.addEventListener('close', (evt) => { evt.error ? reject(evt.error) : resolve(bytes) })
    if (stream.readableEnded) {
      resolve(bytes)
    }
  })
}

async function sink (stream) {
  await received(stream)
  await stream.close()
}

async function echo (stream) {
  stream.addEventListener('message', (evt) => { stream.send(evt.data) })
  await received(stream)
  await stream.close()
}

async function rate (connection, bytes) {
  const stream = await connection.newStream(SINK, MANY)
  const begun = performance.now()
  const end = received(stream)
  for (let sent = 0; sent < bytes; sent += PIECE.length) {
    if (!stream.send(PIECE)) {
      await stream.onDrain()
    }
  }
  await stream.close()
  await end
  return bytes / 1e9 / ((performance.now() - begun) / 1e3)
}

async function request (connection) {
  const stream = await connection.newStream(ECHO, MANY)
  const end = received(stream)
  stream.send(QUESTION)
  await stream.close()
  if (await end !== QUESTION.length) {
    throw new Error('not all came back')
  }
}

async function streams (connection, count) {
  const begun = performance.now()
  let left = count
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (left-- > 0) {
      await request(connection)
    }
  }))
  return count / ((performance.now() - begun) / 1e3)
}

const [what, address, amount] = process.argv.slice(2)
if (what === 'serve') {
  const served = (handler) => (stream) => { handler(stream).catch(() => {}) }
  await node.handle(SINK, served(sink), MANY)
  await node.handle(ECHO, served(echo), MANY)
  console.log(node.getMultiaddrs()[0].toString())
} else {
  const connection = await node.dial(multiaddr(address))
  console.log(await { rate, streams }[what](connection, Number(amount)))
  process.exit(0)
}
