#!/usr/bin/env bash
# Runs SCENARIO with reports in the folder REPORTS. kioskctl itself adds the summary of the step and the annotations.
set -euo pipefail
# An input that the workflow does not set is not an empty secret.
for name in PROFILE_ID CLIENT_ID CLIENT_SECRET REFRESH_TOKEN TOKEN; do
  variable=KIOSKCTL_$name
  if [ -z "${!variable:-}" ]; then unset "$variable"; fi
done
secrets=${KIOSKCTL_CLIENT_SECRET:-}${KIOSKCTL_REFRESH_TOKEN:-}${KIOSKCTL_TOKEN:-}
if [ "${KIOSKCTL_ENVIRONMENT:-local}" = local ] && [ -n "$secrets" ]; then
  echo "::error title=kioskctl was not run::There are secrets, but the environment is local, the embedded sandbox. Set environment to sandbox, or remove the secrets." >&2
  exit 2
fi
more=()
while IFS= read -r word; do
  if [ -n "$word" ]; then more+=("${word%$'\r'}"); fi
done <<< "${ARGUMENTS:-}"
if [ -n "${KIOSK:-}" ]; then more+=(--kiosk "$KIOSK"); fi
mkdir -p "${REPORTS:?}"
status=0
kioskctl run "${SCENARIO:?}" --report "junit=$REPORTS/junit.xml" --report "html=$REPORTS/run.html" \
  --report "json=$REPORTS/run.json" ${more[@]+"${more[@]}"} || status=$?
outcome=
if [ -f "$REPORTS/run.json" ]; then
  outcome=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).totals.outcome' "$REPORTS/run.json")
fi
printf 'exit-code=%s\noutcome=%s\n' "$status" "$outcome" >> "${GITHUB_OUTPUT:?}"
exit "$status"
