// Loaded only where a proxy is set, through this name.
export { getProxyForUrl } from 'proxy-from-env';
