// Loaded before kioskctl. Makes the process one of another machine (environment variable MACHINE): with another host name,
// user and boot, and a calendar that is wrong.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import type { MachineTraits } from './team.ts';

const { host, user, boot, wrongBy } = JSON.parse(process.env.MACHINE ?? '{}') as MachineTraits;

os.hostname = () => host;
const { userInfo } = os;
os.userInfo = ((...args: []) => ({ ...userInfo(...args), username: user })) as typeof userInfo;

const { readFileSync } = fs;
fs.readFileSync = ((...args: Parameters<typeof readFileSync>) =>
  args[0] === '/proc/sys/kernel/random/boot_id' ? `${boot}\n` : readFileSync(...args)) as typeof readFileSync;
syncBuiltinESMExports();

const RealDate = globalThis.Date;
const now = () => RealDate.now() + wrongBy;
globalThis.Date = class extends RealDate {
  constructor(...of: [] | [number | string]) {
    super(of.length === 0 ? now() : of[0]);
  }

  static override now(): number {
    return now();
  }
} as DateConstructor;
