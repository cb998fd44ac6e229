// The YAML library is loaded by the commands that read a file, through this name.
export { parseDocument } from 'yaml';
