// The YAML library is loaded by the commands that read a file, through this name.
export { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
