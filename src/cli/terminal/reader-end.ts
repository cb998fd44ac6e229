import { constants, openSync } from 'node:fs';
import { type BoundSocket, Socket } from 'node:net';

declare global {
  namespace NodeJS {
    interface Process {
      /** Internals of Node. */
      binding(name: 'tcp_wrap'): { TCP: new (kind: number) => Handle; constants: { SOCKET: number } };
    }
  }
}

/** The type that Node documents for what a socket may be made of, and what all of them have. */
interface Handle extends BoundSocket {
  /** Takes over a file descriptor. @returns 0 if it succeeded */
  open(descriptor: number): number;
}

/**
 * Calls back when the reader of a pipe closes it. Node reports this only with the next write, and offers to watch only
 * descriptors that can be read; the handle of a TCP socket takes any, and gets the error that the kernel reports. Where
 * this does not work, nothing is called.
 * @param descriptor of the end that is written
 */
export function onReaderEnd(descriptor: number, closed: () => void): void {
  try {
    const { TCP, constants: kinds } = process.binding('tcp_wrap');
    const handle = new TCP(kinds.SOCKET);
    // A descriptor of its own: the event loop watches each one once.
    const own = openSync(`/dev/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
    if (handle.open(own) !== 0) return;
    new Socket({ handle, writable: false }).on('error', closed).resume().unref();
  } catch {
    // It is no pipe, or this system has no such path.
  }
}
