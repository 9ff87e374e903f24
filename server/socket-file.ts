import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';

import { StartError } from './addresses.ts';

/** `sockaddr_un.sun_path` less its final 0, on the systems with the least room for it. */
const PATH_BYTES_MAX = 103;

/**
 * Makes sure that a Unix socket can be made at `path`. A socket file that nobody answers on was
 * left by a server that is gone, and is removed; anything else is left alone.
 */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    const hint = 'set a shorter one with --socket, or none with --socket off';
    throw new StartError(
      `${path}: a Unix socket's path has at most ${PATH_BYTES_MAX} bytes: ${hint}`,
    );
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new StartError(`${path} exists and is not a socket: move it, or set another --socket`);
  }
  if (await answers(path)) {
    const hint = 'stop that server, or set another path with --socket (off: none)';
    throw new StartError(`another server answers on ${path}: ${hint}`);
  }
  unlinkSync(path);
}

/** Whether anybody accepts connections there. EACCES and the like count as somebody. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
