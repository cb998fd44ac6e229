import { constants, openSync } from 'node:fs';
import { type BoundSocket, Socket } from 'node:net';

declare global {
  namespace NodeJS {
    interface Process {
      /** Node's internal bindings. */
      binding(name: 'tcp_wrap'): { TCP: new (kind: number) => Handle; constants: { SOCKET: number } };
    }
  }
}

/** A handle of a Node socket. The first type is public, `open` is not. */
interface Handle extends BoundSocket {
  /** Adopts a file descriptor. @returns 0 on success */
  open(descriptor: number): number;
}

/**
 * Calls back when the reader of a pipe closes it. Node reports this only at the next write, and its public API can
 * watch only readable descriptors. The internal handle of a TCP socket accepts any descriptor, and receives the
 * kernel's error. If this is not supported, the callback is never called.
 * @param descriptor the write end of the pipe
 */
export function onReaderEnd(descriptor: number, closed: () => void): void {
  try {
    const { TCP, constants: kinds } = process.binding('tcp_wrap');
    const handle = new TCP(kinds.SOCKET);
    // Opens another descriptor, because the event loop can watch a descriptor only once.
    const own = openSync(`/dev/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
    if (handle.open(own) !== 0) return;
    new Socket({ handle, writable: false }).on('error', closed).resume().unref();
  } catch {
    // Not a pipe, or the system has no such path.
  }
}
