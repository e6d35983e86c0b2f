import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { run } from '../../e2e/rig/child.ts';
import { type RigSide, rigDevices } from '../../e2e/rig/pulse.ts';

/** A key and a self-signed certificate, as files. */
export interface KeyFiles {
  readonly keyPath: string;
  readonly certificatePath: string;
}

/** Makes a certificate that outlives every run. */
export async function makeCertificate(folder: string, name: string): Promise<KeyFiles> {
  const keyPath = join(folder, `${name}.key.pem`);
  const certificatePath = join(folder, `${name}.crt.pem`);
  const subject = ['-subj', `/CN=${name}`, '-days', '30'];
  const files = ['-keyout', keyPath, '-out', certificatePath];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject]);
  return { keyPath, certificatePath };
}

/** SHA-1 of a certificate in hex: what Mumble remembers of a server. */
export function sha1Of(certificatePath: string): string {
  const { raw } = new X509Certificate(readFileSync(certificatePath));
  return createHash('sha1').update(raw).digest('hex');
}

/** How Mumble's delay is set: frames of 10 ms per packet, and blocks of 10 ms that its output keeps ready. */
export interface MumbleDelay {
  readonly framesPerPacket: number;
  readonly outputDelay: number;
}

/** As Mumble 1.3 is installed. */
export const MUMBLE_DEFAULT: MumbleDelay = { framesPerPacket: 2, outputDelay: 5 };

/** The least delay that its settings offer. */
export const MUMBLE_TUNED: MumbleDelay = { framesPerPacket: 1, outputDelay: 1 };

/** Qt writes binary settings as text with escapes; every byte escaped, none can be taken for part of another. */
function byteArray(bytes: Uint8Array): string {
  return `"@ByteArray(${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')})"`;
}

/** What a Mumble client needs so that it asks nobody anything: settings, a certificate, and the server's fingerprint. */
export async function writeMumbleHome(
  home: string,
  facts: {
    readonly delay: MumbleDelay;
    readonly port: number;
    readonly serverSha1: string;
    readonly side: RigSide;
  },
): Promise<NodeJS.ProcessEnv> {
  const configFolder = join(home, 'config', 'Mumble');
  const dataFolder = join(home, 'data', 'Mumble', 'Mumble');
  for (const folder of [configFolder, dataFolder]) mkdirSync(folder, { recursive: true });
  const { keyPath, certificatePath } = await makeCertificate(home, 'user');
  const bundlePath = join(home, 'user.p12');
  const bundle = ['-inkey', keyPath, '-in', certificatePath, '-out', bundlePath, '-passout', 'pass:'];
  await run('openssl', ['pkcs12', '-export', ...bundle]);
  const settings = [
    '[General]',
    'lastupdate=2',
    '[audio]',
    // Continuous: the microphone is open, as ours is.
    'transmit=0',
    'input=PulseAudio',
    'output=PulseAudio',
    `outputdelay=${facts.delay.outputDelay}`,
    '[net]',
    `framesperpacket=${facts.delay.framesPerPacket}`,
    `certificate=${byteArray(readFileSync(bundlePath))}`,
    // It takes the sound server's own default unless it is told otherwise.
    '[pulseaudio]',
    `input=${rigDevices[facts.side].source}`,
    `output=${rigDevices[facts.side].speakerSink}`,
    '[tts]',
    'enable=false',
    '[ui]',
    'askonquit=false',
  ];
  writeFileSync(join(configFolder, 'Mumble.conf'), `${settings.join('\n')}\n`);
  const database = new Database(join(dataFolder, 'mumble.sqlite'));
  database.exec(
    'CREATE TABLE cert (id INTEGER PRIMARY KEY AUTOINCREMENT, hostname TEXT, port INTEGER, digest TEXT)',
  );
  database
    .prepare('INSERT INTO cert (hostname, port, digest) VALUES (?, ?, ?)')
    .run('127.0.0.1', facts.port, facts.serverSha1);
  database.close();
  return { HOME: home, XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data') };
}
