// Loads the library only when a browser is opened.
export { default as open } from 'open';
