const cleanUps: (() => void)[] = [];

/** Runs after all tests of the file: concurrent tests can't use `onTestFinished`. */
export function atTheEnd(cleanUp: () => void): void {
  cleanUps.push(cleanUp);
}

export function cleanUpAll(): void {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
}
