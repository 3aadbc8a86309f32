// SPDX-License-Identifier: BSD-3-Clause
//
// js-libp2p's side: it understands the lines of peer.c and answers them alike. With the protocol id of
// a DHT it is in that one, and understands lines about it too; keys and values are in hex. With "gossip"
// it gossips, and with "lazy" it does and is in nobody's mesh, so that it has to ask for messages.
// "circuit" uses circuit relays; "relay" is one without limits, "limited" one with the customary ones.
import { createInterface } from 'node:readline'
import './with_resolvers.mjs'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdFromString } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { gossipsub } from '@libp2p/gossipsub'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { CID } from 'multiformats/cid'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'

const ECHO = '/interop/echo/1'
const HALF = '/interop/half/1'
const RESET = '/interop/reset/1'
const NOBODYS = '/interop/none/1'
const TOPIC = '/interop/gossip/1'
const PERIOD = 65521
const PIECE = 64 * 1024
const FEW = 100
const MANY = { maxInboundStreams: 5000, maxOutboundStreams: 5000, runOnLimitedConnection: true }

const pattern = new Uint8Array(PERIOD + 16 * PIECE)
for (let i = 0; i < pattern.length; i++) {
  pattern[i] = ((i % PERIOD) * 2654435761) >>> 24
}

// What is under /beam-relay/ and /beam-name/ it takes as it is, of names
// the newest: beam's side checks them.
function dht (protocol) {
  return protocol == null
    ? {}
    : {
        dht: kadDHT({
          protocol,
          clientMode: false,
          peerInfoMapper: passthroughMapper,
          validators: { 'beam-relay': async () => {}, 'beam-name': async () => {} },
          selectors: { 'beam-relay': () => 0, 'beam-name': (_, values) => newest(values) }
        })
      }
}

// A protobuf varint of `bytes` at `at`: itself, and where it ends.
function varintAt (bytes, at) {
  let value = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++]
    value += (byte & 127) * factor
    if (!(byte & 128)) return [value, at]
  }
}

// The sequence of a name's record: field 1 of the payload, which is field 3 of its envelope.
function sequence (envelope) {
  for (let at = 0; at < envelope.length;) {
    const field = envelope[at] >> 3
    const [length, begin] = varintAt(envelope, at + 1)
    if (field === 3) return varintAt(envelope, begin + 1)[0]
    at = begin + length
  }
  return 0
}

function newest (values) {
  const all = values.map(sequence)
  return all.indexOf(Math.max(...all))
}

// A protobuf message of fields: numbers, and bytes.
function message (fields) {
  const varint = (n) => n < 128n ? [Number(n)] : [Number(n & 127n) | 128, ...varint(n >> 7n)]
  return Uint8Array.from(fields.flatMap(([number, value]) => typeof value === 'bigint'
    ? [...varint(BigInt(number << 3)), ...varint(value)]
    : [...varint(BigInt(number << 3 | 2)), ...varint(BigInt(value.length)), ...value]))
}

const NAME_DOMAIN = 'beam-name-binding'
const NAME_TYPE = Buffer.from('/beam/name-binding')

// The key of a name that is a number, as tests/net/namer has it.
async function nameKey (no) {
  const seed = Buffer.alloc(32)
  seed.write('a name')
  seed.writeUInt32LE(no, 28)
  return generateKeyPairFromSeed('Ed25519', seed)
}

// A message's id is its author and its number, as the specification has it.
function messageId (message) {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, message.sequenceNumber)
  return Buffer.concat([message.from.toMultihash().bytes, number])
}

function pubsub (how) {
  const mesh = how === 'lazy' ? { D: 0, Dlo: 0, Dhi: 0, Dout: 0 } : {}
  return how === 'gossip' || how === 'lazy'
    ? { pubsub: gossipsub({ msgIdFn: messageId, allowPublishToZeroTopicPeers: true, ...mesh }) }
    : {}
}

// A relay with the limits that js-libp2p customarily sets, or with none.
function relayServer (how) {
  return how === 'relay' || how === 'limited'
    ? { relay: circuitRelayServer({ reservations: { applyDefaultLimit: how === 'limited' } }) }
    : {}
}

const mode = process.argv[2]
const heard = []

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  start: false,
  transports: [tcp(), ...(mode === 'circuit' ? [circuitRelayTransport()] : [])],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({ maxInboundStreams: 5000, maxOutboundStreams: 5000, maxEarlyStreams: 5000 })],
  connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 1000 },
  connectionMonitor: { enabled: false },
  nodeInfo: { userAgent: 'js-interop' },
  services: { identify: identify(), ping: ping(), ...dht(mode?.startsWith('/') ? mode : undefined), ...pubsub(mode), ...relayServer(mode) }
})

