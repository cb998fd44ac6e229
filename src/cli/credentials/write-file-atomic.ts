// A CommonJS module, loaded when something is written, through this name.
export { default as writeFileAtomic } from 'write-file-atomic';
