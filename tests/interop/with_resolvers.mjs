// SPDX-License-Identifier: BSD-3-Clause
//
// What js-libp2p needs of a node that is older than it would have: to be imported before it. Node 20 has
// no such function yet.
Promise.withResolvers ??= () => {
  const r = {}
  r.promise = new Promise((resolve, reject) => Object.assign(r, { resolve, reject }))
  return r
}