// ---- streams -----------------------------------------------------------------------------------

// Calls onData with each piece and resolves at the peer's end, which may have come before.
function readAll (stream, onData) {
  return new Promise((resolve, reject) => {
    stream.addEventListener('end', () => { if (stream.status !== 'reset') resolve() })
    stream.addEventListener('close', (evt) => { evt.error ? reject(evt.error) : resolve() })
    stream.addEventListener('message', (evt) => {
      try {
        onData(evt.data.subarray())
      } catch (err) {
        stream.abort(err)
        reject(err)
      }
    })
    if (stream.readableEnded) {
      resolve()
    }
  })
}

async function echo (stream) {
  await readAll(stream, (data) => {
    if (!stream.send(data)) {
      stream.pause()
      stream.onDrain().then(() => stream.readStatus === 'paused' && stream.resume(), () => {})
    }
  })
  await stream.close()
}

async function answer (stream) {
  let text = ''
  await readAll(stream, (data) => { text += new TextDecoder().decode(data) })
  stream.send(new TextEncoder().encode(`answer to ${text}`))
  await stream.close()
}

const served = (handler) => (stream) => { handler(stream).catch(() => {}) }
await node.handle(ECHO, served(echo), MANY)
await node.handle(HALF, served(answer), MANY)
await node.handle(RESET, (stream) => {
  stream.addEventListener('message', () => stream.abort(new Error('as asked')))
}, MANY)

async function sendAll (stream, bytes) {
  for (let sent = 0; sent < bytes;) {
    const at = sent % PERIOD
    const len = Math.min(PIECE, bytes - sent)
    sent += len
    if (!stream.send(pattern.slice(at, at + len))) {
      await stream.onDrain()
    }
  }
  await stream.close()
}

async function isEchoed (connection, bytes) {
  const stream = await connection.newStream(ECHO, MANY)
  let got = 0
  const reading = readAll(stream, (data) => {
    for (let at = 0; at < data.length; at += PIECE) {
      const piece = data.subarray(at, at + PIECE)
      const start = got % PERIOD
      if (Buffer.compare(piece, pattern.subarray(start, start + piece.length)) !== 0) {
        throw new Error(`the echo differs within ${piece.length} bytes after ${got}`)
      }
      got += piece.length
    }
  })
  await Promise.all([sendAll(stream, bytes), reading])
  if (got !== bytes) {
    throw new Error(`${got} of ${bytes} bytes came back`)
  }
}

if (node.services.pubsub != null) {
  node.services.pubsub.addEventListener('message', (evt) => {
    heard.push(new TextDecoder().decode(evt.detail.data))
  })
}

function publish (text) {
  return node.services.pubsub.publish(TOPIC, new TextEncoder().encode(text))
}

// ---- what it is told ---------------------------------------------------------------------------

const agents = new Map()
node.addEventListener('peer:identify', (evt) => agents.set(`${evt.detail.peerId}`, evt.detail.agentVersion))

function connectionTo (peer) {
  const connection = node.getConnections(peerIdFromString(peer)).find((c) => c.status === 'open')
  if (connection == null) {
    throw new Error(`there is no connection to ${peer}`)
  }
  return connection
}

