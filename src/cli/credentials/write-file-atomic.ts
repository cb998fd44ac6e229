// Loads the library only when a login is stored.
export { sync as writeFileAtomic } from 'write-file-atomic';
