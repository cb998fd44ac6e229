/** Does a host name, as URLs or sockets write it, mean this machine only? */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
}
