// Loaded when a browser is to be opened, through this name.
export { default as open } from 'open';
