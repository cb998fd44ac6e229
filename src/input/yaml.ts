// The YAML library is loaded by the commands that read a file, through this name.
export { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
