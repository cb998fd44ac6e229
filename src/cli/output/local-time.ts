/** Making a format costs far more than using it. */
let formats: { offset: Intl.DateTimeFormat; time: Intl.DateTimeFormat } | null = null;

/** Local time with its offset, like 2026-11-22 10:15:00 +01:00. @param milliseconds since the epoch */
export function localTime(milliseconds: number): string {
  formats ??= {
    offset: new Intl.DateTimeFormat('en', { timeZoneName: 'longOffset' }),
    time: new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' }),
  };
  const offset = formats.offset.formatToParts(milliseconds).find(({ type }) => type === 'timeZoneName');
  return `${formats.time.format(milliseconds)} ${offset?.value.replace('GMT', '') || '+00:00'}`;
}
