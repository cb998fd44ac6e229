const cleanUps: (() => void)[] = [];

/** Runs a function after all tests of the file. For concurrent tests, which can't use `onTestFinished`. */
export function atTheEnd(cleanUp: () => void): void {
  cleanUps.push(cleanUp);
}

export function cleanUpAll(): void {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
}
