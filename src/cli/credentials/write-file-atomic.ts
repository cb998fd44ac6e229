// The library that writes files whole or not at all is loaded when a login is kept, through this name.
export { sync as writeFileAtomic } from 'write-file-atomic';
