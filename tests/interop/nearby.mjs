// SPDX-License-Identifier: BSD-3-Clause
//
// A node of js-libp2p that looks for others nearby, and asks them whether it is reached: says who it is,
// then whom it finds by mDNS, a line each. It dials nobody but back.
Promise.withResolvers ??= () => {
  const r = {}
  r.promise = new Promise((resolve, reject) => Object.assign(r, { resolve, reject }))
  return r
}

const { createLibp2p } = await import('libp2p')
const { tcp } = await import('@libp2p/tcp')
const { noise } = await import('@libp2p/noise')
const { yamux } = await import('@libp2p/yamux')
const { identify } = await import('@libp2p/identify')
const { ping } = await import('@libp2p/ping')
const { autoNAT } = await import('@libp2p/autonat')
const { mdns } = await import('@libp2p/mdns')

// What mDNS itself finds: the node says nothing of a peer that it knows already.
function discovery (components) {
  const found = mdns({ interval: 1000 })(components)
  found.addEventListener('peer', (evt) => {
    const at = evt.detail.multiaddrs.map((ma) => ma.toString()).join(' ')
    console.log(`found ${evt.detail.id.toString()} ${at}`)
  })
  return found
}

const node = await createLibp2p({
  addresses: { listen: [process.argv[2]] },
  start: false,
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  peerDiscovery: [discovery],
  services: { identify: identify(), ping: ping(), autonat: autoNAT() }
})
console.log(`self ${node.peerId.toString()}`)
await node.start()
process.stdin.on('end', () => process.exit(0)).resume()
