/** Where GitHub Actions runs this command, and where it takes a summary of the step; null elsewhere. */
export function githubActions(): { summaryFile: string | null } | null {
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY } = process.env;
  return GITHUB_ACTIONS === 'true' ? { summaryFile: GITHUB_STEP_SUMMARY || null } : null;
}
