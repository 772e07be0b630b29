#!/bin/sh
# The browser tests drive the system's Chromium (or Chrome); install it where there is none.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(uname -s)" = Darwin ] && [ -d "/Applications/Google Chrome.app" ]; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null
    exit 0
fi
echo "The browser tests need Chromium: install it (Debian: sudo apt-get install chromium fonts-noto-cjk), then run make test again." >&2
exit 1
