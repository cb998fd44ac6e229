/**
 * Local time with its offset, as people see times: `2026-11-22 10:15:00 +01:00`.
 * @param utc as JSON documents write it; what can't be read stays as it is
 */
export function localTime(utc: string): string {
  const milliseconds = Date.parse(utc);
  if (Number.isNaN(milliseconds)) return utc;
  const offset = new Intl.DateTimeFormat('en', { timeZoneName: 'longOffset' })
    .formatToParts(milliseconds)
    .find(({ type }) => type === 'timeZoneName');
  const time = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' }).format(
    milliseconds,
  );
  return `${time} ${offset?.value.replace('GMT', '') || '+00:00'}`;
}
