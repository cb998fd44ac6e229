import { describe, expect, test } from 'vitest';
import { parseReport, reportFlags, toReports } from '../../../src/runs/reports/report-flags.ts';
import { type Given, parseFlags } from '../../harness/command-line.ts';

const read = async (given: Given) => toReports(await parseFlags(reportFlags, given));

describe('--report', () => {
  test.each([
    { text: 'junit=out/junit.xml', target: { format: 'junit', file: 'out/junit.xml' } },
    { text: 'html=a=b.html', target: { format: 'html', file: 'a=b.html' } },
    { text: 'markdown=C:\\r.md', target: { format: 'markdown', file: 'C:\\r.md' } },
  ])('$text', ({ text, target }) => expect(parseReport(text)).toEqual(target));

  test.each([
    { text: 'junit=', hint: 'Write junit=FILE.' },
    { text: 'html= ', hint: 'Write html=FILE.' },
    { text: 'html=-', hint: 'Write html=FILE.' },
    { text: 'json', hint: /json=FILE/ },
    { text: 'junti=a.xml', hint: /^Did you mean junit=a\.xml\?/ },
    { text: 'pdf=a.pdf', hint: /^Use one of junit=FILE, html=FILE, json=FILE, markdown=FILE\.$/ },
    { text: '', hint: /^Use one of/ },
    { text: '\u001b[31m=x', hint: /Use one of/ },
  ])('“$text” is a mistake that says what is meant', ({ text, hint }) => {
    const expected = {
      code: 'usage',
      exitCode: 2,
      hint: expect.stringMatching(hint),
      message: expect.not.stringContaining('\u001b'),
    };
    expect(() => parseReport(text)).toThrow(expect.objectContaining(expected));
  });

  test('several reports can be written, each to its own file', async () => {
    expect(await read({})).toEqual([]);
    expect(await read({ report: ['junit=a.xml', 'html=a.html'] })).toHaveLength(2);
    await expect(read({ report: ['junit=a.xml', 'html=b/../a.xml'] })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('b/../a.xml'),
    });
  });
});
