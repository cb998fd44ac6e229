// The library that writes files whole or not at all is loaded by the commands that write, through this name.
export { sync as writeFileAtomic } from 'write-file-atomic';
