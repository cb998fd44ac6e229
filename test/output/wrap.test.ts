// Lines that are broken at words, so that they fit a terminal.
import { describe, expect, test } from 'vitest';
import { makeStyle, unbroken } from '../../src/output/style.ts';
import { wrapLines } from '../../src/output/wrap.ts';

describe('wrapLines', () => {
  test('wrapping breaks long lines at spaces, but not short lines and table rows', () => {
    const row = `a\t${'word '.repeat(20)}`;
    expect(wrapLines(`short\nThe kiosk is on hold, and nothing is sent there.\n${row}`, 24)).toBe(
      `short\nThe kiosk is on hold,\nand nothing is sent\nthere.\n${row}`,
    );
  });

  test('wrapping keeps a command on one line, with the values of its flags', () => {
    const text =
      "  Close the door, then retry. Next: kioskctl retry 1001/501 --reason 'the door' --context local.";
    expect(wrapLines(text, 60)).toBe(
      "  Close the door, then retry. Next:\n  kioskctl retry 1001/501 --reason 'the door' --context local.",
    );
  });

  test('wrapping keeps the names and codes at the end of a command', () => {
    expect(wrapLines('Make it the default: kioskctl context use local', 40)).toBe(
      'Make it the default:\nkioskctl context use local',
    );
    expect(wrapLines('Show its page: kioskctl explain PRD_HOPPER_DOOR', 40)).toBe(
      'Show its page:\nkioskctl explain PRD_HOPPER_DOOR',
    );
    expect(wrapLines('Next: kioskctl kiosk recover WIS00001 --context local', 50)).toBe(
      'Next:\nkioskctl kiosk recover WIS00001 --context local',
    );
  });

  test('wrapping breaks neither a time nor a word that is longer than the line', () => {
    expect(wrapLines('On hold since 2026-11-30 02:19:55 +00:00 by root', 30)).toBe(
      'On hold since\n2026-11-30 02:19:55 +00:00 by\nroot',
    );
    expect(wrapLines(`see ${'x'.repeat(40)} there`, 20)).toBe(`see\n${'x'.repeat(40)}\nthere`);
  });

  test('wrapping indents the continuation of a line below its symbol and title, also in colour', () => {
    const style = makeStyle(true);
    const lines = wrapLines(`${style.good('✓')} journal    one two three four five six seven eight`, 40);
    expect(lines).toBe(
      `${style.good('✓')} journal    one two three four five six\n${' '.repeat(13)}seven eight`,
    );
  });

  test('wrapping does not change a text that is marked as unbroken', () => {
    const body = '{"a": "one two three", "b": "four five six"}';
    expect(wrapLines(unbroken(body), 20)).toBe(body);
  });
});
