// The health check of the image: exits with 0 if a server of kioskctl runs in this container. KIOSKCTL_HEALTH_URL names a
// server on another port.
const { KIOSKCTL_HEALTH_URL } = process.env;
const urls = KIOSKCTL_HEALTH_URL
  ? [KIOSKCTL_HEALTH_URL]
  : ['http://127.0.0.1:8788/health', 'http://127.0.0.1:8787/_sandbox/requests'];
const answers = await Promise.all(
  urls.map((url) =>
    fetch(url, { signal: AbortSignal.timeout(4_000) }).then(
      ({ ok }) => ok,
      () => false,
    ),
  ),
);
process.exitCode = answers.some(Boolean) ? 0 : 1;
