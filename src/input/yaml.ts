// Re-exported, so that the library is loaded only by commands that read a YAML file.
export { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
