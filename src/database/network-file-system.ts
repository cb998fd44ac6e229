import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** Network file systems by their statfs(2) type on Linux. Locks and shared memory are unreliable there. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x73757245, 'Coda'],
]);

const FUSE = 0x65735546;
const NETWORK_FUSE =
  /^fuse\.(sshfs|s3fs|rclone|glusterfs|gcsfuse|cephfs|ceph-fuse|smbnetfs|curlftpfs|davfs|juicefs)$/;

/** Returns the name of the network file system of a path (existing or not); null for a local disk. */
export function networkFileSystem(file: string): string | null {
  if (process.platform !== 'linux') return null;
  let folder = dirname(file);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    return nameOfType(statfsSync(folder).type, () => mountTypeOf(folder));
  } catch {
    return null;
  }
}

/** Returns the name of a file system type. @param mountType looks up a FUSE file system in the mount table */
export function nameOfType(type: number, mountType: () => string | null): string | null {
  if (type !== FUSE) return NETWORK_TYPES.get(type >>> 0) ?? null;
  const name = mountType();
  return name !== null && NETWORK_FUSE.test(name) ? name : null;
}

/** Reads the type of the innermost mount of a path from /proc/self/mountinfo (proc(5)). */
function mountTypeOf(folder: string): string | null {
  let found: { point: string; type: string } | null = null;
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4] ?? '';
    const isAbove = point === '/' || folder === point || folder.startsWith(`${point}/`);
    if (point && isAbove && point.length >= (found?.point.length ?? 0))
      found = { point, type: after.split(' ')[0] ?? '' };
  }
  return found?.type ?? null;
}
