import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeReport } from '../../../src/runs/reports/write-report.ts';
import { files, makeFolder, makeSocket } from '../../harness/command-line.ts';
import { hostileCard, mixedCards, passedCard, reportOf } from '../../harness/run-records.ts';

const FAILED = { code: 'invalid-input', exitCode: 2 };

async function* breakOff() {
  yield passedCard(1);
  throw new Error('the journal is gone');
}

describe('the file of a report', () => {
  test('a report is written as a whole in its format, and replaced by the next run', async () => {
    const folder = makeFolder();
    const starts = {
      junit: '<?xml',
      html: '<!DOCTYPE html>',
      json: '{"schemaVersion":1',
      markdown: '## ',
    } as const;
    for (const format of ['junit', 'html', 'json', 'markdown'] as const) {
      const file = join(folder, `report.${format}`);
      writeFileSync(file, 'of yesterday');
      await writeReport({ format, file }, { report: await reportOf(mixedCards()), files });
      expect(readFileSync(file, 'utf8').startsWith(starts[format]), format).toBe(true);
    }
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('--page: #f4f6f9');
    expect(readdirSync(folder)).toHaveLength(4);
  });

  test('a report in a missing folder, or in place of a folder, is a failure that leaves no file, before and after the run', async () => {
    const folder = makeFolder();
    const report = await reportOf([passedCard(1)]);
    const nowhere = { format: 'html', file: join(folder, 'no/report.html') } as const;
    for (const attempt of [
      () => files.requireWritable(nowhere.file),
      () => writeReport(nowhere, { report, files }),
    ])
      await expect(attempt()).rejects.toMatchObject({
        ...FAILED,
        message: expect.stringContaining('its folder does not exist'),
      });
    mkdirSync(join(folder, 'taken'));
    const taken = { format: 'html', file: join(folder, 'taken') } as const;
    for (const attempt of [
      () => files.requireWritable(taken.file),
      () => writeReport(taken, { report, files }),
    ])
      await expect(attempt()).rejects.toMatchObject({
        ...FAILED,
        message: expect.stringContaining('it is a folder'),
      });
    await files.requireWritable(join(folder, 'fine.html'));
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  test('a report replaces only regular files, and a link remains', async () => {
    const folder = makeFolder();
    const report = await reportOf([passedCard(1)]);
    const at = (name: string) => join(folder, name);
    await makeSocket(at('socket'));
    symlinkSync(at('socket'), at('to-socket'));
    symlinkSync(at('nowhere'), at('to-nowhere'));
    for (const name of ['socket', 'to-socket', 'to-nowhere']) {
      const target = { format: 'json', file: at(name) } as const;
      for (const attempt of [
        () => files.requireWritable(target.file),
        () => writeReport(target, { report, files }),
      ])
        await expect(attempt(), name).rejects.toMatchObject({
          ...FAILED,
          message: expect.stringContaining(
            `${name} was not written: it is neither a regular file nor a link to one`,
          ),
        });
    }
    expect(lstatSync(at('socket')).isSocket()).toBe(true);
    mkdirSync(at('elsewhere'));
    writeFileSync(at('elsewhere/real'), 'of yesterday');
    symlinkSync(at('elsewhere/real'), at('to-real'));
    await files.requireWritable(at('to-real'));
    await writeReport({ format: 'json', file: at('to-real') }, { report, files });
    expect(lstatSync(at('to-real')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('elsewhere/real'), 'utf8')).toContain('"schemaVersion":1');
    expect(readdirSync(folder)).toEqual(['elsewhere', 'socket', 'to-nowhere', 'to-real', 'to-socket']);
    expect(readdirSync(at('elsewhere'))).toEqual(['real']);
  });

  test('an old report stays if the journal fails in the middle of a new one', async () => {
    const folder = makeFolder();
    const file = join(folder, 'report.json');
    writeFileSync(file, 'of yesterday');
    const report = await reportOf([passedCard(1)]);
    await expect(
      writeReport({ format: 'json', file }, { report: { ...report, cards: breakOff }, files }),
    ).rejects.toThrow('the journal is gone');
    expect(readdirSync(folder)).toEqual(['report.json']);
    expect(readFileSync(file, 'utf8')).toBe('of yesterday');
  });

  test('a report contains no secret, whatever text an error has', async () => {
    const folder = makeFolder();
    const report = await reportOf([hostileCard(1)], { reason: 'because of s3cr3t-of-this-process' });
    for (const format of ['junit', 'html', 'json', 'markdown'] as const) {
      const file = join(folder, `report.${format}`);
      await writeReport({ format, file }, { report, files });
      const text = readFileSync(file, 'utf8');
      expect(text, format).not.toMatch(/abcdef0123456789|s3cr3t-of/);
      expect(text, format).toContain('redacted');
    }
  });
});
