import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { StateConnection } from '../../src/sandbox/state/state-connection.ts';

function openTwo(): [StateConnection, StateConnection] {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-state-'));
  const open = () =>
    new StateConnection({
      file: join(folder, 'state.db'),
      migrations: ['CREATE TABLE counts (count INTEGER); INSERT INTO counts VALUES (0)'],
      durability: 'normal',
      fault: (reason) => new Error(reason),
    });
  const both: [StateConnection, StateConnection] = [open(), open()];
  onTestFinished(() => {
    for (const connection of both) connection.close();
    rmSync(folder, { recursive: true });
  });
  return both;
}

const count = (connection: StateConnection) =>
  connection.snapshot(() => connection.get<{ count: number }>('SELECT count FROM counts')?.count);
const add = (connection: StateConnection) =>
  connection.transaction(() => connection.run('UPDATE counts SET count = count + 1'));

test('a change of another process is seen by the reads of the next turn, and those of one turn agree', async () => {
  const [ours, theirs] = openTwo();
  expect(count(ours)).toBe(0);
  add(theirs);
  expect(count(ours)).toBe(0);
  await nextTurn();
  expect(count(ours)).toBe(1);
});

test('a change of the process itself is seen by its next read in the same turn', () => {
  const [ours] = openTwo();
  expect(count(ours)).toBe(0);
  add(ours);
  expect(count(ours)).toBe(1);
  ours.run('UPDATE counts SET count = 7');
  expect(count(ours)).toBe(7);
});

test('a change after reads in the same turn starts from what another process has changed meanwhile', () => {
  const [ours, theirs] = openTwo();
  count(ours);
  add(theirs);
  add(ours);
  expect(count(ours)).toBe(2);
});

test('a read transaction ends with its turn, so that the log of the file can be written back', async () => {
  const [ours, theirs] = openTwo();
  add(theirs);
  count(ours);
  const checkpoint = () => theirs.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')?.busy;
  await nextTurn();
  expect(checkpoint()).toBe(0);
});

test('rows are read from the file once, and cannot be changed by their readers', () => {
  const [ours] = openTwo();
  const rows = () => ours.snapshot(() => ours.all<{ count: number }>('SELECT count FROM counts'));
  expect(rows()).toBe(rows());
  expect(() => {
    for (const row of rows()) row.count = 1;
  }).toThrow(TypeError);
});
