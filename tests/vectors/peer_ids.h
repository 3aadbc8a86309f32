/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys and peer ids as libp2p/specs, peer-ids/peer-ids.md, has them as test vectors, in hex. The
 * signatures are of "beam signs this", made with its private keys by the openssl program.
 */
#ifndef BEAM_TESTS_VECTORS_PEER_IDS_H
#define BEAM_TESTS_VECTORS_PEER_IDS_H

#define PEER_IDS_SIGNED "beam signs this"

#define PEER_IDS_ED25519_PRIVATE                                                                   \
    "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d1ed1e8fae2c4a144"     \
    "b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
#define PEER_IDS_ED25519_PUBLIC                                                                    \
    "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
#define PEER_IDS_SECP256K1_PUBLIC                                                                  \
    "08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99"
#define PEER_IDS_ECDSA_PUBLIC                                                                      \
    "0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d"     \
    "83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec0"     \
    "34e9f77c409e62"
#define PEER_IDS_RSA_PUBLIC                                                                        \
    "080012a60430820222300d06092a864886f70d01010105000382020f003082020a0282020100e1beab071d08"     \
    "200bde24eef00d049449b07770ff9910257b2d7d5dda242ce8f0e2f12e1af4b32d9efd2c090f66b0f29986db"     \
    "b645dae9880089704a94e5066d594162ae6ee8892e6ec70701db0a6c445c04778eb3de1293aa1a23c3825b85"     \
    "c6620a2bc3f82f9b0c309bc0ab3aeb1873282bebd3da03c33e76c21e9beb172fd44c9e43be32e2c99827033c"     \
    "f8d0f0c606f4579326c930eb4e854395ad941256542c793902185153c474bed109d6ff5141ebf9cd256cf588"     \
    "93a37f83729f97e7cb435ec679d2e33901d27bb35aa0d7e20561da08885ef0abbf8e2fb48d6a5487047a9ecb"     \
    "1ad41fa7ed84f6e3e8ecd5d98b3982d2a901b4454991766da295ab78822add5612a2df83bcee814cf50973e8"     \
    "0d7ef38111b1bd87da2ae92438a2c8cbcc70b31ee319939a3b9c761dbc13b5c086d6b64bf7ae7dacc1462237"     \
    "5d92a8ff9af7eb962162bbddebf90acb32adb5e4e4029f1c96019949ecfbfeffd7ac1e3fbcc6b6168c34be3d"     \
    "5a2e5999fcbb39bba7adbca78eab09b9bc39f7fa4b93411f4cc175e70c0a083e96bfaefb04a9580b4753c173"     \
    "8a6a760ae1afd851a1a4bdad231cf56e9284d832483df215a46c1c21bdf0c6cfe951c18f1ee4078c79c13d63"     \
    "edb6e14feaeffabc90ad317e4875fe648101b0864097e998f0ca3025ef9638cd2b0caecd3770ab54a1d9c6ca"     \
    "959b0f5dcbc90caeefc4135baca6fd475224269bbe1b0203010001"
#define PEER_IDS_SECP256K1_SIGNATURE                                                               \
    "3045022035ea6da33d7027834579d218794d30fe301dd8152d158cfa18992656df61b7ca02210093e7b410b1"     \
    "224e21e5fc42f2b3e6b9cd02ae0ed8a1f54829fcd2018c31413ad1"
#define PEER_IDS_ECDSA_SIGNATURE                                                                   \
    "30450221009a5af489973aa2cd21893daa99e5ce7108b7dbd5ae9f922bc8ad2c1728a4e68b02206d81a45e4a"     \
    "f5523d15fd6c71456661a7fc68fbde2f564b44c8bf524f251b462b"
#define PEER_IDS_RSA_SIGNATURE                                                                     \
    "948352a4c43025bb4f0ab0e2bb8a234ec260178c7049713d756f6764fb39321cab8100e7eef16ada374e331f"     \
    "3d9ba4db8efadb8fb2e52f717582201fc9ef95cf11f9b491ef7674409e4f7363ba0588d144d7b16034e0053b"     \
    "8d860e192b3d6d075394dc5ac7274c9d4584b68c3b37a0cbb0fc91c470ad0b8c95eeaa912dafda1ca99b323e"     \
    "cd9b59aece20cd2541936cf7196cd21e014fd84cbd215bada5fbed0a23bfc9db2e25f5f150d627f26c337e44"     \
    "0bc28415a58717573f7538a43a846ec88c5195f4f3db8f1e731aef13fc02c09ecc33b0792e960c2d73284b82"     \
    "64317c5ad000a0a2315c2d926c8f9aa864e9c7df0cd45700d3b59ab33830eb8605529940c7117f376f143dfa"     \
    "5ad04479927f587efac56778226f40682040d888d9fad833cf131e754a0ebfc35744797bb04bd9f4f9f5998d"     \
    "bc554adbb7d2e13504b67d56407ea361d5df831482e3444b42c4291c927a5b9f1d3d66dea4cb19d4fcf5151b"     \
    "e02c85e724800bdd8ae3004f1d0387d2158398cd7fde60d9874221f35aeaad1ae2c97dfabe6a9ae79576af77"     \
    "a739bc09003cbd4cdcbcc1ddca1d39496358abf53c60eb5b2e0ec12264644dcee27607d6ccdefb02488f2315"     \
    "d425cfa8c8406b5fee3ab0625bb6f6404a43c15a37aa65e77cb3f7892dec57930eaefe972930a1ca04241856"     \
    "feea85769d7cfa2a3d8a8ffbe6ef4e556107e38d2100d3131be3c7dd"

#define PEER_IDS_CID        "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"
#define PEER_IDS_CID_BASE58 "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"
#define PEER_IDS_INLINE     "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

#endif