async function until (isTrue) {
  while (!isTrue()) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const commands = {
  async listen () {
    await node.start()
    node.services.pubsub?.subscribe(TOPIC)
    return `${node.getMultiaddrs()[0]}`
  },
  async connect (addr) {
    await node.start()
    return `${(await node.dial(multiaddr(addr))).remotePeer}`
  },
  async identify (peer) {
    await until(() => agents.has(peer))
    return agents.get(peer)
  },
  async ping (peer) {
    return `${Math.round(await node.services.ping.ping(peerIdFromString(peer)) * 1000)}`
  },
  async echo (peer, bytes) {
    await isEchoed(connectionTo(peer), Number(bytes))
  },
  async streams (peer, count) {
    const connection = connectionTo(peer)
    await Promise.all(Array.from({ length: Number(count) }, () => isEchoed(connection, FEW)))
  },
  async half (peer) {
    const stream = await connectionTo(peer).newStream(HALF, MANY)
    let text = ''
    const reading = readAll(stream, (data) => { text += new TextDecoder().decode(data) })
    stream.send(new TextEncoder().encode('question'))
    await stream.close()
    await reading
    if (text !== 'answer to question') {
      throw new Error(`the answer is ${text}`)
    }
  },
  async reset (peer) {
    const stream = await connectionTo(peer).newStream(RESET, MANY)
    const reading = readAll(stream, () => {})
    stream.send(new TextEncoder().encode('question'))
    const err = await reading.then(() => undefined, (err) => err)
    if (err?.name !== 'StreamResetError') {
      throw new Error(`no reset: ${err}`)
    }
  },
  async none (peer) {
    const err = await connectionTo(peer).newStream(NOBODYS).then(() => undefined, (err) => err)
    if (err?.name !== 'UnsupportedProtocolError') {
      throw new Error(`no refusal: ${err}`)
    }
  },
  async routes () {
    return `${node.services.dht.routingTable.size}`
  },
  async put (key, value) {
    let taken = 0
    for await (const event of node.services.dht.put(Buffer.from(key, 'hex'), Buffer.from(value, 'hex'))) {
      taken += event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE' ? 1 : 0
    }
    return `${taken}`
  },
  async get (key) {
    for await (const event of node.services.dht.get(Buffer.from(key, 'hex'), { useCache: false })) {
      if (event.name === 'VALUE') {
        return Buffer.from(event.value).toString('hex')
      }
    }
    throw new Error('no value')
  },
  // The record of a name (docs/protocol/names.md), sealed here: its key in the DHT, and the record.
  async name (no, seq) {
    const key = await nameKey(Number(no))
    const now = BigInt(Date.now())
    const payload = message([
      [1, BigInt(seq)],
      [2, node.peerId.toMultihash().bytes],
      [3, node.getMultiaddrs()[0].decapsulate('/p2p').bytes],
      [4, Buffer.from('https://js.example')],
      [5, 300n],
      [6, now],
      [7, now + 86400000n]])
    const sealed = await RecordEnvelope.seal(
      { domain: NAME_DOMAIN, codec: NAME_TYPE, marshal: () => payload }, key)
    return Buffer.concat([Buffer.from('/beam-name/'), key.publicKey.raw]).toString('hex') + ' ' +
      Buffer.from(sealed.marshal()).toString('hex')
  },
  // What a record of a name says, in hex, if it is that name's.
  async opened (no, value) {
    const sealed = await RecordEnvelope.openAndCertify(Buffer.from(value, 'hex'), NAME_DOMAIN)
    if (!sealed.publicKey.equals((await nameKey(Number(no))).publicKey) || !NAME_TYPE.equals(sealed.payloadType)) {
      throw new Error('another name, or no name')
    }
    return Buffer.from(sealed.payload).toString('hex')
  },
  async provide (multihash) {
    const cid = CID.createV1(0x55, decodeMultihash(Buffer.from(multihash, 'hex')))
    for await (const _ of node.services.dht.provide(cid)) {}
  },
  async providers (multihash) {
    const cid = CID.createV1(0x55, decodeMultihash(Buffer.from(multihash, 'hex')))
    const found = new Set()
    for await (const event of node.services.dht.findProviders(cid)) {
      for (const provider of event.name === 'PROVIDER' ? event.providers : []) {
        found.add(provider.id.toString())
      }
    }
    return [...found].join(' ')
  },
  async publickey () {
    const id = node.peerId
    return Buffer.from(id.toMultihash().bytes).toString('hex') + ' ' +
      Buffer.from(id.toMultihash().digest).toString('hex')
  },
  async meshed (count) {
    await until(() => node.services.pubsub.getMeshPeers(TOPIC).length >= Number(count))
  },
  async publish (text) {
    await publish(text)
  },
  // Signed by nobody: as any other message, but for the signature.
  async forge (text) {
    const config = node.services.pubsub.publishConfig
    const key = config.privateKey
    config.privateKey = { sign: async () => new Uint8Array(64).fill(7) }
    try {
      await publish(text)
    } finally {
      config.privateKey = key
    }
  },
  async heard (text) {
    await until(() => heard.includes(text))
  },
  async count (text) {
    return `${heard.filter((one) => one === text).length}`
  },
  async reserve (relay) {
    const circuit = multiaddr(`${relay}/p2p-circuit`)
    await node.components.transportManager.listen([circuit])
    const found = () => node.getMultiaddrs().find((a) => `${a}`.startsWith(`${circuit}`))
    await until(() => found() != null)
    return `${found()}`
  },
  async way (peer) {
    return `${connectionTo(peer).remoteAddr}`.includes('/p2p-circuit') ? 'circuit' : 'direct'
  },
  async disconnect (peer) {
    await node.hangUp(peerIdFromString(peer))
  },
  async gone (peer) {
    await until(() => node.getConnections(peerIdFromString(peer)).length === 0)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...words] = line.split(' ')
  try {
    console.log(['ok', await commands[word](...words)].filter((part) => part != null).join(' '))
  } catch (err) {
    console.log(`error ${err.name} ${err.message}`.replaceAll('\n', ' '))
  }
}
await node.stop()
process.exit(0)
