#!/bin/sh
# A card in the vendor's sandbox, from its order until it comes out. Ends with 0, or as `kioskctl help exit-codes` says.
# Needs kioskctl on the PATH, and in the environment KIOSKCTL_PROFILE_ID, KIOSKCTL_CLIENT_ID, KIOSKCTL_CLIENT_SECRET and
# KIOSKCTL_REFRESH_TOKEN, from where secrets are kept.
set -eu
export KIOSKCTL_ENVIRONMENT=sandbox
mkdir -p reports
kioskctl run smoke.yaml --kiosk WIS00001 \
  --report junit=reports/smoke.xml --report html=reports/smoke.html
