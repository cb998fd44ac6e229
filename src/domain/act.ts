/** What people do with kioskctl that stays in the journal. `destroyed`: a spoiled card, by hand. */
export const ACTS = [
  'order',
  'produce',
  'retry',
  'simulate',
  'cancel',
  'hold',
  'release',
  'destroyed',
  'subscribe',
  'unsubscribe',
  'test-webhook',
] as const;

export type ActName = (typeof ACTS)[number];
