/** Descriptions as real peers write them, for tests: their order, their quirks, other addresses and keys. */

const CODECS = [
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=ice-ufrag:SJMj',
  'a=ice-pwd:Y/WOACgNTgCH46G7lro3rAqv',
  'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, (_, at) => (at + 16).toString(16).toUpperCase()).join(':')}`,
  'a=setup:actpass',
] as const;

const CHROMIUM_AUDIO = [
  'a=rtcp-mux',
  'a=rtcp-rsize',
  'a=rtpmap:111 opus/48000/2',
  'a=rtcp-fb:111 transport-cc',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=rtpmap:63 red/48000/2',
  'a=fmtp:63 111/111',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:110 telephone-event/48000',
] as const;

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join('');
}

/** A browser that listens, its addresses hidden behind names; it would take pictures too. */
export const CHROMIUM_LISTENS = text([
  'v=0',
  'o=- 3016666175577301603 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'a=msid-semantic: WMS',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97 102',
  'c=IN IP4 0.0.0.0',
  ...CODECS,
  'a=mid:0',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:toffset',
  'a=recvonly',
  'a=rtcp-mux',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=rtpmap:102 H264/90000',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 110',
  'c=IN IP4 0.0.0.0',
  'a=candidate:4162195518 1 udp 2113937151 9b9f8f0d-3b77-431e-bcd0-c204541a6763.local 46083 typ host generation 0 network-cost 999',
  ...CODECS,
  'a=mid:1',
  'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
  'a=recvonly',
  ...CHROMIUM_AUDIO,
]);

/** A browser that publishes its microphone. */
export const CHROMIUM_SPEAKS = text([
  'v=0',
  'o=- 207859996040028458 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'a=msid-semantic: WMS 0d0df2e7-d79d-4da3-a8a2-106123193af4',
  'm=audio 44046 UDP/TLS/RTP/SAVPF 111 63 9 110',
  'c=IN IP4 192.0.2.7',
  'a=candidate:1689965990 1 udp 2122194687 192.0.2.7 44046 typ host generation 0 network-id 1',
  'a=candidate:2950435910 1 udp 2122265343 2001:db8::7 36886 typ host generation 0 network-id 2',
  'a=candidate:2584740146 1 tcp 1518214911 192.0.2.7 9 typ host tcptype active generation 0 network-id 1',
  ...CODECS,
  'a=mid:0',
  'a=sendonly',
  'a=msid:0d0df2e7-d79d-4da3-a8a2-106123193af4 0a30e9c5-16f3-4625-b8d1-f827486cace6',
  ...CHROMIUM_AUDIO,
  'a=ssrc:1355051173 cname:GuS0qrGd8GQztsfb',
  'a=ssrc:1355051173 msid:0d0df2e7-d79d-4da3-a8a2-106123193af4 0a30e9c5-16f3-4625-b8d1-f827486cace6',
]);

/** A studio program on libdatachannel: what stands for all sections stands at the top, and pictures come behind. */
export const STUDIO_SPEAKS = text([
  'v=0',
  'o=rtc 2049630625 0 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'a=group:LS 0 1',
  'a=msid-semantic:WMS *',
  'a=setup:actpass',
  'a=ice-ufrag:yoqD',
  'a=ice-pwd:qdZQ++eW6lyoi9Ktkjndoz',
  'a=ice-options:ice2,trickle',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'ab').join(':')}`,
  'm=audio 45167 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 198.51.100.4',
  'a=mid:0',
  'a=sendonly',
  'a=ssrc:822342 cname:studio',
  'a=msid:stream audio',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1',
  'a=candidate:1 1 UDP 2114977791 198.51.100.4 45167 typ host',
  'a=end-of-candidates',
  'm=video 45167 UDP/TLS/RTP/SAVPF 96',
  'c=IN IP4 198.51.100.4',
  'a=mid:1',
  'a=sendonly',
  'a=rtcp-mux',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
]);
