import { describe, expect, test } from 'vitest';
import { nameOfType, networkFileSystem } from '../../src/database/network-file-system.ts';

const FUSE = 0x65735546;
const noMounts = () => {
  throw new Error('the list of mounts was read');
};

describe('the type of a file system', () => {
  test.each([
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    [0xfe534d42, 'SMB'],
    [0x01021997, '9P'],
    [0x00c36400, 'Ceph'],
    // statfs(2) has a signed number on some machines.
    [0xff534d42 - 2 ** 32, 'CIFS'],
  ])('%i names a network file system: %s', (type, name) => {
    expect(nameOfType(type, noMounts)).toBe(name);
  });

  test.each([
    ['ext4', 0xef53],
    ['tmpfs', 0x01021994],
    ['overlay', 0x794c7630],
    ['btrfs', 0x9123683e],
    ['xfs', 0x58465342],
  ])('of a local disk (%s) names none', (_, type) => {
    expect(nameOfType(type, noMounts)).toBeNull();
  });

  test.each([
    ['fuse.sshfs', 'fuse.sshfs'],
    ['fuse.glusterfs', 'fuse.glusterfs'],
    ['fuse.gocryptfs', null],
    ['fuseblk', null],
    [null, null],
  ])('in user space, the list of mounts decides: %s', (mount, name) => {
    expect(nameOfType(FUSE, () => mount)).toBe(name);
  });
});

test('the file systems of this machine are local, also below a folder that does not exist yet', () => {
  for (const file of ['/journal.db', '/proc/journal.db', '/not/there/yet/journal.db'])
    expect(networkFileSystem(file)).toBeNull();
});
