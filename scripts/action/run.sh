#!/usr/bin/env bash
# Runs SCENARIO with reports in the folder REPORTS. kioskctl itself adds the summary of the step and the annotations.
set -euo pipefail
# Ends the step with STATUS, and an OUTCOME if there is a report.
finish() {
  printf 'exit-code=%s\noutcome=%s\n' "$1" "${2:-}" >> "${GITHUB_OUTPUT:?}"
  exit "$1"
}
# An input that the workflow does not set is not an empty secret.
for name in PROFILE_ID CLIENT_ID CLIENT_SECRET REFRESH_TOKEN TOKEN; do
  variable=KIOSKCTL_$name
  if [ -z "${!variable:-}" ]; then unset "$variable"; fi
done
# Client credentials without a token: with an empty refresh token, kioskctl reports that this one is missing.
others=${KIOSKCTL_REFRESH_TOKEN:-}${KIOSKCTL_REFRESH_TOKEN_FILE:-}${KIOSKCTL_TOKEN:-}${KIOSKCTL_TOKEN_FILE:-}
if [ -n "${KIOSKCTL_CLIENT_SECRET:-}" ] && [ -z "$others" ]; then export KIOSKCTL_REFRESH_TOKEN=; fi
secrets=${KIOSKCTL_CLIENT_SECRET:-}${KIOSKCTL_REFRESH_TOKEN:-}${KIOSKCTL_TOKEN:-}
if [ "${KIOSKCTL_ENVIRONMENT:-local}" = local ] && [ -n "$secrets" ]; then
  echo "::error title=kioskctl was not run::There are secrets, but the environment is local, the embedded sandbox. Set environment to sandbox, or remove the secrets." >&2
  finish 2
fi
if [ -z "${SCENARIO:-}" ]; then
  echo "::error title=kioskctl was not run::The input scenario is empty. Set it to a file, or to the name of a built-in scenario." >&2
  finish 2
fi
more=()
# A line is a flag, a flag and its value, or a value, which may have blanks.
with_value='^(--?[a-z][a-z-]*)[[:space:]]+(.*)$'
while IFS= read -r line; do
  line=${line#"${line%%[![:space:]]*}"}
  line=${line%"${line##*[![:space:]]}"}
  if [[ $line =~ $with_value ]]; then
    more+=("${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}")
  elif [ -n "$line" ]; then
    more+=("$line")
  fi
done <<< "${ARGUMENTS:-}"
if [ -n "${KIOSK:-}" ]; then more+=(--kiosk "$KIOSK"); fi
if [ -z "${REPORTS:-}" ] || ! mkdir -p "$REPORTS"; then
  echo "::error title=kioskctl was not run::The folder “${REPORTS:-}” for the reports can't be created. Set reports to a path in the workspace." >&2
  finish 2
fi
# On a machine of your own, an earlier job may have left its report.
rm -f "$REPORTS/run.json"
status=0
kioskctl run "$SCENARIO" ${more[@]+"${more[@]}"} --report "junit=$REPORTS/junit.xml" \
  --report "html=$REPORTS/run.html" --report "json=$REPORTS/run.json" || status=$?
if [ ! -f "$REPORTS/run.json" ]; then
  echo "::error title=kioskctl made no report::It ended with exit code $status. The output of this step says why." >&2
  finish "$status"
fi
finish "$status" "$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).totals.outcome' "$REPORTS/run.json")"
