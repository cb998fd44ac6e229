#!/usr/bin/env bash
# Installs VERSION of kioskctl after a check of its CHECKSUM (SHA-256), from npm's registry or from the file PACKAGE.
# Runs no script of the package, and installs no optional library: a CI job needs no keyring.
set -euo pipefail
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 24 || (a == 24 && b >= 15) ? 0 : 1)'; then
  echo "::error title=kioskctl was not installed::kioskctl needs Node 24.15 or newer. Leave node-version out, or install Node first." >&2
  exit 1
fi
folder=${RUNNER_TEMP:?}/kioskctl
rm -rf "$folder" && mkdir -p "$folder"
if [ -n "${PACKAGE:-}" ]; then
  if ! cp "$PACKAGE" "$folder/kioskctl.tgz"; then
    echo "::error title=kioskctl was not installed::There is no file $PACKAGE. Set package to the path of a package file in the workspace." >&2
    exit 1
  fi
else
  if ! (cd "$folder" && npm pack --silent "kioskctl@${VERSION:?}" > /dev/null && mv kioskctl-*.tgz kioskctl.tgz); then
    echo "::error title=kioskctl was not installed::npm can't fetch kioskctl $VERSION. Check the registry, or set package to a file." >&2
    exit 1
  fi
fi
actual=$(node -p 'require("crypto").createHash("sha256").update(fs.readFileSync(process.argv[1])).digest("hex")' "$folder/kioskctl.tgz")
if [ "$actual" != "${CHECKSUM:?}" ]; then
  echo "::error title=kioskctl was not installed::The SHA-256 of the package is $actual, not $CHECKSUM. Set version and checksum together." >&2
  exit 1
fi
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional --prefix "$folder" "$folder/kioskctl.tgz"
echo "$folder/node_modules/.bin" >> "${GITHUB_PATH:?}"
