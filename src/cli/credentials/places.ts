/** Where secrets are stored under the names of accounts. */
export interface Place {
  /** In words. */
  name: string;
  /** Can whoever reads the disk read them? */
  isPlain: boolean;
  /** @throws Failure `credentials-unusable` */
  read(account: string): string | null;
  /** @returns whether it could */
  write(account: string, secret: string): Promise<boolean>;
  /** @returns `unasked` where it can't say whether there is anything */
  remove(account: string): Promise<'removed' | 'absent' | 'unasked'>;
}
