/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Made with js-libp2p 3 (libp2p 3.3.11 on Node 20) from the Ed25519 seed LIBP2P_SEED. Bytes are in
 * hex.
 */
#ifndef BEAM_TESTS_VECTORS_LIBP2P_H
#define BEAM_TESTS_VECTORS_LIBP2P_H

#define LIBP2P_SEED   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define LIBP2P_PUBLIC "0801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define LIBP2P_PEER_ID                                                                             \
    "00240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define LIBP2P_PEER_ID_BASE58 "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"
#define LIBP2P_PEER_ID_CID    "bafzaajaiaejcaa5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny"

static const struct {
    const char *text, *bytes;
} libp2p_multiaddrs[] __attribute__((unused)) = {
    {"/ip4/127.0.0.1/tcp/4001", "047f000001060fa1"},
    {"/ip6/::1/udp/4001/quic-v1", "290000000000000000000000000000000191020fa1cd03"},
    {"/dns4/example.com/tcp/443/tls/ws", "360b6578616d706c652e636f6d0601bbc003dd03"},
    {"/ip4/1.2.3.4/tcp/9/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB/p2p-"
     "circuit/p2p/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB",
     "0401020304060009a5032600240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d"
     "5f1ddc8664125531b8a202a5032600240801122003a107bff3ce10be1d70dd18e74bc09967e4d630"
     "9ba50d5f1ddc8664125531b8"},
    {"/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234",
     "bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c07fb4cc139ed7e30304d2"},
    {"/ip4/1.2.3.4/udp/9/webrtc-direct/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1al"
     "uKR_tpevQ",
     "0401020304910200099802d203221220241f96b80cf18a52e3818d8c340a0c23bdc24224c0f62bfd"
     "5a96e291feda5ebd"},
};

/* A peer record of the one address below, and its envelope. */
enum { LIBP2P_RECORD_SEQ = 7 };
#define LIBP2P_RECORD_ADDR "/ip4/127.0.0.1/tcp/4001"
#define LIBP2P_RECORD                                                                              \
    "0a2600240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b810071a0a"     \
    "0a08047f000001060fa1"
#define LIBP2P_ENVELOPE                                                                            \
    "0a240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8120203011a36"     \
    "0a2600240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b810071a0a"     \
    "0a08047f000001060fa12a401537943fa18aab28de6cf68033adb91e818477b51d8c9b7abf39d20cfcc56a35"     \
    "6c32e862195affd78b2c2cf37d1985fd4866cfaa83b45f629b2cb5c6a58ce90c"

/* A signature of the Noise handshake. */
#define LIBP2P_SIGNED                                                                              \
    "6e6f6973652d6c69627032702d7374617469632d6b65793afffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedec"     \
    "ebeae9e8e7e6e5e4e3e2e1e0"
#define LIBP2P_SIGNATURE                                                                           \
    "4e10dc78007887790276407b56df13b321d4a106647321b5b8d75502ee6cea5813c786aecd9b2d4e91821176"     \
    "bd32c2da4fee9d9cfe256cf5a406044761d84a03"

/* The payload with that signature, of an initiator that has yamux alone. */
#define LIBP2P_NOISE_STATIC "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0"
#define LIBP2P_NOISE_PAYLOAD                                                                       \
    "0a240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b812404e10dc78"     \
    "007887790276407b56df13b321d4a106647321b5b8d75502ee6cea5813c786aecd9b2d4e91821176bd32c2da"     \
    "4fee9d9cfe256cf5a406044761d84a03220e120c2f79616d75782f312e302e30"

/* Messages of multistream-select. */
#define LIBP2P_MULTISTREAM_HEADER "132f6d756c746973747265616d2f312e302e300a"
#define LIBP2P_MULTISTREAM_NA     "036e610a"
#define LIBP2P_MULTISTREAM_NOISE  "072f6e6f6973650a"
#define LIBP2P_MULTISTREAM_YAMUX  "0d2f79616d75782f312e302e300a"

#endif
