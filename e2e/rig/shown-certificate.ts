import { once } from 'node:events';
import { connect } from 'node:tls';

/** SHA-256 of the certificate that a TLS port of this machine shows, in capital hexadecimal with colons. */
export async function shownCertificate(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().fingerprint256;
  } finally {
    socket.destroy();
  }
}
