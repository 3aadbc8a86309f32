// SPDX-License-Identifier: BSD-3-Clause
//
// A node of js-libp2p that looks for others nearby, and asks them whether it is reached, by AutoNAT's
// first version or, with `2` behind the address, its second: says who it is, then whom it finds by mDNS,
// a line each. It dials nobody but back.
import './with_resolvers.mjs'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { autoNAT } from '@libp2p/autonat'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { mdns } from '@libp2p/mdns'

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
  services: { identify: identify(), ping: ping(), autonat: process.argv[3] === '2' ? autoNATv2() : autoNAT() }
})
console.log(`self ${node.peerId.toString()}`)
await node.start()
process.stdin.on('end', () => process.exit(0)).resume()
