import { LOOPBACK_ADDRESS, reachableAddresses } from './app/addresses.ts';
import { type ListeningSetup, listenedHost } from './compose-listening.ts';
import { readListeningTls } from './service/admin-tls.ts';
import { parsePortRange } from './service/listening-settings.ts';
import type { RelayConfig } from './service/relay-config.ts';
import { defaultSettings } from './service/settings.ts';
import { parseRobot, parseUplink } from './service/signalling-settings.ts';

export type SetupRead =
  | { readonly ok: true; readonly setup: ListeningSetup }
  | { readonly ok: false; readonly sentence: string };

/** The settings of `sidetone relay` as listening takes them; a sentence where a certificate cannot be read. */
export function listeningSetup(config: RelayConfig): SetupRead {
  const read = readListeningTls(config);
  if (!read.ok) return read;
  const setup: ListeningSetup = {
    enabled: config.listening,
    host: config.listen_host,
    webPort: config.listen_port,
    rtspPort: config.rtsp_port === 0 ? null : config.rtsp_port,
    tls: read.tls,
    anyPortsWillDo: false,
    visitsPerNetwork: config.listeners_per_address,
    secretsInTheClear: config.secrets_in_the_clear,
    publicHosts: config.public_hosts,
    webRtcPorts: parsePortRange(config.webrtc_ports),
    uplinks: config.signalling_uplinks.map(parseUplink).filter((uplink) => uplink !== null),
    robots: config.signalling_robots.map(parseRobot).filter((robot) => robot !== null),
  };
  return { ok: true, setup };
}

/** A room in the window is heard with what a relay of its own would have as defaults, on other ports if it must be. */
export function hostedSetup(): ListeningSetup {
  return {
    enabled: true,
    host: defaultSettings.listen_host,
    webPort: defaultSettings.listen_port,
    rtspPort: defaultSettings.rtsp_port,
    tls: null,
    anyPortsWillDo: true,
    visitsPerNetwork: defaultSettings.listeners_per_address,
    secretsInTheClear: defaultSettings.secrets_in_the_clear,
    publicHosts: [],
    webRtcPorts: null,
    uplinks: [],
    robots: [],
  };
}

/** What links lead to: a name that others know this machine by, else an address that they may reach. */
export function listeningHost({ public_hosts, listen_host }: RelayConfig): string {
  return public_hosts[0] ?? listenedHost(listen_host) ?? reachableAddresses()[0] ?? LOOPBACK_ADDRESS;
}
