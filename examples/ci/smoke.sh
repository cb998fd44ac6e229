#!/bin/sh
# Takes a card in Wise's sandbox from the order to the kiosk. Exits with 0, or with a code of `kioskctl help exit-codes`.
# Needs kioskctl on the PATH, and in the environment KIOSKCTL_PROFILE_ID, KIOSKCTL_CLIENT_ID, KIOSKCTL_CLIENT_SECRET and
# KIOSKCTL_REFRESH_TOKEN, from your secret store.
set -eu
export KIOSKCTL_ENVIRONMENT=sandbox
mkdir -p reports
kioskctl run smoke.yaml --kiosk WIS00001 \
  --report junit=reports/smoke.xml --report html=reports/smoke.html
