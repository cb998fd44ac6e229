// got's own module is big: it is loaded by the first request, through this name.
export { default as got } from 'got';
